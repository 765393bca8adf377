//! Records to and from attributes and nothing else, for whoever measures that.

use super::rows::{self, Row};
use crate::domain::{InboxRecord, Item};
use crate::ports::StoreError;

/// An Item as it is stored.
///
/// # Errors
/// It cannot be written.
pub fn item_row(item: &Item) -> Result<Row, StoreError> {
    rows::item_row(item)
}

/// The Item that is stored so.
///
/// # Errors
/// `Corrupt` when it is not one of ours.
pub fn read_item(row: Row) -> Result<Item, StoreError> {
    rows::read_item(row)
}

/// A webhook as it is stored.
///
/// # Errors
/// It cannot be written.
pub fn inbox_row(record: &InboxRecord) -> Result<Row, StoreError> {
    rows::inbox_row(record)
}

/// The webhook that is stored so.
///
/// # Errors
/// `Corrupt` when it is not one of ours.
pub fn read_inbox(row: Row) -> Result<InboxRecord, StoreError> {
    rows::read_inbox(row)
}
