//! Plaid's tokens. Whoever holds one can act with it, so none of them prints, and none
//! serialises: only `plaid::wire` and the vault may look inside.

use std::fmt;

use ring::digest;

use super::PlaidEnvironment;
use super::secret_text::secret_text;

/// Longer text is no token of Plaid's; real ones have about 50 characters.
const MAX_TOKEN_LENGTH: usize = 256;

/// A SHA-256 hash in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sha256(String);

impl Sha256 {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(digest::digest(&digest::SHA256, bytes)))
    }

    /// A hash that somebody wrote down in lower case; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (text.len() == 64 && text.chars().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash by which a token is found without being stored.
pub fn token_hash(token: &str) -> Sha256 {
    Sha256::of(token.as_bytes())
}

/// Why some text is not a token of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenShapeError {
    /// The text does not look like a token of this kind.
    #[error("must look like {prefix}-{environment}-...")]
    Shape {
        /// What the token would begin with.
        prefix: &'static str,
        /// The environment that this stack talks to.
        environment: PlaidEnvironment,
    },
    /// A token of Plaid's other environment.
    #[error("is a token of Plaid's {found} environment, but this stack talks to {expected}")]
    Environment {
        /// The environment that the token names.
        found: PlaidEnvironment,
        /// The environment that this stack talks to.
        expected: PlaidEnvironment,
    },
}

macro_rules! token {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)+) => {$(
        secret_text! {
            $(#[$doc])*
            $name;
        }

        impl $name {
            /// Reads a token that somebody else sent.
            ///
            /// # Errors
            /// The text does not have the shape of this kind of token, or names the other
            /// environment (plaid.com/docs/api, token shapes).
            pub fn parse(text: &str, environment: PlaidEnvironment) -> Result<Self, TokenShapeError> {
                check_shape(text, $prefix, environment)?;
                Ok(Self::new(text))
            }
        }
    )+};
}

token! {
    /// Opens Link for one session; 4 hours, or 30 minutes in update mode.
    LinkToken, "link";
    /// What Link hands out; exchanged once, within 30 minutes.
    PublicToken, "public";
    /// Full access to one Item, without expiry.
    AccessToken, "access";
    /// Access of one processor to one account, until the Item is removed.
    ProcessorToken, "processor";
}

fn check_shape(
    text: &str,
    prefix: &'static str,
    expected: PlaidEnvironment,
) -> Result<(), TokenShapeError> {
    let wrong = TokenShapeError::Shape {
        prefix,
        environment: expected,
    };
    if text.len() > MAX_TOKEN_LENGTH {
        return Err(wrong);
    }
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'))
        .ok_or(wrong)?;
    let (environment, id) = rest.split_once('-').ok_or(wrong)?;
    let found: PlaidEnvironment = environment.parse().map_err(|_| wrong)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if id.is_empty() || !id.chars().all(plain) {
        return Err(wrong);
    }
    if found != expected {
        return Err(TokenShapeError::Environment { found, expected });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SANDBOX: PlaidEnvironment = PlaidEnvironment::Sandbox;

    #[test]
    fn token_types_never_print_their_content() {
        let secret = "access-sandbox-canary-0001";
        let printed = [
            format!("{:?}", AccessToken::new(secret)),
            format!("{:?}", PublicToken::new(secret)),
            format!("{:?}", LinkToken::new(secret)),
            format!("{:#?}", Some(ProcessorToken::new(secret))),
        ];
        for text in printed {
            assert!(!text.contains("canary"), "{text}");
            assert!(text.contains("redacted"), "{text}");
        }
    }

    #[test]
    fn a_well_formed_token_is_read_as_it_is() {
        let token = PublicToken::parse("public-sandbox-1A2b-3c", SANDBOX).unwrap();
        assert_eq!(token.expose(), "public-sandbox-1A2b-3c");
    }

    #[test]
    fn a_token_of_the_other_environment_is_told_apart() {
        let refused = PublicToken::parse("public-production-1", SANDBOX).unwrap_err();
        assert!(
            matches!(refused, TokenShapeError::Environment { .. }),
            "{refused}"
        );
    }

    #[test]
    fn malformed_tokens_are_refused_without_being_repeated() {
        let long = format!("public-sandbox-{}", "a".repeat(MAX_TOKEN_LENGTH));
        let malformed = [
            "",
            "public",
            "public-sandbox-",
            "access-sandbox-1",
            "public-moon-1",
            "public-sandbox-a b",
            "public-sandbox-\u{e9}",
            &long,
        ];
        for text in malformed {
            let refused = PublicToken::parse(text, SANDBOX).unwrap_err();
            let said = refused.to_string();
            assert_eq!(said, "must look like public-sandbox-...", "for {text:?}");
        }
    }
}
