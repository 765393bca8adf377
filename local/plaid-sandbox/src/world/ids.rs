//! Identifiers and tokens in Plaid's shapes.

use uuid::Uuid;

/// Letters and digits as Plaid's ids have them: none that are easily confused.
const ID: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An `item_id` or `account_id`: 37 letters of mixed case and digits.
pub(crate) fn plaid_id() -> String {
    random(37, ID)
}

/// A `request_id`: 15 letters and digits.
pub(crate) fn request_id() -> String {
    random(15, ALPHANUMERIC)
}

/// A number with this many digits.
pub(crate) fn digits(length: usize) -> String {
    random(length, b"123456789")
}

/// A UUID, as in key ids and session ids.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// A token of this kind: `access`, `link`, `processor` or `public`.
pub(crate) fn token(kind: &str) -> String {
    format!("{kind}-sandbox-{}", Uuid::new_v4())
}

/// What is wrong with the shape of a token of this kind; `None` if nothing is.
pub(crate) fn token_fault(kind: &str, token: &str) -> Option<String> {
    let rest = token
        .strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('-'));
    let Some((environment, id)) = rest.and_then(|rest| rest.split_once('-')) else {
        return Some(format!(
            "expected the form {kind}-<environment>-<identifier>"
        ));
    };
    if environment != "sandbox" {
        return Some(format!(
            "the token is of another environment ({environment})"
        ));
    }
    Uuid::parse_str(id)
        .is_err()
        .then(|| "the token's identifier is malformed".to_owned())
}

fn random(length: usize, alphabet: &[u8]) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes = Uuid::new_v4().into_bytes();
        // Bytes 6 and 8 carry the UUID's version and variant.
        let random = bytes
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != 6 && *at != 8);
        for (_, byte) in random.take(length - text.len()) {
            if let Some(letter) = alphabet.get(usize::from(*byte) % alphabet.len()) {
                text.push(char::from(*letter));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_plaids_shape() {
        assert_eq!(plaid_id().len(), 37);
        assert_eq!(request_id().len(), 15);
        assert_ne!(plaid_id(), plaid_id());
        assert!(plaid_id().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn shape_of_a_token_is_judged_before_it_is_looked_up() {
        assert_eq!(token_fault("access", &token("access")), None);
        assert!(token_fault("access", &token("public")).is_some());
        assert!(token_fault("access", "access-sandbox-1").is_some());
        let foreign = token("access").replace("sandbox", "production");
        assert!(
            token_fault("access", &foreign)
                .unwrap()
                .contains("production")
        );
    }
}
