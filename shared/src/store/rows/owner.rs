//! Pointers to a user's records, by which webhooks find them.

use serde::{Deserialize, Serialize};

use super::link_session::session_expiry;
use super::{Record, Row, corrupt, from_row};
use crate::domain::{Item, LinkId, LinkSession, RecordKey, UserId};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct OwnerRow {
    user_id: UserId,
    link_id: Option<LinkId>,
}

/// The pointer from an Item to its user.
pub(in super::super) fn item_owner_row(item: &Item) -> Result<Row, StoreError> {
    let content = OwnerRow {
        user_id: item.user_id.clone(),
        link_id: None,
    };
    Ok(Record::new(RecordKey::item_owner(&item.item_id), &content)?.row)
}

/// The pointer from a link token to its session.
pub(in super::super) fn link_token_owner_row(session: &LinkSession) -> Result<Row, StoreError> {
    let content = OwnerRow {
        user_id: session.user_id.clone(),
        link_id: Some(session.link_id.clone()),
    };
    let key = RecordKey::link_token_owner(&session.link_token_hash);
    let record = Record::new(key, &content)?.expires(Some(session_expiry(session)));
    Ok(record.row)
}

pub(in super::super) fn read_owner(row: Row) -> Result<UserId, StoreError> {
    let row: OwnerRow = from_row(row)?;
    Ok(row.user_id)
}

pub(in super::super) fn read_link_owner(row: Row) -> Result<(UserId, LinkId), StoreError> {
    let row: OwnerRow = from_row(row)?;
    let link_id = row
        .link_id
        .ok_or_else(|| corrupt("a link token's session"))?;
    Ok((row.user_id, link_id))
}
