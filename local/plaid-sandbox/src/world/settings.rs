//! What a test may choose where Plaid's behaviour is unknown or varies.

use serde::{Deserialize, Serialize};

/// The settings, as `GET` and `POST /simulator/settings` show them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// What a second exchange of one `public_token` does.
    pub(crate) second_exchange: SecondExchange,
    /// How long every answer on Plaid's paths takes, at least.
    pub(crate) latency_ms: u64,
    /// Whether `/processor/token/create` works before micro-deposits are verified.
    pub(crate) processor_token_while_pending: bool,
    /// What a second processor token for the same account and processor is.
    pub(crate) processor_token_repeat: Repeat,
    /// The processors that are switched on; null for all.
    pub(crate) enabled_processors: Option<Vec<String>>,
    /// The redirect URIs that the Dashboard would know; null for any.
    pub(crate) allowed_redirect_uris: Option<Vec<String>>,
    /// The endpoints that answer with an Item's error instead of data.
    pub(crate) item_error_refuses: Vec<String>,
    /// After how many days an Item needs a new login; null for never.
    pub(crate) login_expires_after_days: Option<u32>,
    /// After how many hours automated micro-deposits verify; null for never.
    pub(crate) microdeposits_verify_after_hours: Option<u32>,
    /// Whether a retry of a webhook keeps the `iat` of the first attempt.
    pub(crate) keep_iat_on_retry: bool,
    /// How many accounts a user may share in Link: the Dashboard's customization.
    pub(crate) account_selection: AccountSelection,
    /// How long a receiver of webhooks may take.
    pub(crate) webhook_timeout_ms: u64,
    /// From how many webhooks in 24 h on the 90 % rule applies to a receiver.
    pub(crate) rejection_rule_minimum: usize,
}

/// See [`Settings::second_exchange`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecondExchange {
    Refuse,
    SameItem,
}

/// See [`Settings::processor_token_repeat`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Repeat {
    New,
    Same,
}

/// See [`Settings::account_selection`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountSelection {
    Single,
    Multiple,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            second_exchange: SecondExchange::Refuse,
            latency_ms: 0,
            processor_token_while_pending: false,
            processor_token_repeat: Repeat::New,
            enabled_processors: None,
            allowed_redirect_uris: None,
            item_error_refuses: ["/accounts/get", "/auth/get", "/processor/auth/get"]
                .map(str::to_owned)
                .to_vec(),
            login_expires_after_days: Some(30),
            microdeposits_verify_after_hours: Some(24),
            keep_iat_on_retry: false,
            account_selection: AccountSelection::Multiple,
            webhook_timeout_ms: 10_000,
            rejection_rule_minimum: 10,
        }
    }
}
