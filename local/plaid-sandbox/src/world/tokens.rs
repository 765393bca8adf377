//! What a token stands for. Rows stay when a token ends, because Plaid answers
//! differently to a token that was and one that never was.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An `access_token`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AccessToken {
    pub(crate) item_id: String,
    /// Replaced by `/item/access_token/invalidate`.
    pub(crate) invalidated: bool,
}

/// A `public_token`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PublicToken {
    pub(crate) item_id: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) exchanged: bool,
    /// The Link session that it came from.
    pub(crate) link_session_id: Option<String>,
}

/// A `processor_token`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ProcessorToken {
    pub(crate) item_id: String,
    pub(crate) account_id: String,
    pub(crate) processor: String,
    /// The products it is limited to; empty for all.
    pub(crate) products: Vec<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) created_at: Timestamp,
}
