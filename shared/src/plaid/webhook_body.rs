//! The parts of a verified webhook's body that we look at, and what of it is kept.

use serde_json::Value;

use crate::domain::redaction::redact_tokens;
use crate::domain::{ItemId, LinkSessionId, Webhook, WebhookType, token_hash};

/// Longer ids, types and codes are not Plaid's and would not fit a key; such a webhook is
/// kept by its hash.
const MAX_NAME: usize = 256;
/// A record may have 400 KB; whatever else is in it is small.
const MAX_KEPT: usize = 256 * 1024;

/// Reads what it can. A body that is no JSON object, or of a kind that we do not know,
/// is a webhook all the same: it was verified, so it is kept.
pub fn read_webhook(body: &[u8]) -> Webhook {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name)?.as_str();
    let name = |name: &str| text(name).filter(|text| is_name(text));
    Webhook {
        webhook_type: name("webhook_type").map(WebhookType::from),
        webhook_code: name("webhook_code").map(str::to_owned),
        item_id: name("item_id").map(ItemId::new),
        link_session_id: name("link_session_id").map(LinkSessionId::new),
        link_token_hash: text("link_token")
            .filter(|token| !token.is_empty())
            .map(token_hash),
    }
}

/// Names are stored and logged as they are, so they must be short and no tokens.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && redact_tokens(text) == text
}

/// The body without tokens, and not larger than a record can be. JSON stays the same JSON
/// but for its tokens, unless it is so large that its end is cut off.
pub fn body_to_keep(body: &[u8]) -> String {
    let mut kept = redact_tokens(&without_plain_escapes(&String::from_utf8_lossy(body)));
    kept.truncate(kept.floor_char_boundary(MAX_KEPT));
    kept
}

/// JSON may spell any letter as an escape, and so hide a token from whoever looks for its
/// text.
fn without_plain_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let Some(second) = escape.chars().next() else {
            plain.push('\\');
            return plain;
        };
        rest = if let Some((letter, after)) = plain_letter(escape) {
            plain.push(letter);
            after
        } else {
            plain.push('\\');
            plain.push(second);
            escape.get(second.len_utf8()..).unwrap_or_default()
        };
    }
    plain.push_str(rest);
    plain
}

/// The letter, digit or hyphen that `u` and four hexadecimal digits stand for.
fn plain_letter(escape: &str) -> Option<(char, &str)> {
    let code = escape.strip_prefix('u')?.get(..4)?;
    let letter = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
    let is_plain = letter.is_ascii_alphanumeric() || letter == '-';
    is_plain.then_some((letter, escape.get(5..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Sha256, WebhookSubject};

    #[test]
    fn a_webhook_is_kept_under_its_item_its_session_or_its_hash() {
        let hash = Sha256::of(b"body");
        let subject = |body: &str| read_webhook(body.as_bytes()).subject(&hash);
        let item = r#"{"item_id":"I","webhook_type":"ITEM","webhook_code":"ERROR"}"#;
        assert_eq!(subject(item), WebhookSubject::Item(ItemId::new("I")));
        let session = r#"{"link_token":"link-sandbox-1","webhook_type":"LINK"}"#;
        assert_eq!(
            subject(session),
            WebhookSubject::Session(token_hash("link-sandbox-1"))
        );
        for body in [
            "{}",
            "",
            "no json",
            "[1]",
            r#"{"item_id":5}"#,
            r#"{"item_id":""}"#,
            r#"{"item_id":"access-sandbox-1"}"#,
        ] {
            assert_eq!(subject(body), WebhookSubject::Body(hash.clone()), "{body}");
        }
    }

    #[test]
    fn a_type_of_next_year_is_read_like_any_other() {
        let webhook = read_webhook(br#"{"webhook_type":"NEXT_YEAR","webhook_code":"NEW"}"#);
        assert_eq!(webhook.webhook_type.unwrap().as_str(), "NEXT_YEAR");
        assert_eq!(webhook.webhook_code.as_deref(), Some("NEW"));
    }

    #[test]
    fn names_that_would_not_fit_a_record_are_left_out() {
        let (long, fits) = ("x".repeat(257), "x".repeat(256));
        let body = |name: &str| {
            format!(
                r#"{{"item_id":"{name}","link_session_id":"{name}",
                    "webhook_type":"{name}","webhook_code":"{name}"}}"#
            )
        };
        let nothing = read_webhook(b"{}");
        assert_eq!(read_webhook(body(&long).as_bytes()), nothing);
        let webhook = read_webhook(body(&fits).as_bytes());
        assert_eq!(webhook.item_id, Some(ItemId::new(&fits)));
        assert_eq!(webhook.link_session_id, Some(LinkSessionId::new(&fits)));
        assert_eq!(webhook.webhook_code, Some(fits));
    }

    #[test]
    fn a_token_is_cut_out_however_json_spells_it() {
        for spelled in [
            r"public-sandbox-canary",
            r"public\u002dsandbox\u002Dcanary",
            r"\u0070ublic-\u0073andbox-canary",
            r"\\public-sandbox-canary",
        ] {
            let body = format!(r#"{{"public_token":"{spelled}","code":"\"\u00e9\\u002d"}}"#);
            let before: Value = serde_json::from_str(&body).unwrap();
            let kept = body_to_keep(body.as_bytes());
            let after: Value = serde_json::from_str(&kept).unwrap();
            assert!(!after.to_string().contains("canary"), "{after}");
            assert_eq!(after["code"], before["code"]);
        }
    }

    #[test]
    fn what_is_no_token_is_kept_to_the_letter() {
        for body in [
            "",
            "\\",
            r"\u",
            r"\u00",
            r"\u002",
            r"\é",
            "{\n  \"a\": \"\\n\"\n}",
        ] {
            assert_eq!(body_to_keep(body.as_bytes()), body);
        }
    }

    #[test]
    fn what_is_kept_fits_a_record() {
        let growing = "link-sandbox-1 ".repeat(MAX_KEPT / 15);
        let invalid = vec![0xff; MAX_KEPT];
        for body in [growing.as_bytes(), &invalid] {
            let kept = body_to_keep(body);
            assert!(kept.len() <= MAX_KEPT && kept.len() > MAX_KEPT - 4);
        }
    }
}
