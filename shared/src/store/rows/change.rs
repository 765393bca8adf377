//! Changes.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::{AUDIT, Record, Row, expiry, from_row};
use crate::domain::{
    AccountChange, Cause, Change, ChangeId, ItemId, ItemStatus, PlaidRequestId, RecordKey, UserId,
};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct ChangeRow {
    change_id: ChangeId,
    user_id: UserId,
    item_id: Option<ItemId>,
    #[serde(with = "millisecond::required")]
    at: Timestamp,
    cause: Cause,
    before: Option<ItemStatus>,
    after: Option<ItemStatus>,
    #[serde(default)]
    accounts: Vec<AccountChange>,
    plaid_request_id: Option<PlaidRequestId>,
}

pub(in super::super) fn change_row(change: &Change) -> Result<Row, StoreError> {
    let content = ChangeRow {
        change_id: change.change_id.clone(),
        user_id: change.user_id.clone(),
        item_id: change.item_id.clone(),
        at: change.at,
        cause: change.cause,
        before: change.before,
        after: change.after,
        accounts: change.accounts.clone(),
        plaid_request_id: change.plaid_request_id.clone(),
    };
    let key = RecordKey::change(&change.user_id, &change.change_id);
    let record = Record::new(key, &content)?.expires(Some(expiry(change.at, AUDIT)));
    Ok(record.row)
}

pub(in super::super) fn read_change(row: Row) -> Result<Change, StoreError> {
    let row: ChangeRow = from_row(row)?;
    Ok(Change {
        change_id: row.change_id,
        user_id: row.user_id,
        item_id: row.item_id,
        at: row.at,
        cause: row.cause,
        before: row.before,
        after: row.after,
        accounts: row.accounts,
        plaid_request_id: row.plaid_request_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::store_contract::samples;

    #[test]
    fn a_change_is_kept_for_400_days() {
        let change = samples::full_change();
        let row = change_row(&change).unwrap();
        let expires_at = row["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(expires_at - change.at.as_second(), 400 * 86_400);
        assert!(!row.contains_key("due"));
    }
}
