//! Values that only the vault can read.

use std::fmt;

use super::{AccountId, ExchangeKey, ItemId, LinkId, RecordKey, UserId};

/// Ciphertext with everything that the vault needs to open it again; safe to store.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps the vault's own encoding.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The vault's own encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// What a sealed value is for. Each function's role may use only its own purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An Item's access token.
    Access,
    /// An account's processor token.
    Processor,
    /// Link's tokens: the link token of a session, the public token of an exchange.
    Link,
    /// The answer of a finished exchange, kept for replay.
    Answer,
    /// The tokens of a user's connection to Astra.
    Astra,
}

impl Purpose {
    /// The value of `purpose` in KMS' encryption context.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Processor => "processor",
            Self::Link => "link",
            Self::Answer => "answer",
            Self::Astra => "astra",
        }
    }
}

/// Where a sealed value is stored. It is authenticated with the ciphertext, so that a
/// value copied to another record or attribute does not open there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The record.
    pub record: RecordKey,
    /// The attribute, with its path inside the record.
    pub attribute: String,
}

impl Place {
    /// The public token of an exchange.
    pub fn public_token(exchange: &ExchangeKey) -> Self {
        Self {
            record: RecordKey::exchange(exchange),
            attribute: "public_token".to_owned(),
        }
    }

    /// The answer of an exchange.
    pub fn answer(exchange: &ExchangeKey) -> Self {
        Self {
            record: RecordKey::exchange(exchange),
            attribute: "answer".to_owned(),
        }
    }

    /// The access token of an Item that could not be recorded.
    pub fn unrecorded_access_token(exchange: &ExchangeKey) -> Self {
        Self {
            record: RecordKey::exchange(exchange),
            attribute: "access_token".to_owned(),
        }
    }

    /// The access token of an Item that came out of an exchange too late.
    pub fn stray_access_token(exchange: &ExchangeKey, item_id: &ItemId) -> Self {
        Self {
            record: RecordKey::stray(exchange, item_id),
            attribute: "access_token".to_owned(),
        }
    }

    /// The access token of an Item.
    pub fn access_token(user_id: &UserId, item_id: &ItemId) -> Self {
        Self {
            record: RecordKey::item(user_id, item_id),
            attribute: "access_token".to_owned(),
        }
    }

    /// The processor token of an account.
    pub fn processor_token(user_id: &UserId, item_id: &ItemId, account_id: &AccountId) -> Self {
        Self {
            record: RecordKey::item(user_id, item_id),
            attribute: format!("accounts/{account_id}/processor_token"),
        }
    }

    /// The access token of a user's connection to Astra.
    pub fn astra_access_token(user_id: &UserId) -> Self {
        Self {
            record: RecordKey::astra_connection(user_id),
            attribute: "access_token".to_owned(),
        }
    }

    /// The refresh token of a user's connection to Astra.
    pub fn astra_refresh_token(user_id: &UserId) -> Self {
        Self {
            record: RecordKey::astra_connection(user_id),
            attribute: "refresh_token".to_owned(),
        }
    }

    /// The link token of a session.
    pub fn link_token(user_id: &UserId, link_id: &LinkId) -> Self {
        Self {
            record: RecordKey::link_session(user_id, link_id),
            attribute: "link_token".to_owned(),
        }
    }
}
