//! The webhook that is measured: of two kibibytes, and genuine.

use plaid_webhook::{Timestamp, VerificationKey};
use serde_json::{Map, json};
use shared::test_util::WebhookSigner;

use crate::Failure;

/// A body of two kibibytes, as Plaid's largest have.
const BODY: usize = 2048;
/// When it is signed and received.
pub(crate) const NOW: i64 = 1_795_348_800;
/// The event that brings it.
pub(crate) const EVENT: &str = include_str!("../../../../events/webhook-receipt.json");
/// Where the event has the signature.
pub(crate) const SIGNATURE: &str = "/headers/plaid-verification";
/// Plaid's are UUIDs.
const KEY_ID: &str = "6c5516e1-92dc-479e-a8ff-5a51992e0001";

/// The Item that it is about.
pub(crate) const ITEM: &str = "wz666MBjYWTp2PDzzggYhM6oWWmBb";

/// A webhook, and the key that it is signed with.
pub(crate) struct Webhook {
    pub(crate) body: String,
    pub(crate) header: String,
    pub(crate) key: VerificationKey,
    pub(crate) now: Timestamp,
}

impl Webhook {
    pub(crate) fn new() -> Result<Self, Failure> {
        let signer = WebhookSigner::new(KEY_ID);
        let (body, now) = (body(), Timestamp::from_second(NOW)?);
        assert_eq!(body.len(), BODY);
        Ok(Self {
            header: signer.sign(body.as_bytes(), now),
            key: signer.key(),
            body,
            now,
        })
    }
}

/// News of as many accounts as fit, in Plaid's form; JSON may end with spaces.
fn body() -> String {
    let longer = (1..).map(news);
    let fits = longer.take_while(|text| text.len() <= BODY).last();
    format!("{:<BODY$}", fits.unwrap_or_default())
}

fn news(accounts: usize) -> String {
    let accounts: Map<_, _> = (0..accounts)
        .map(|number| (account_id(number), json!(["ACCOUNT_NUMBER"])))
        .collect();
    let news = json!({
        "account_ids_with_new_auth": [],
        "account_ids_with_updated_auth": accounts,
        "environment": "sandbox",
        "error": null,
        "item_id": ITEM,
        "webhook_code": "DEFAULT_UPDATE",
        "webhook_type": "AUTH",
    });
    format!("{news:#}")
}

/// As long as Plaid's.
pub(crate) fn account_id(number: usize) -> String {
    format!("BxBXxLj1m4HMXBm9WZZmCWVbPjX16EHwv{number:04}")
}
