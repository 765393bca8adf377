//! Webhooks that wait.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Serialize;

use super::{MONTH, Record, Row, expiry};
use crate::domain::{InboxRecord, ItemId, LinkSessionId, RecordKey, Sha256, WebhookType};
use crate::ports::StoreError;

#[derive(Serialize)]
struct InboxRow<'a> {
    webhook_type: Option<&'a WebhookType>,
    webhook_code: Option<&'a str>,
    item_id: Option<&'a ItemId>,
    link_session_id: Option<&'a LinkSessionId>,
    link_token_sha256: Option<&'a str>,
    body: &'a str,
    body_sha256: &'a str,
    #[serde(with = "millisecond::required")]
    issued_at: Timestamp,
    #[serde(with = "millisecond::required")]
    received_at: Timestamp,
    stale: bool,
}

pub(in super::super) fn inbox_row(record: &InboxRecord) -> Result<Row, StoreError> {
    let webhook = &record.webhook;
    let content = InboxRow {
        webhook_type: webhook.webhook_type.as_ref(),
        webhook_code: webhook.webhook_code.as_deref(),
        item_id: webhook.item_id.as_ref(),
        link_session_id: webhook.link_session_id.as_ref(),
        link_token_sha256: webhook.link_token_hash.as_ref().map(Sha256::as_str),
        body: &record.body,
        body_sha256: record.body_hash.as_str(),
        issued_at: record.issued_at,
        received_at: record.received_at,
        stale: record.stale,
    };
    let record = Record::new(RecordKey::inbox(record), &content)?
        .due(Some(record.received_at))
        .expires(Some(expiry(record.received_at, MONTH)));
    Ok(record.row)
}
