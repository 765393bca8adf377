//! Secrets that the simulator gives out, and the digests by which it knows them again.
//! The state holds digests alone.

use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// The length of Astra's tokens, in letters and digits.
const LENGTH: usize = 42;
const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new token or code.
pub(crate) fn token() -> String {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let bytes = Uuid::new_v4().into_bytes();
        // Bytes 6 and 8 carry the UUID's version and variant.
        let random = bytes
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != 6 && *at != 8);
        for (_, byte) in random.take(LENGTH - text.len()) {
            if let Some(letter) = ALPHABET.get(usize::from(*byte) % ALPHABET.len()) {
                text.push(char::from(*letter));
            }
        }
    }
    text
}

/// The SHA-256 of a secret, in hex.
pub(crate) fn sha256(secret: &str) -> String {
    hex::encode(digest(&SHA256, secret.as_bytes()))
}

/// A UUID, as in ids.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_letters_and_digits_and_never_the_same() {
        let token = token();
        assert_eq!(token.len(), LENGTH);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(token, super::token());
    }

    #[test]
    fn a_digest_is_that_of_the_standard() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), of_abc);
    }
}
