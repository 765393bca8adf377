//! Where a user is in Link.

use jiff::Timestamp;
use sandbox_kit::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::item::Account;
use crate::bank::institutions::{Institution, institution};
use crate::bank::login::SecondFactor;
use crate::wire::error::PlaidError;

/// What Link shows.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pane {
    #[default]
    Consent,
    Institutions,
    Credentials,
    Device,
    Code,
    Questions,
    Selections,
    Oauth,
    Accounts,
    Numbers,
    DepositCode,
    Failed,
    Connected,
}

impl Pane {
    /// The `view_name` of events.
    pub(crate) fn view_name(self) -> &'static str {
        match self {
            Self::Consent => "CONSENT",
            Self::Institutions => "SELECT_INSTITUTION",
            Self::Credentials => "CREDENTIAL",
            Self::Device | Self::Code | Self::Questions | Self::Selections => "MFA",
            Self::Oauth => "OAUTH",
            Self::Accounts => "SELECT_ACCOUNT",
            Self::Numbers | Self::DepositCode => "NUMBERS",
            Self::Failed => "ERROR",
            Self::Connected => "CONNECTED",
        }
    }

    /// The `status` of a user who leaves here.
    pub(crate) fn exit_status(self) -> Option<&'static str> {
        Some(match self {
            Self::Institutions => "institution_not_found",
            Self::Credentials | Self::Numbers => "requires_credentials",
            Self::Device => "choose_device",
            Self::Code | Self::DepositCode => "requires_code",
            Self::Questions => "requires_questions",
            Self::Selections => "requires_selections",
            Self::Oauth => "requires_oauth",
            Self::Accounts => "requires_account_selection",
            Self::Consent | Self::Failed | Self::Connected => return None,
        })
    }

    /// The `mfa_type` of events.
    pub(crate) fn mfa_type(self) -> Option<&'static str> {
        Some(match self {
            Self::Device => "device",
            Self::Code => "code",
            Self::Questions => "questions",
            Self::Selections => "selections",
            _ => return None,
        })
    }
}

/// The state of a session between two steps. No password is kept.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Flow {
    pub(crate) pane: Pane,
    pub(crate) query: String,
    pub(crate) institution_id: Option<String>,
    pub(crate) username: String,
    /// How Auth proves the accounts; known after the login.
    pub(crate) auth_method: Option<String>,
    /// What may be shared.
    pub(crate) offered: Vec<Account>,
    /// The ids of what is shared.
    pub(crate) chosen: Vec<String>,
    pub(crate) factor: Option<SecondFactor>,
    /// Rounds of the second factor that are done.
    pub(crate) rounds: u32,
    /// Wrong credentials and codes so far.
    pub(crate) misses: u32,
    /// What went wrong last, and has not been put right.
    pub(crate) error: Option<PlaidError>,
    /// What is wrong with what was typed; not an error of Plaid's.
    pub(crate) notice: Option<String>,
    /// The status of a user who leaves after a failure.
    pub(crate) failed_at: Option<String>,
    pub(crate) oauth: Option<Oauth>,
}

impl Flow {
    pub(crate) fn institution(&self) -> Option<&'static Institution> {
        self.institution_id.as_deref().and_then(institution)
    }

    /// As in the metadata of Link's callbacks.
    pub(crate) fn institution_view(&self) -> Value {
        let view = self
            .institution()
            .map(|institution| json!({"institution_id": institution.id, "name": institution.name}));
        json!(view)
    }

    pub(crate) fn exit_status(&self) -> Option<String> {
        let status = self.pane.exit_status().map(str::to_owned);
        status.or_else(|| self.failed_at.clone())
    }
}

/// A visit to a bank's own pages.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Oauth {
    pub(crate) state_id: String,
    /// Where the browser goes afterwards; `None` for a pop-up.
    pub(crate) return_uri: Option<String>,
    pub(crate) decision: Decision,
    /// Whether Link has taken note of the decision.
    pub(crate) processed: bool,
}

/// What the user said at the bank.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    Waiting,
    Allowed,
    Denied,
}

/// An event of Link.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    /// The keys that are not null.
    pub(crate) metadata: Map<String, Value>,
}

/// The keys of the metadata of every event in the browser.
const METADATA: &[&str] = &[
    "account_number_mask",
    "error_code",
    "error_message",
    "error_type",
    "exit_status",
    "institution_id",
    "institution_name",
    "institution_search_query",
    "is_update_mode",
    "link_session_id",
    "match_reason",
    "mfa_type",
    "request_id",
    "routing_number",
    "selection",
    "view_name",
];

impl Event {
    /// As `onEvent` gets it.
    pub(crate) fn for_browser(&self, clock: &Clock) -> Value {
        let mut metadata: Map<String, Value> = METADATA
            .iter()
            .map(|key| {
                let value = self.metadata.get(*key).cloned().unwrap_or_default();
                ((*key).to_owned(), value)
            })
            .collect();
        metadata.insert("timestamp".to_owned(), json!(clock.stamp(self.at)));
        json!({"metadata": metadata, "name": self.name})
    }

    /// As in `/link/token/get`, whose metadata has fewer keys and no nulls.
    pub(crate) fn for_server(&self, clock: &Clock) -> Value {
        let mut metadata = self.metadata.clone();
        metadata.remove("is_update_mode");
        metadata.remove("link_session_id");
        json!({
            "event_id": self.id,
            "event_metadata": metadata,
            "event_name": self.name,
            "timestamp": clock.stamp(self.at),
        })
    }
}
