//! The last guard before a line leaves the process.

use std::io::{self, Write};

use crate::domain::redaction::redact_tokens;

/// Cuts Plaid's tokens out of each line. The formatter writes a line at a time.
pub struct RedactingWriter<W>(W);

impl<W: Write> RedactingWriter<W> {
    /// Guards a writer.
    pub fn new(writer: W) -> Self {
        Self(writer)
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        self.0.write_all(redact_tokens(&line).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_slips_into_a_line_does_not_leave_the_process() {
        let mut written = Vec::new();
        let line = b"{\"error\":\"access-sandbox-canary\"}\n";
        assert_eq!(
            RedactingWriter::new(&mut written).write(line).unwrap(),
            line.len()
        );
        let written = String::from_utf8(written).unwrap();
        assert!(!written.contains("canary"), "{written}");
        assert!(written.ends_with("\"}\n"), "{written}");
    }
}
