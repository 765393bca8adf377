//! What a test may choose where Astra's behaviour is unknown or varies.

use serde::{Deserialize, Serialize};

/// The settings, as `GET` and `POST /simulator/settings` show them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// What sending an account a second time does.
    pub(crate) account_repeat: AccountRepeat,
    /// How a list of accounts looks.
    pub(crate) accounts_shape: AccountsShape,
    /// How long an access token lives.
    pub(crate) access_token_seconds: u32,
    /// The redirect URIs that the Dashboard would know; null for any.
    pub(crate) allowed_redirect_uris: Option<Vec<String>>,
    /// How long an authorization code lives.
    pub(crate) code_seconds: u32,
    /// What a deleted account's id is answered with: 404 or 410.
    pub(crate) deleted_account_status: u16,
    /// Whether `state` comes back from the authorize page.
    pub(crate) echo_state: bool,
    /// How long every answer on Astra's paths takes, at least.
    pub(crate) latency_ms: u64,
    /// Whether a refresh must name the redirect URI.
    pub(crate) refresh_needs_redirect_uri: bool,
    /// How often a refresh token can be used.
    pub(crate) refresh_token_reuse: RefreshTokenReuse,
    /// How long a refresh token lives; null for ever.
    pub(crate) refresh_token_seconds: Option<u32>,
    /// Whether objects come as the one element of an array.
    pub(crate) wrap_in_array: bool,
}

/// See [`Settings::account_repeat`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountRepeat {
    /// `Account Already Exists`.
    Refuse,
    /// Another account.
    SecondAccount,
    /// The account that there is.
    SameAccount,
}

/// See [`Settings::accounts_shape`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountsShape {
    /// An object with a page of accounts.
    Page,
    /// An array of all accounts.
    Array,
}

/// See [`Settings::refresh_token_reuse`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefreshTokenReuse {
    UntilExpiry,
    Once,
}

const TEN_DAYS: u32 = 864_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            account_repeat: AccountRepeat::Refuse,
            accounts_shape: AccountsShape::Page,
            access_token_seconds: TEN_DAYS,
            allowed_redirect_uris: None,
            code_seconds: 300,
            deleted_account_status: 404,
            echo_state: true,
            latency_ms: 0,
            refresh_needs_redirect_uri: true,
            refresh_token_reuse: RefreshTokenReuse::UntilExpiry,
            refresh_token_seconds: Some(TEN_DAYS),
            wrap_in_array: false,
        }
    }
}

impl Settings {
    /// What is wrong with them; `None` if nothing is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let known = matches!(self.deleted_account_status, 404 | 410);
        (!known).then_some("deleted_account_status is 404 or 410")
    }
}
