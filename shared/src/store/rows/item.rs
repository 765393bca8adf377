//! Items, with their accounts inside.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::serde_forms::{health, optional_sealed};
use super::{AUDIT, Record, Row, corrupt, expiry, from_row};
use crate::domain::{
    Account, AccountId, AccountType, AtAstra, ExchangeKey, Health, Heeded, Institution, Item,
    ItemId, Lifecycle, Notice, NoticeCode, PlaidAccount, Reads, RecordKey, Sealed, UserId,
    VerificationStatus,
};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct ItemRow {
    item_id: ItemId,
    user_id: UserId,
    exchange: String,
    institution: Option<Institution>,
    accounts: Vec<AccountRow>,
    chosen_account: Option<AccountId>,
    processor: String,
    #[serde(default, with = "optional_sealed")]
    access_token: Option<Sealed>,
    lifecycle: Lifecycle,
    #[serde(with = "health")]
    health: Health,
    #[serde(default, with = "millisecond::optional")]
    consent_expires_at: Option<Timestamp>,
    #[serde(default)]
    notices: Vec<NoticeRow>,
    #[serde(default, with = "millisecond::optional")]
    notices_cleared_at: Option<Timestamp>,
    #[serde(default, with = "millisecond::optional")]
    reads_since: Option<Timestamp>,
    #[serde(default)]
    reads: u32,
    #[serde(default, with = "millisecond::optional")]
    due_at: Option<Timestamp>,
    version: u64,
    #[serde(with = "millisecond::required")]
    created_at: Timestamp,
    #[serde(with = "millisecond::required")]
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct AccountRow {
    account_id: AccountId,
    name: Option<String>,
    mask: Option<String>,
    r#type: AccountType,
    subtype: Option<String>,
    verification_status: Option<VerificationStatus>,
    #[serde(default, with = "optional_sealed")]
    processor_token: Option<Sealed>,
    #[serde(default)]
    generation: u32,
    #[serde(default)]
    renew: bool,
    #[serde(default)]
    commands: Vec<Heeded>,
    #[serde(default)]
    revoked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_astra: Option<AtAstra>,
}

/// An announcement; changes have it too.
#[derive(Serialize, Deserialize)]
pub(super) struct NoticeRow {
    code: NoticeCode,
    #[serde(with = "millisecond::required")]
    issued_at: Timestamp,
    reason: Option<String>,
    #[serde(default, with = "millisecond::optional")]
    act_before: Option<Timestamp>,
}

pub(in super::super) fn item_row(item: &Item) -> Result<Row, StoreError> {
    let key = RecordKey::item(&item.user_id, &item.item_id);
    let record = Record::new(key, &content(item))?
        .due(item.due_at)
        .expires(removal_expiry(item));
    Ok(record.row)
}

fn content(item: &Item) -> ItemRow {
    // A new field does not compile until it is written: here, and wherever else a row is made.
    let Item {
        item_id,
        user_id,
        exchange,
        institution,
        accounts,
        chosen_account,
        processor,
        access_token,
        lifecycle,
        health,
        consent_expires_at,
        notices,
        notices_cleared_at,
        reads: Reads { since, count },
        due_at,
        version,
        created_at,
        updated_at,
    } = item;
    ItemRow {
        item_id: item_id.clone(),
        user_id: user_id.clone(),
        exchange: exchange.as_str().to_owned(),
        institution: institution.clone(),
        accounts: accounts.iter().map(account_row).collect(),
        chosen_account: chosen_account.clone(),
        processor: processor.as_str().to_owned(),
        access_token: access_token.clone(),
        lifecycle: *lifecycle,
        health: health.clone(),
        consent_expires_at: *consent_expires_at,
        notices: notices.iter().map(notice_row).collect(),
        notices_cleared_at: *notices_cleared_at,
        reads_since: *since,
        reads: *count,
        due_at: *due_at,
        version: *version,
        created_at: *created_at,
        updated_at: *updated_at,
    }
}

pub(in super::super) fn read_item(row: Row) -> Result<Item, StoreError> {
    let row: ItemRow = from_row(row)?;
    let processor = row.processor.parse();
    Ok(Item {
        item_id: row.item_id,
        user_id: row.user_id,
        exchange: ExchangeKey::stored(row.exchange),
        institution: row.institution,
        accounts: row.accounts.into_iter().map(read_account).collect(),
        chosen_account: row.chosen_account,
        processor: processor.map_err(|_| corrupt("an Item's processor"))?,
        access_token: row.access_token,
        lifecycle: row.lifecycle,
        health: row.health,
        consent_expires_at: row.consent_expires_at,
        notices: row.notices.into_iter().map(read_notice).collect(),
        notices_cleared_at: row.notices_cleared_at,
        reads: Reads {
            since: row.reads_since,
            count: row.reads,
        },
        due_at: row.due_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// When what is left of a removed Item may be forgotten, and its pointer with it.
pub(in super::super) fn removal_expiry(item: &Item) -> Option<i64> {
    let removed = item.lifecycle == Lifecycle::Removed;
    removed.then(|| expiry(item.updated_at, AUDIT))
}

fn account_row(account: &Account) -> AccountRow {
    let Account {
        plaid,
        processor_token,
        generation,
        renew,
        commands,
        revoked,
        at_astra,
    } = account;
    let PlaidAccount {
        account_id,
        name,
        mask,
        account_type,
        subtype,
        verification_status,
    } = plaid;
    AccountRow {
        account_id: account_id.clone(),
        name: name.clone(),
        mask: mask.clone(),
        r#type: account_type.clone(),
        subtype: subtype.clone(),
        verification_status: verification_status.clone(),
        processor_token: processor_token.clone(),
        generation: *generation,
        renew: *renew,
        commands: commands.clone(),
        revoked: *revoked,
        at_astra: at_astra.clone(),
    }
}

fn read_account(row: AccountRow) -> Account {
    Account {
        plaid: PlaidAccount {
            account_id: row.account_id,
            name: row.name,
            mask: row.mask,
            account_type: row.r#type,
            subtype: row.subtype,
            verification_status: row.verification_status,
        },
        processor_token: row.processor_token,
        generation: row.generation,
        renew: row.renew,
        commands: row.commands,
        revoked: row.revoked,
        at_astra: row.at_astra,
    }
}

pub(super) fn notice_row(notice: &Notice) -> NoticeRow {
    let Notice {
        code,
        issued_at,
        reason,
        act_before,
    } = notice;
    NoticeRow {
        code: *code,
        issued_at: *issued_at,
        reason: reason.clone(),
        act_before: *act_before,
    }
}

pub(super) fn read_notice(row: NoticeRow) -> Notice {
    Notice {
        code: row.code,
        issued_at: row.issued_at,
        reason: row.reason,
        act_before: row.act_before,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::super::{keep, keep_in_list};
    use super::*;
    use crate::test_util::store_contract::samples;

    /// What every Item has had from the first. A new attribute never belongs here.
    const FIRST: &[&str] = &[
        "item_id",
        "user_id",
        "exchange",
        "accounts",
        "processor",
        "lifecycle",
        "health",
        "version",
        "created_at",
        "updated_at",
    ];

    #[test]
    fn a_record_from_before_a_new_attribute_is_read() {
        let item = Item {
            accounts: vec![samples::plain_account()],
            ..samples::plain_item()
        };
        let mut row = item_row(&item).unwrap();
        keep(&mut row, FIRST);
        keep_in_list(&mut row, "accounts", &["account_id", "type"]);
        assert_eq!(read_item(row).unwrap(), item);
    }

    #[test]
    fn a_notice_from_before_a_new_attribute_is_read() {
        let item = Item {
            notices: vec![samples::plain_notice()],
            ..samples::plain_item()
        };
        let mut row = item_row(&item).unwrap();
        keep_in_list(&mut row, "notices", &["code", "issued_at"]);
        assert_eq!(read_item(row).unwrap(), item);
    }

    #[test]
    fn only_what_is_removed_is_forgotten() {
        let item = samples::full_item();
        assert!(!item_row(&item).unwrap().contains_key("expires_at"));
        let row = item_row(&item.removed()).unwrap();
        let expires_at = row["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(expires_at - item.updated_at.as_second(), 400 * 86_400);
        assert!(!row.contains_key("due") && !row.contains_key("due_at"));
    }

    #[test]
    fn a_record_that_is_not_ours_is_corrupt() {
        let mut row = item_row(&samples::full_item()).unwrap();
        row.insert("processor".to_owned(), AttributeValue::S("No!".to_owned()));
        let corrupt = read_item(row).unwrap_err();
        assert!(matches!(corrupt, StoreError::Corrupt(_)), "{corrupt}");
        let corrupt = read_item(Row::new()).unwrap_err();
        assert!(matches!(corrupt, StoreError::Corrupt(_)), "{corrupt}");
    }
}
