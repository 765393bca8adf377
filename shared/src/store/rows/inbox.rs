//! Webhooks that wait.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::{MONTH, Record, Row, corrupt, expiry, from_row};
use crate::domain::{
    InboxEnd, InboxRecord, ItemId, LinkSessionId, RecordKey, Sha256, Webhook, WebhookType,
};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct InboxRow {
    webhook_type: Option<WebhookType>,
    webhook_code: Option<String>,
    item_id: Option<ItemId>,
    link_session_id: Option<LinkSessionId>,
    link_token_sha256: Option<String>,
    body: String,
    body_sha256: String,
    #[serde(with = "millisecond::required")]
    issued_at: Timestamp,
    #[serde(with = "millisecond::required")]
    received_at: Timestamp,
    stale: bool,
}

pub(in super::super) fn inbox_row(record: &InboxRecord) -> Result<Row, StoreError> {
    let record = Record::new(RecordKey::inbox(record), &content(record))?
        .due(Some(record.received_at))
        .expires(Some(expiry(record.received_at, MONTH)));
    Ok(record.row)
}

fn content(record: &InboxRecord) -> InboxRow {
    let InboxRecord {
        // Follows from the others.
        subject: _,
        webhook,
        body,
        body_hash,
        issued_at,
        received_at,
        stale,
    } = record;
    let Webhook {
        webhook_type,
        webhook_code,
        item_id,
        link_session_id,
        link_token_hash,
    } = webhook;
    InboxRow {
        webhook_type: webhook_type.clone(),
        webhook_code: webhook_code.clone(),
        item_id: item_id.clone(),
        link_session_id: link_session_id.clone(),
        link_token_sha256: link_token_hash.as_ref().map(Sha256::to_string),
        body: body.clone(),
        body_sha256: body_hash.to_string(),
        issued_at: *issued_at,
        received_at: *received_at,
        stale: *stale,
    }
}

pub(in super::super) fn read_inbox(row: Row) -> Result<InboxRecord, StoreError> {
    let row: InboxRow = from_row(row)?;
    let body_hash = hash(&row.body_sha256)?;
    let link_token_hash = row.link_token_sha256.as_deref().map(hash).transpose()?;
    let webhook = Webhook {
        webhook_type: row.webhook_type,
        webhook_code: row.webhook_code,
        item_id: row.item_id,
        link_session_id: row.link_session_id,
        link_token_hash,
    };
    Ok(InboxRecord {
        subject: webhook.subject(&body_hash),
        webhook,
        body: row.body,
        body_hash,
        issued_at: row.issued_at,
        received_at: row.received_at,
        stale: row.stale,
    })
}

/// How a webhook ended as an attribute of its own, to be written alone.
pub(in super::super) fn inbox_end_value(end: InboxEnd) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(end).map_err(|error| corrupt(&error.to_string()))
}

fn hash(text: &str) -> Result<Sha256, StoreError> {
    Sha256::parse(text).ok_or_else(|| corrupt("a webhook's hash"))
}

#[cfg(test)]
mod tests {
    use super::super::keep;
    use super::*;
    use crate::test_util::store_contract::samples;

    /// What every webhook has had from the first. A new attribute never belongs here.
    const FIRST: &[&str] = &["body", "body_sha256", "issued_at", "received_at", "stale"];

    #[test]
    fn a_record_from_before_a_new_attribute_is_read() {
        let webhook = samples::strange_webhook();
        let mut row = inbox_row(&webhook).unwrap();
        keep(&mut row, FIRST);
        assert_eq!(read_inbox(row).unwrap(), webhook);
    }

    #[test]
    fn a_webhook_is_kept_for_30_days() {
        let webhook = samples::webhook();
        let row = inbox_row(&webhook).unwrap();
        let expires_at = row["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(expires_at - webhook.received_at.as_second(), 30 * 86_400);
    }

    #[test]
    fn a_record_that_is_not_ours_is_corrupt() {
        for attribute in ["body_sha256", "link_token_sha256"] {
            let mut row = inbox_row(&samples::session_webhook()).unwrap();
            let no_hash = AttributeValue::S("no hash".to_owned());
            row.insert(attribute.to_owned(), no_hash);
            let corrupt = read_inbox(row).unwrap_err();
            assert!(matches!(corrupt, StoreError::Corrupt(_)), "{corrupt}");
        }
    }
}
