//! Spoils bytes as a fuzzer asks for it.

/// What is done, where, and with what; any three numbers make an edit.
pub type Edit = (u8, u16, u8);

/// What readers of JWTs and JSON trip over.
const WORDS: [&[u8]; 24] = [
    b".",
    b"=",
    b"\"",
    b"\\",
    b"\\u002d",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"1e999",
    b"0.0",
    b"alg",
    b"kid",
    b"jwk",
    b"iat",
    b"public-sandbox-canary",
    b"\xff",
    b"\xe2\x82",
    b"\0",
];

/// The bytes after these edits.
pub fn mutate(seed: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for &(kind, position, value) in edits {
        let start = usize::from(position) % (bytes.len() + 1);
        let end = (start + usize::from(value)).min(bytes.len());
        match kind % 6 {
            0 => flip(&mut bytes, start, value),
            1 => bytes.insert(start, value),
            2 => drop(bytes.drain(start..end)),
            3 => {
                let copy: Vec<u8> = bytes.iter().take(end).skip(start).copied().collect();
                bytes.splice(start..start, copy);
            }
            4 => {
                let word = WORDS.get(usize::from(value) % WORDS.len());
                bytes.splice(start..start, word.copied().unwrap_or_default().to_vec());
            }
            _ => {
                let word = WORDS.get(usize::from(value) % WORDS.len());
                let word = word.copied().unwrap_or_default();
                let end = (start + word.len()).min(bytes.len());
                bytes.splice(start..end, word.to_vec());
            }
        }
    }
    bytes
}

fn flip(bytes: &mut [u8], at: usize, value: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (value % 8);
    }
}
