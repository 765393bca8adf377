//! What the function is called with: the schedule's event, of which nothing matters, or an
//! operator's wish.

use serde::Deserialize;

/// An event. Without any of our fields it means: whatever is due.
#[derive(Debug, Default, Deserialize)]
pub struct Event {
    /// Reads this Item again, or goes on with its removal, due or not.
    pub item_id: Option<String>,
    /// The same for all of this user's Items.
    pub user_id: Option<String>,
    /// Removes an Item that could be neither recorded nor removed, from its log line.
    pub envelope: Option<Envelope>,
}

/// The fields of the log line "an Item is neither recorded nor removed". It holds
/// ciphertext only.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    /// The exchange that made the Item.
    pub exchange: String,
    /// The Item.
    pub item_id: String,
    /// Its sealed access token, in hexadecimal.
    pub sealed: String,
}

impl Event {
    /// Whether this is the schedule, and not an operator.
    pub fn is_scheduled(&self) -> bool {
        self.item_id.is_none() && self.user_id.is_none() && self.envelope.is_none()
    }
}
