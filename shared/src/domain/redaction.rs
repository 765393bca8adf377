//! Takes tokens out of text that others wrote: webhook bodies, log lines.

use super::token_hash;

const KINDS: [&str; 4] = ["access-", "public-", "processor-", "link-"];
const ENVIRONMENTS: [&str; 3] = ["sandbox-", "production-", "development-"];

/// A token in a text.
struct Found<'a> {
    before: &'a str,
    kind: &'static str,
    token: &'a str,
    after: &'a str,
}

/// The text with every token of Plaid's replaced by its kind and the beginning of its
/// hash, enough to compare two of them and useless for anything else.
pub fn redact_tokens(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = first_token(rest) {
        clean.push_str(found.before);
        clean.push_str(found.kind);
        clean.push_str("redacted:");
        clean.extend(token_hash(found.token).as_str().chars().take(12));
        rest = found.after;
    }
    clean.push_str(rest);
    clean
}

/// Kinds end with the only hyphen that they have, and hyphens are rare.
fn first_token(text: &str) -> Option<Found<'_>> {
    let mut hyphens = text.match_indices('-');
    hyphens.find_map(|(hyphen, _)| token_of_kind(text, hyphen + 1))
}

/// The token whose kind ends here.
fn token_of_kind(text: &str, kinds_end: usize) -> Option<Found<'_>> {
    let (until, after_kind) = text.split_at_checked(kinds_end)?;
    let kind = KINDS.into_iter().find(|kind| until.ends_with(kind))?;
    let environment = ENVIRONMENTS
        .into_iter()
        .find(|environment| after_kind.starts_with(environment))?;
    let id = after_kind.get(environment.len()..)?;
    let id_length = id
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(id.len());
    let (before, from_kind) = text.split_at_checked(kinds_end - kind.len())?;
    let (token, after) = from_kind.split_at_checked(kind.len() + environment.len() + id_length)?;
    (id_length > 0).then_some(Found {
        before,
        kind,
        token,
        after,
    })
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
    fn a_token_is_found_wherever_it_begins_and_to_its_end() {
        let token = redact_tokens("link-sandbox-1");
        for (before, after) in [
            ("", ""),
            ("-", " -"),
            ("x", "_"),
            ("link-", "é"),
            ("é-access-", "\""),
            ("link-sandbox", "."),
        ] {
            let clean = redact_tokens(&format!("{before}link-sandbox-1{after}"));
            assert_eq!(clean, format!("{before}{token}{after}"));
        }
        let nested = redact_tokens("link-sandbox-1-access-sandbox-2");
        assert_eq!(nested.matches("redacted:").count(), 1, "{nested}");
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
