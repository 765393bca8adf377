//! Where each record is kept: partition and sort key of the one table. A record is a
//! DynamoDB row; Item always means Plaid's.

use jiff::Timestamp;

use super::{ExchangeKey, InboxRecord, ItemId, LinkId, Sha256, UserId};

/// A record's partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// What the sort keys of a user's Items begin with.
pub const ITEM_PREFIX: &str = "ITEM#";

/// Stale hints of one subject are kept once an hour.
const STALE_WINDOW_SECONDS: i64 = 3600;

impl RecordKey {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The partition of everything that belongs to a user.
    pub fn user_partition(user_id: &UserId) -> String {
        format!("USER#{user_id}")
    }

    /// An Item with its accounts.
    pub fn item(user_id: &UserId, item_id: &ItemId) -> Self {
        Self::new(
            Self::user_partition(user_id),
            format!("{ITEM_PREFIX}{item_id}"),
        )
    }

    /// The pointer from an Item to its user, by which webhooks find it.
    pub fn item_owner(item_id: &ItemId) -> Self {
        Self::new(format!("ITEM#{item_id}"), "OWNER")
    }

    /// An exchange.
    pub fn exchange(key: &ExchangeKey) -> Self {
        Self::new(format!("EXCHANGE#{}", key.as_str()), "EXCHANGE")
    }

    /// A session of Link.
    pub fn link_session(user_id: &UserId, link_id: &LinkId) -> Self {
        Self::new(Self::user_partition(user_id), format!("LINK#{link_id}"))
    }

    /// The pointer from a link token to its session, by which webhooks find it.
    pub fn link_token_owner(link_token_hash: &Sha256) -> Self {
        Self::new(format!("LINKTOKEN#{link_token_hash}"), "OWNER")
    }

    /// A webhook that waits. The same body signed at the same moment is the same record;
    /// a later one with an equal body is another.
    pub fn inbox(record: &InboxRecord) -> Self {
        let issued_at = record.issued_at.as_second();
        let sk = if record.stale {
            format!("stale#{}", stale_window(record.received_at))
        } else {
            format!("{issued_at:010}#{}", record.body_hash)
        };
        Self::new(format!("INBOX#{}", record.subject.as_str()), sk)
    }
}

fn stale_window(received_at: Timestamp) -> i64 {
    received_at.as_second().div_euclid(STALE_WINDOW_SECONDS)
}
