//! Strays. One is never forgotten: it goes when its Item is gone, or recorded.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::serde_forms::sealed;
use super::{Record, Row, exchange_key, from_row};
use crate::domain::{ItemId, RecordKey, Sealed, Stray};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct StrayRow {
    item_id: ItemId,
    #[serde(with = "sealed")]
    access_token: Sealed,
    #[serde(with = "millisecond::required")]
    due_at: Timestamp,
}

pub(in super::super) fn stray_row(stray: &Stray) -> Result<Row, StoreError> {
    let Stray {
        key,
        item_id,
        access_token,
        due_at,
    } = stray;
    let content = StrayRow {
        item_id: item_id.clone(),
        access_token: access_token.clone(),
        due_at: *due_at,
    };
    let key = RecordKey::stray(key, item_id);
    Ok(Record::new(key, &content)?.due(Some(*due_at)).row)
}

pub(in super::super) fn read_stray(row: Row) -> Result<Stray, StoreError> {
    let key = exchange_key(&row)?;
    let row: StrayRow = from_row(row)?;
    Ok(Stray {
        key,
        item_id: row.item_id,
        access_token: row.access_token,
        due_at: row.due_at,
    })
}
