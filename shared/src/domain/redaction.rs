//! Takes tokens out of text that others wrote: webhook bodies, log lines.

use super::token_hash;

const KINDS: [&str; 4] = ["access-", "public-", "processor-", "link-"];
const ENVIRONMENTS: [&str; 3] = ["sandbox-", "production-", "development-"];

/// The text with every token of Plaid's replaced by its kind and the beginning of its
/// hash, enough to compare two of them and useless for anything else.
pub fn redact_tokens(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let read = if let Some((kind, token)) = token_at_start(rest) {
            clean.push_str(kind);
            clean.push_str("redacted:");
            clean.extend(token_hash(token).as_str().chars().take(12));
            token.len()
        } else {
            clean.push(first);
            first.len_utf8()
        };
        rest = rest.get(read..).unwrap_or_default();
    }
    clean
}

/// The token that the text begins with, and its kind.
fn token_at_start(text: &str) -> Option<(&'static str, &str)> {
    let kind = KINDS.into_iter().find(|kind| text.starts_with(kind))?;
    let after_kind = text.get(kind.len()..)?;
    let environment = ENVIRONMENTS
        .into_iter()
        .find(|environment| after_kind.starts_with(environment))?;
    let id = after_kind.get(environment.len()..)?;
    let id_length = id
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(id.len());
    let token = text.get(..kind.len() + environment.len() + id_length)?;
    (id_length > 0).then_some((kind, token))
}

#[cfg(test)]
mod tests {
    use super::redact_tokens;

    #[test]
    fn every_kind_of_token_is_taken_out_of_text() {
        let text = r#"{"a":"access-sandbox-AAA-1","b":["public-production-BBB"],"c":"link-sandbox-CCC"} processor-sandbox-DDD"#;
        let clean = redact_tokens(text);
        for secret in ["AAA", "BBB", "CCC", "DDD"] {
            assert!(!clean.contains(secret), "{clean}");
        }
        assert!(clean.starts_with(r#"{"a":"access-redacted:"#), "{clean}");
        assert_eq!(clean.matches("redacted:").count(), 4, "{clean}");
    }

    #[test]
    fn text_without_tokens_stays_as_it_is() {
        for text in [
            "",
            "public-",
            "link-sandbox-",
            "an access-controlled link-list",
            "é-public-x",
        ] {
            assert_eq!(redact_tokens(text), text);
        }
    }

    #[test]
    fn the_same_token_is_replaced_by_the_same_text() {
        let both = redact_tokens("public-sandbox-1 public-sandbox-1 public-sandbox-2");
        let words: Vec<_> = both.split(' ').collect();
        assert_eq!(words[0], words[1]);
        assert_ne!(words[1], words[2]);
    }
}
