//! The parts of a verified webhook's body that we look at.

use serde_json::Value;

use crate::domain::{ItemId, LinkSessionId, Webhook, WebhookType, token_hash};

/// Reads what it can. A body that is no JSON object, or of a kind that we do not know,
/// is a webhook all the same: it was verified, so it is kept.
pub fn read_webhook(body: &[u8]) -> Webhook {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    Webhook {
        webhook_type: text("webhook_type").map(WebhookType::from),
        webhook_code: text("webhook_code").map(str::to_owned),
        item_id: text("item_id")
            .filter(|id| id.len() <= MAX_ID)
            .map(ItemId::new),
        link_session_id: text("link_session_id").map(LinkSessionId::new),
        link_token_hash: text("link_token").map(token_hash),
    }
}

/// Longer ids are not Plaid's and would not fit a key; such a webhook is kept by its hash.
const MAX_ID: usize = 256;

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
}
