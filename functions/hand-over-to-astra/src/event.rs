//! An event of our own bus, as far as we look: whom it is about. What is true is read from
//! the table, which knows better by now.

use serde::Deserialize;
use shared::domain::{ItemId, UserId};

/// An event as EventBridge delivers it.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// What is told.
    pub detail: Detail,
}

/// Whom an event is about.
#[derive(Debug, Deserialize)]
pub struct Detail {
    /// The user.
    pub user_id: UserId,
    /// The Item; none where it is about everything of the user.
    pub item_id: Option<ItemId>,
}
