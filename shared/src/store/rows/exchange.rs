//! Exchanges.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::serde_forms::optional_sealed;
use super::{MONTH, Record, Row, exchange_key, expiry, from_row};
use crate::domain::{
    AccountId, Exchange, ExchangeStep, ItemId, OwnerToken, RecordKey, Sealed, UserId,
};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct ExchangeRow {
    user_id: UserId,
    owner: String,
    #[serde(with = "millisecond::required")]
    lease_until: Timestamp,
    step: ExchangeStep,
    attempt: u32,
    #[serde(default, with = "optional_sealed")]
    public_token: Option<Sealed>,
    account_id: Option<AccountId>,
    #[serde(default)]
    allow_duplicate: bool,
    duplicate_of: Option<ItemId>,
    item_id: Option<ItemId>,
    #[serde(default, with = "optional_sealed")]
    access_token: Option<Sealed>,
    #[serde(default, with = "optional_sealed")]
    answer: Option<Sealed>,
    #[serde(default, with = "millisecond::optional")]
    answer_until: Option<Timestamp>,
    #[serde(with = "millisecond::required")]
    created_at: Timestamp,
}

/// One that is not settled is never forgotten.
pub(in super::super) fn exchange_row(exchange: &Exchange) -> Result<Row, StoreError> {
    let settled = exchange.step.is_settled();
    let record = Record::new(RecordKey::exchange(&exchange.key), &content(exchange))?
        .due((!settled).then_some(exchange.lease_until))
        .expires(settled.then(|| exchange_expiry(exchange)));
    Ok(record.row)
}

fn content(exchange: &Exchange) -> ExchangeRow {
    let Exchange {
        // In the record's own key.
        key: _,
        user_id,
        owner,
        lease_until,
        step,
        attempt,
        public_token,
        account_id,
        allow_duplicate,
        duplicate_of,
        item_id,
        access_token,
        answer,
        answer_until,
        created_at,
    } = exchange;
    ExchangeRow {
        user_id: user_id.clone(),
        owner: owner.as_str().to_owned(),
        lease_until: *lease_until,
        step: *step,
        attempt: *attempt,
        public_token: public_token.clone(),
        account_id: account_id.clone(),
        allow_duplicate: *allow_duplicate,
        duplicate_of: duplicate_of.clone(),
        item_id: item_id.clone(),
        access_token: access_token.clone(),
        answer: answer.clone(),
        answer_until: *answer_until,
        created_at: *created_at,
    }
}

pub(in super::super) fn read_exchange(row: Row) -> Result<Exchange, StoreError> {
    let key = exchange_key(&row)?;
    let row: ExchangeRow = from_row(row)?;
    Ok(Exchange {
        key,
        user_id: row.user_id,
        owner: OwnerToken::stored(row.owner),
        lease_until: row.lease_until,
        step: row.step,
        attempt: row.attempt,
        public_token: row.public_token,
        account_id: row.account_id,
        allow_duplicate: row.allow_duplicate,
        duplicate_of: row.duplicate_of,
        item_id: row.item_id,
        access_token: row.access_token,
        answer: row.answer,
        answer_until: row.answer_until,
        created_at: row.created_at,
    })
}

/// When an exchange that has settled may be forgotten.
pub(in super::super) fn exchange_expiry(exchange: &Exchange) -> i64 {
    expiry(exchange.created_at, MONTH)
}

#[cfg(test)]
mod tests {
    use super::super::keep;
    use super::*;
    use crate::test_util::store_contract::samples;

    /// What every exchange has had from the first. A new attribute never belongs here.
    const FIRST: &[&str] = &[
        "user_id",
        "owner",
        "lease_until",
        "step",
        "attempt",
        "created_at",
    ];

    #[test]
    fn a_record_from_before_a_new_attribute_is_read() {
        let exchange = samples::plain_exchange();
        let mut row = exchange_row(&exchange).unwrap();
        keep(&mut row, FIRST);
        assert_eq!(read_exchange(row).unwrap(), exchange);
    }

    #[test]
    fn only_what_is_settled_is_forgotten() {
        let mut exchange = samples::exchange();
        let row = exchange_row(&exchange).unwrap();
        assert!(row.contains_key("due") && row.contains_key("due_at"));
        assert!(!row.contains_key("expires_at"));
        exchange.step = ExchangeStep::Lost;
        let row = exchange_row(&exchange).unwrap();
        assert!(!row.contains_key("due") && !row.contains_key("due_at"));
        let expires_at = row["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(expires_at - exchange.created_at.as_second(), 30 * 86_400);
    }
}
