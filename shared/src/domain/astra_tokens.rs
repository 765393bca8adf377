//! Astra's secrets. They have no prefix and name no environment; like Plaid's, none of
//! them prints or serialises.

use std::time::Duration;

use uuid::Uuid;

use super::secret_text::secret_text;

/// Longer text is neither a code of Astra's nor a state of ours.
const MAX_LENGTH: usize = 512;

/// Why some text can be no code and no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 512 visible ASCII characters")]
pub struct AstraTextError;

secret_text! {
    /// Acts for one of Astra's users, for ten days or until the next one is given out.
    AstraAccessToken;
    /// Brings new tokens of the same user.
    AstraRefreshToken;
    /// What the browser comes back with once the user has authorised us: good for tokens
    /// once, within minutes.
    AstraAuthorizationCode;
    /// Our word that goes with the user to Astra's page and back: who has it began there.
    AstraState;
}

macro_rules! from_front_end {
    ($($name:ident)+) => {$(
        impl $name {
            /// Reads what a front end sent.
            ///
            /// # Errors
            /// It is empty, too long, or not visible ASCII.
            pub fn parse(text: &str) -> Result<Self, AstraTextError> {
                check(text).map(|()| Self::new(text))
            }
        }
    )+};
}

from_front_end!(AstraAuthorizationCode AstraState);

fn check(text: &str) -> Result<(), AstraTextError> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let fine = visible && (1..=MAX_LENGTH).contains(&text.len());
    fine.then_some(()).ok_or(AstraTextError)
}

impl AstraState {
    /// A new one that nobody can guess: 244 random bits.
    pub fn random() -> Self {
        let half = || Uuid::new_v4().simple();
        Self::new(format!("{}{}", half(), half()))
    }
}

/// What Astra gives for a code or a refresh token.
#[derive(Debug, Clone)]
pub struct AstraTokens {
    /// From now on the user's only valid one.
    pub access: AstraAccessToken,
    /// For the next ones; without it the old refresh token goes on.
    pub refresh: Option<AstraRefreshToken>,
    /// How long the access token is good, from the answer on.
    pub expires_in: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_astra_never_print_their_content() {
        let tokens = AstraTokens {
            access: AstraAccessToken::new("canary-1"),
            refresh: Some(AstraRefreshToken::new("canary-2")),
            expires_in: Duration::from_secs(1),
        };
        let printed = [
            format!("{tokens:?}"),
            format!("{:?}", AstraAuthorizationCode::new("canary-3")),
            format!("{:#?}", AstraState::new("canary-4")),
        ];
        for text in printed {
            assert!(!text.contains("canary"), "{text}");
            assert!(text.contains("redacted"), "{text}");
        }
    }

    #[test]
    fn a_code_and_a_state_are_short_visible_ascii() {
        let longest = "a".repeat(MAX_LENGTH);
        for text in ["a", "4/0Ab_~.+=&%", &longest] {
            assert_eq!(AstraAuthorizationCode::parse(text).unwrap().expose(), text);
            assert_eq!(AstraState::parse(text).unwrap().expose(), text);
        }
        let too_long = format!("{longest}a");
        for text in ["", " ", "a b", "a\n", "\u{e9}", "\u{7f}", &too_long] {
            assert!(AstraAuthorizationCode::parse(text).is_err(), "{text:?}");
            assert!(AstraState::parse(text).is_err(), "{text:?}");
        }
    }
}
