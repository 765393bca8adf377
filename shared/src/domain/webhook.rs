//! Plaid's webhooks as hints that something changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;
use super::{ItemId, LinkSessionId, Sha256};

/// Where Plaid posts webhooks, below the base URL of the API.
const WEBHOOK_PATH: &str = "/v1/webhooks/plaid";

/// The address for webhooks at an API with this base URL.
pub fn webhook_url(base_url: &str) -> String {
    format!("{}{WEBHOOK_PATH}", base_url.trim_end_matches('/'))
}

open_enum! {
    /// Plaid's `webhook_type`.
    WebhookType {
        /// About an Item's login.
        Item = "ITEM",
        /// About account and routing numbers and their verification.
        Auth = "AUTH",
        /// About a session of Link.
        Link = "LINK",
        /// About micro-deposit events.
        BankTransfers = "BANK_TRANSFERS",
    }
}

/// The parts of a verified body that decide where it is kept. Everything is optional:
/// Plaid adds kinds of webhooks, and none is refused for being new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What it is about.
    pub webhook_type: Option<WebhookType>,
    /// What happened.
    pub webhook_code: Option<String>,
    /// The Item, for most types.
    pub item_id: Option<ItemId>,
    /// The session, for LINK webhooks.
    pub link_session_id: Option<LinkSessionId>,
    /// The hash of the session's link token, for LINK webhooks.
    pub link_token_hash: Option<Sha256>,
}

/// What the records of the inbox are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookSubject {
    /// An Item.
    Item(ItemId),
    /// A session of Link, by its link token's hash.
    Session(Sha256),
    /// Neither: the body's hash.
    Body(Sha256),
}

impl Webhook {
    /// What it is about, the most telling first.
    pub fn subject(&self, body_hash: &Sha256) -> WebhookSubject {
        if let Some(item_id) = &self.item_id {
            return WebhookSubject::Item(item_id.clone());
        }
        match &self.link_token_hash {
            Some(hash) => WebhookSubject::Session(hash.clone()),
            None => WebhookSubject::Body(body_hash.clone()),
        }
    }
}

impl WebhookSubject {
    /// The part of the record's key that names the subject.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Item(item_id) => item_id.as_str(),
            Self::Session(hash) | Self::Body(hash) => hash.as_str(),
        }
    }
}

/// How the processing of a webhook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxEnd {
    /// What it hinted at was looked up at Plaid.
    Applied,
    /// It asks for nothing that we do.
    Ignored,
    /// For a day nobody's Item or session was known by its id.
    Unclaimed,
}

/// A verified webhook as it waits to be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRecord {
    /// What it is about.
    pub subject: WebhookSubject,
    /// Its parts.
    pub webhook: Webhook,
    /// The body, without tokens.
    pub body: String,
    /// The hash of the body as it was received.
    pub body_hash: Sha256,
    /// When Plaid signed it.
    pub issued_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Whether the signature was good but old: then it is a reason to look at Plaid
    /// again, and never a command.
    pub stale: bool,
}
