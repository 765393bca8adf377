//! Records as they are stored. Times are whole milliseconds since 1970; `expires_at`,
//! which DynamoDB itself reads, is in seconds. An attribute that is new must be readable
//! where it is missing.

mod astra;
mod change;
mod erasure;
mod exchange;
mod inbox;
mod item;
mod link_session;
mod owner;
mod serde_forms;
mod stray;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::attributes::{moment, number, text};
use super::shards::shard_of;
use crate::domain::{ExchangeKey, RecordKey};
use crate::ports::StoreError;

pub(super) use astra::{astra_connection_row, authorization_row, read_astra_connection};
pub(super) use change::{change_row, read_change};
pub(super) use erasure::erasure_row;
pub(super) use exchange::{exchange_expiry, exchange_row, read_exchange};
pub(super) use inbox::{inbox_end_value, inbox_row, read_inbox};
pub(super) use item::{item_row, read_item, removal_expiry};
pub(super) use link_session::{
    link_exit_value, link_results_value, link_session_row, read_link_session,
};
pub(super) use owner::{item_owner_row, link_token_owner_row, read_link_owner, read_owner};
pub(super) use stray::{read_stray, stray_row};

/// A record as DynamoDB holds it.
pub(super) type Row = HashMap<String, AttributeValue>;

const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What is kept for audits.
const AUDIT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// A record that is being written: its content, and what every record may have.
struct Record {
    key: RecordKey,
    row: Row,
}

impl Record {
    fn new<T: Serialize>(key: RecordKey, content: &T) -> Result<Self, StoreError> {
        let mut row = to_row(content)?;
        row.insert("pk".to_owned(), text(&key.pk));
        row.insert("sk".to_owned(), text(&key.sk));
        Ok(Self { key, row })
    }

    /// When somebody must look after it, if at all.
    fn due(mut self, at: Option<Timestamp>) -> Self {
        if let Some(at) = at {
            let shard = shard_of(&self.key.pk);
            self.row.insert("due".to_owned(), text(&shard));
            self.row.insert("due_at".to_owned(), moment(at));
        }
        self
    }

    /// When it may be forgotten, in seconds; never without.
    fn expires(mut self, second: Option<i64>) -> Self {
        if let Some(second) = second {
            self.row.insert("expires_at".to_owned(), number(second));
        }
        self
    }
}

fn expiry(from: Timestamp, kept: SignedDuration) -> i64 {
    from.saturating_add(kept)
        .unwrap_or(Timestamp::MAX)
        .as_second()
}

/// Absent values are left out rather than stored as NULL.
fn to_row<T: Serialize>(content: &T) -> Result<Row, StoreError> {
    let mut row: Row = serde_dynamo::to_item(content)
        .map_err(|error| corrupt(&format!("a record cannot be written: {error}")))?;
    row.retain(|_, value| !value.is_null());
    Ok(row)
}

/// serde's words name fields and types, and no values.
fn from_row<T: DeserializeOwned>(row: Row) -> Result<T, StoreError> {
    serde_dynamo::from_item(row).map_err(|error| corrupt(&error.to_string()))
}

fn exchange_key(row: &Row) -> Result<ExchangeKey, StoreError> {
    let pk = row.get("pk").and_then(|pk| pk.as_s().ok());
    let key = pk.and_then(|pk| pk.strip_prefix("EXCHANGE#"));
    key.map(ExchangeKey::stored)
        .ok_or_else(|| corrupt("an exchange's key"))
}

/// Makes a record as old as these attributes: it has no others.
#[cfg(test)]
fn keep(row: &mut Row, first: &[&str]) {
    row.retain(|name, _| first.contains(&name.as_str()) || ["pk", "sk"].contains(&name.as_str()));
}

/// Does the same to what one of its lists holds.
#[cfg(test)]
fn keep_in_list(row: &mut Row, list: &str, first: &[&str]) {
    let Some(AttributeValue::L(parts)) = row.get_mut(list) else {
        panic!("{list} is no list");
    };
    assert!(!parts.is_empty(), "{list} is empty");
    for part in parts {
        let AttributeValue::M(part) = part else {
            panic!("{list} holds no maps");
        };
        keep(part, first);
    }
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}
