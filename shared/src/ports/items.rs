//! The records of Items, whose they are, and what became of them.

use std::future::Future;

use super::{ReplayableAnswer, StoreError};
use crate::domain::{Change, ChangeId, Item, ItemId, LinkId, UserId};

/// The records of Items.
pub trait ItemRecords: Send + Sync {
    /// The user's Item with this id. Somebody else's MUST be `None`. Reads consistently.
    fn item(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Option<Item>, StoreError>> + Send;

    /// A page of the user's Items that are not removed, lowest id first, beginning behind
    /// `after`. It MAY have fewer than `limit` while there are more. Reads consistently.
    fn items(
        &self,
        user_id: &UserId,
        after: Option<&ItemId>,
        limit: u32,
    ) -> impl Future<Output = Result<ItemPage, StoreError>> + Send;
}

/// Whose Item it is.
pub trait ItemOwners: Send + Sync {
    /// The user who has, or had, this Item. Reads consistently.
    fn owner(
        &self,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Option<UserId>, StoreError>> + Send;
}

/// A page of a user's Items.
#[derive(Debug, Clone, Default)]
pub struct ItemPage {
    /// The Items.
    pub items: Vec<Item>,
    /// Where the next page begins, if there is one.
    pub next: Option<ItemId>,
}

/// Writing Items outside an exchange.
pub trait ItemChanges: Send + Sync {
    /// Replaces the Item, together with everything in `alongside`, all or nothing. MUST
    /// answer `Conflict` unless the stored Item has the version before `item.version`, is
    /// at a stage from which its own may follow (`Lifecycle::may_become`), and every
    /// condition of `alongside` holds. A write that is sent twice MUST count once.
    fn replace(
        &self,
        item: &Item,
        alongside: Alongside<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is written together with an Item.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alongside<'a> {
    /// What a caller could tell apart.
    pub change: Option<&'a Change>,
    /// The new answer of the Item's exchange, which MUST be `finished`.
    pub answer: Option<&'a ReplayableAnswer>,
    /// Sessions of update mode that this write settles. Each MUST be there, and not be
    /// settled yet.
    pub refreshed: &'a [LinkId],
}

/// The history of a user's Items.
pub trait Changes: Send + Sync {
    /// A page of changes, earliest first, beginning behind `after`.
    fn changes(
        &self,
        user_id: &UserId,
        after: Option<&ChangeId>,
        limit: u32,
    ) -> impl Future<Output = Result<ChangePage, StoreError>> + Send;
}

/// A page of a user's changes.
#[derive(Debug, Clone, Default)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where the next page begins, if there is one.
    pub next: Option<ChangeId>,
}
