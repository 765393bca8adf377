//! A run through Plaid Link, from our side.

use jiff::Timestamp;

use super::{LinkId, Sealed, Sha256, UserId};

/// What a new link token is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTokenRequest {
    /// The product's name as Link shows it.
    pub client_name: String,
    /// The countries whose institutions Link offers.
    pub country_codes: Vec<String>,
    /// The customization of the Plaid Dashboard to use.
    pub link_customization: Option<String>,
    /// The user as Plaid may know them: a hash without personal data.
    pub client_user_id: String,
    /// Link's language.
    pub language: String,
    /// Where an OAuth bank returns to.
    pub redirect_uri: Option<String>,
    /// The Android app that an OAuth bank returns to, in place of a redirect URI.
    pub android_package_name: Option<String>,
    /// Where Plaid posts the Item's webhooks.
    pub webhook: Option<String>,
}

/// The record of a session that a front end started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSession {
    /// Our id of it.
    pub link_id: LinkId,
    /// Whose session it is.
    pub user_id: UserId,
    /// The hash by which webhooks find it.
    pub link_token_hash: Sha256,
    /// The token itself.
    pub link_token: Sealed,
    /// When the token dies.
    pub expires_at: Timestamp,
    /// When the session was started.
    pub created_at: Timestamp,
}
