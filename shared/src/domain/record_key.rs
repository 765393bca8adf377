//! Where each record is kept: partition and sort key of the one table. A record is a
//! DynamoDB row; Item always means Plaid's.

use jiff::Timestamp;

use super::{ChangeId, ExchangeKey, InboxRecord, ItemId, LinkId, Sha256, UserId};

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
/// What the sort keys of a user's sessions of Link begin with.
pub const LINK_PREFIX: &str = "LINK#";
/// What the sort keys of a user's changes begin with.
pub const CHANGE_PREFIX: &str = "CHANGE#";
const USER_PREFIX: &str = "USER#";
const EXCHANGE_PREFIX: &str = "EXCHANGE#";
const STRAY_PREFIX: &str = "STRAY#";
const INBOX_PREFIX: &str = "INBOX#";
const EXCHANGE: &str = "EXCHANGE";
const ERASURE: &str = "ERASURE";
/// The sort key of a user's connection to Astra.
pub const ASTRA: &str = "ASTRA";

/// Stale hints of one subject are kept once an hour.
const STALE_WINDOW_SECONDS: i64 = 3600;

impl RecordKey {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The partition of everything that belongs to a user.
    pub fn user_partition(user_id: &UserId) -> String {
        format!("{USER_PREFIX}{user_id}")
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
        Self::new(format!("{EXCHANGE_PREFIX}{}", key.as_str()), EXCHANGE)
    }

    /// An Item that came out of an exchange too late.
    pub fn stray(key: &ExchangeKey, item_id: &ItemId) -> Self {
        let pk = format!("{EXCHANGE_PREFIX}{}", key.as_str());
        Self::new(pk, format!("{STRAY_PREFIX}{item_id}"))
    }

    /// A change of one of the user's Items.
    pub fn change(user_id: &UserId, change_id: &ChangeId) -> Self {
        let sk = format!("{CHANGE_PREFIX}{change_id}");
        Self::new(Self::user_partition(user_id), sk)
    }

    /// The wish that a user be erased.
    pub fn erasure(user_id: &UserId) -> Self {
        Self::new(Self::user_partition(user_id), ERASURE)
    }

    /// A user's connection to Astra.
    pub fn astra_connection(user_id: &UserId) -> Self {
        Self::new(Self::user_partition(user_id), ASTRA)
    }

    /// A user on the way to Astra's page and back, by the hash of the `state`.
    pub fn astra_authorization(state_hash: &Sha256) -> Self {
        Self::new(format!("ASTRA_STATE#{state_hash}"), "OWNER")
    }

    /// A session of Link.
    pub fn link_session(user_id: &UserId, link_id: &LinkId) -> Self {
        Self::new(
            Self::user_partition(user_id),
            format!("{LINK_PREFIX}{link_id}"),
        )
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
        Self::new(format!("{INBOX_PREFIX}{}", record.subject.as_str()), sk)
    }
}

fn stale_window(received_at: Timestamp) -> i64 {
    received_at.as_second().div_euclid(STALE_WINDOW_SECONDS)
}

/// A record that somebody must look after, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueRecord {
    /// An exchange that is not settled.
    Exchange(ExchangeKey),
    /// An Item that came out of an exchange too late.
    Stray(ExchangeKey, ItemId),
    /// An Item to be read again, or removed.
    Item(UserId, ItemId),
    /// A session of update mode that nobody finished.
    Link(UserId, LinkId),
    /// A user to be erased.
    Erasure(UserId),
    /// A change that was not published.
    Change(UserId, ChangeId),
    /// A connection to Astra whose tokens are to be renewed.
    AstraConnection(UserId),
    /// A verified webhook, by the partition of its subject.
    Inbox(String),
}

impl DueRecord {
    /// The record with this key; `None` if no such record is ever due.
    pub fn of(key: &RecordKey) -> Option<Self> {
        if let Some(exchange) = key.pk.strip_prefix(EXCHANGE_PREFIX) {
            let exchange = ExchangeKey::stored(exchange);
            return match key.sk.strip_prefix(STRAY_PREFIX) {
                Some(item_id) => Some(Self::Stray(exchange, ItemId::new(item_id))),
                None => (key.sk == EXCHANGE).then_some(Self::Exchange(exchange)),
            };
        }
        if key.pk.starts_with(INBOX_PREFIX) {
            return Some(Self::Inbox(key.pk.clone()));
        }
        let user_id = UserId::new(key.pk.strip_prefix(USER_PREFIX)?);
        if let Some(item_id) = key.sk.strip_prefix(ITEM_PREFIX) {
            return Some(Self::Item(user_id, ItemId::new(item_id)));
        }
        if let Some(link_id) = key.sk.strip_prefix(LINK_PREFIX) {
            return Some(Self::Link(user_id, LinkId::new(link_id)));
        }
        if let Some(change_id) = key.sk.strip_prefix(CHANGE_PREFIX) {
            return Some(Self::Change(user_id, ChangeId::new(change_id)));
        }
        match key.sk.as_str() {
            ERASURE => Some(Self::Erasure(user_id)),
            ASTRA => Some(Self::AstraConnection(user_id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_record_is_known_by_its_key() {
        let (user, item) = (UserId::new("u#1"), ItemId::new("i"));
        let (exchange, link) = (ExchangeKey::stored("e"), LinkId::new("l"));
        let known = [
            (
                RecordKey::exchange(&exchange),
                DueRecord::Exchange(exchange.clone()),
            ),
            (
                RecordKey::stray(&exchange, &item),
                DueRecord::Stray(exchange, item.clone()),
            ),
            (
                RecordKey::item(&user, &item),
                DueRecord::Item(user.clone(), item.clone()),
            ),
            (
                RecordKey::link_session(&user, &link),
                DueRecord::Link(user.clone(), link),
            ),
            (RecordKey::erasure(&user), DueRecord::Erasure(user.clone())),
            (
                RecordKey::astra_connection(&user),
                DueRecord::AstraConnection(user.clone()),
            ),
            (
                RecordKey::change(&user, &ChangeId::new("c")),
                DueRecord::Change(user.clone(), ChangeId::new("c")),
            ),
        ];
        for (key, record) in known {
            assert_eq!(DueRecord::of(&key), Some(record));
        }
        assert_eq!(DueRecord::of(&RecordKey::item_owner(&item)), None);
    }
}
