//! The payment processor that a processor token is made for.

use std::fmt;
use std::str::FromStr;

/// A value of Plaid's `processor` list, such as `astra`. The list grows, so only the
/// spelling is checked here; Plaid refuses a name that it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor(String);

/// A name that cannot be one of Plaid's.
#[derive(Debug, thiserror::Error)]
#[error("must be a processor in Plaid's spelling: lower-case letters, digits and _")]
pub struct InvalidProcessor;

impl Processor {
    /// The name in Plaid's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Processor {
    type Err = InvalidProcessor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spelled = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if text.is_empty() || !text.chars().all(spelled) {
            return Err(InvalidProcessor);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
