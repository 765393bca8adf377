//! The records of exchanges, and of Items that came out of them too late.

use std::future::Future;

use jiff::Timestamp;

use super::StoreError;
use crate::domain::{Change, Exchange, ExchangeKey, ExchangeStep, Item, ItemId, Sealed, Stray};

/// What became of a claim.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The exchange is ours. Also when our own earlier put turns out to have arrived.
    Won,
    /// Somebody was there first; this is their record.
    Held(Box<Exchange>),
}

/// The records of exchanges. Every method but `claim`, `exchange` and `forget_answer` MUST
/// write only while the stored record still has the given owner and step, and answer
/// `Conflict` otherwise; a write that is sent twice MUST count once. Every Item that is
/// written with an exchange MUST follow the rules of
/// [`ItemChanges::replace`](super::ItemChanges::replace).
pub trait ExchangeRecords: Send + Sync {
    /// Puts the record if there is none with its key.
    fn claim(&self, exchange: &Exchange) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// The record with this key. Reads consistently.
    fn exchange(
        &self,
        key: &ExchangeKey,
    ) -> impl Future<Output = Result<Option<Exchange>, StoreError>> + Send;

    /// Replaces the owner and lease of `previous` by those of `next`, at the same step.
    fn take_over(
        &self,
        previous: &Exchange,
        next: &Exchange,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the lease, so that a retry may go on at once.
    fn yield_lease(
        &self,
        exchange: &Exchange,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes a claim under which nothing happened at Plaid.
    fn release(&self, exchange: &Exchange) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Moves the record on to `next`, with the access token of `exchange` where it has one.
    fn advance(
        &self,
        exchange: &Exchange,
        next: ExchangeStep,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records the new Item, its pointer, the change and the step `exchanged`, all or
    /// nothing.
    fn record_item(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records the settled Item, the change and the step `finished` with its answer, all
    /// or nothing.
    fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
        answer: &ReplayableAnswer,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records that the exchange ends without an Item: the Item as it is given (to be
    /// removed, or removed), the change, and the step `removed` with `duplicate_of`, all
    /// or nothing.
    fn reject(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Erases the answer of a finished exchange, which becomes `removed`. An exchange that
    /// is not finished, or not there any more, MUST be left as it is, without an error.
    fn forget_answer(
        &self,
        key: &ExchangeKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The records of Items that came out of an exchange too late.
pub trait Strays: Send + Sync {
    /// Keeps the stray, in place of an earlier record of it.
    fn keep_stray(&self, stray: &Stray) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The stray, if it is still kept.
    fn stray(
        &self,
        key: &ExchangeKey,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Option<Stray>, StoreError>> + Send;

    /// Deletes the record, whether it is still there or not.
    fn drop_stray(&self, stray: &Stray) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A sealed answer and how long it is repeated to the letter.
#[derive(Debug, Clone)]
pub struct ReplayableAnswer {
    /// The answer.
    pub sealed: Sealed,
    /// When the replay ends.
    pub until: Timestamp,
}
