//! Wishes that a user be erased.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Serialize;

use super::{Record, Row};
use crate::domain::{RecordKey, UserId};
use crate::ports::StoreError;

#[derive(Serialize)]
struct ErasureRow<'a> {
    user_id: &'a UserId,
    #[serde(with = "millisecond::required")]
    wished_at: Timestamp,
}

pub(in super::super) fn erasure_row(user_id: &UserId, now: Timestamp) -> Result<Row, StoreError> {
    let content = ErasureRow {
        user_id,
        wished_at: now,
    };
    Ok(Record::new(RecordKey::erasure(user_id), &content)?
        .due(Some(now))
        .row)
}
