//! Changes.

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::item::{NoticeRow, notice_row, read_notice};
use super::{AUDIT, Record, Row, expiry, from_row};
use crate::domain::{
    AccountChange, Cause, Change, ChangeId, ConnectionState, ItemId, ItemStatus, PlaidRequestId,
    RecordKey, UserId,
};
use crate::ports::StoreError;

/// The stream publishes a change at once. Where it did not, somebody must look after it.
const PUBLISHED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

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
    #[serde(default)]
    notices: Vec<NoticeRow>,
    astra_connection: Option<ConnectionState>,
    plaid_request_id: Option<PlaidRequestId>,
}

pub(in super::super) fn change_row(change: &Change) -> Result<Row, StoreError> {
    let key = RecordKey::change(&change.user_id, &change.change_id);
    let record = Record::new(key, &content(change))?
        .due(Some(due_at(change)))
        .expires(Some(expiry(change.at, AUDIT)));
    Ok(record.row)
}

fn content(change: &Change) -> ChangeRow {
    let Change {
        change_id,
        user_id,
        item_id,
        at,
        cause,
        before,
        after,
        accounts,
        notices,
        astra_connection,
        plaid_request_id,
    } = change;
    ChangeRow {
        change_id: change_id.clone(),
        user_id: user_id.clone(),
        item_id: item_id.clone(),
        at: *at,
        cause: *cause,
        before: *before,
        after: *after,
        accounts: accounts.clone(),
        notices: notices.iter().map(notice_row).collect(),
        astra_connection: *astra_connection,
        plaid_request_id: plaid_request_id.clone(),
    }
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
        notices: row.notices.into_iter().map(read_notice).collect(),
        astra_connection: row.astra_connection,
        plaid_request_id: row.plaid_request_id,
    })
}

/// When somebody must publish it who reads no stream.
fn due_at(change: &Change) -> Timestamp {
    let due_at = change.at.saturating_add(PUBLISHED_WITHIN);
    due_at.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{keep, keep_in_list};
    use super::*;
    use crate::test_util::store_contract::samples;

    /// What every change has had from the first. A new attribute never belongs here.
    const FIRST: &[&str] = &["change_id", "user_id", "at", "cause"];
    /// And every account in one.
    const FIRST_OF_ACCOUNTS: &[&str] = &["account_id", "after", "generation"];

    #[test]
    fn a_change_is_kept_for_400_days() {
        let change = samples::full_change();
        let row = change_row(&change).unwrap();
        let expires_at = row["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(expires_at - change.at.as_second(), 400 * 86_400);
    }

    #[test]
    fn a_record_from_before_a_new_attribute_is_read() {
        let change = samples::plain_change();
        let mut row = change_row(&change).unwrap();
        keep(&mut row, FIRST);
        assert_eq!(read_change(row).unwrap(), change);
    }

    #[test]
    fn an_account_from_before_a_new_attribute_is_read() {
        let mut change = samples::full_change();
        change.accounts.remove(0);
        let mut row = change_row(&change).unwrap();
        keep_in_list(&mut row, "accounts", FIRST_OF_ACCOUNTS);
        assert_eq!(read_change(row).unwrap(), change);
    }
}
