//! What Plaid announced about an Item and its API does not show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An announcement that only a webhook carries. It stands until a finished update mode,
/// or a heal, that is later than its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What is announced.
    pub code: NoticeCode,
    /// When Plaid signed it.
    pub issued_at: Timestamp,
    /// Plaid's reason, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when the user should act, where Plaid says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_before: Option<Timestamp>,
}

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// The Item will stop working within days; update mode prevents it.
    PendingDisconnect,
    /// The user's consent ends soon; update mode renews it.
    PendingExpiration,
    /// The bank has accounts that the user has not shared; update mode with account
    /// selection shows them.
    NewAccountsAvailable,
    /// The user did not grant the bank's account numbers; update mode asks for them.
    ProductPermissionsRequired,
}
