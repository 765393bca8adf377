//! A run through Plaid Link, from our side.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccessToken, Deadline, ItemId, LinkId, LinkSessionId, PlaidRequestId, Sealed, Sha256, UserId,
};

/// What a new link token is asked for.
#[derive(Debug, Clone)]
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
    /// What Link is opened for.
    pub purpose: LinkPurpose,
    /// Set for a session on a page of Plaid's own.
    pub hosted: Option<HostedLink>,
}

/// What Link is opened for.
#[derive(Debug, Clone)]
pub enum LinkPurpose {
    /// To link a bank. Plaid posts the new Item's webhooks to this URL.
    NewItem {
        /// The URL.
        webhook: String,
        /// The ways to link a bank that cannot be linked at once.
        microdeposits: Microdeposits,
    },
    /// To mend or change an Item. Its access token stays the same, and so does the URL that
    /// the Item's webhooks go to (plaid.com/docs/api/link, `webhook`).
    Update {
        /// The Item's.
        access_token: AccessToken,
        /// Where a page of Plaid's own tells how it went; none for Link in an application.
        webhook: Option<String>,
        /// Whether the user may choose accounts anew.
        account_selection_enabled: bool,
    },
}

/// Which micro-deposit flows Link offers where a bank cannot be linked at once
/// (plaid.com/docs/auth/coverage). All of them are for the US only. The Account
/// Verification pane of the Plaid Dashboard overrides this where it is enabled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Microdeposits {
    /// Plaid sends a deposit and verifies it by itself, in a day or two.
    pub automated: bool,
    /// Plaid sends a deposit; the user comes back with its code.
    pub same_day: bool,
    /// The deposit arrives at once; the user enters its code in the same session.
    pub instant: bool,
}

impl Microdeposits {
    /// Whether any flow is on.
    pub fn any(self) -> bool {
        self.automated || self.same_day || self.instant
    }
}

/// Names that are no micro-deposit flows.
#[derive(Debug, thiserror::Error)]
#[error("must be some of automated, same_day and instant, comma separated")]
pub struct UnknownFlow;

impl FromStr for Microdeposits {
    type Err = UnknownFlow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut flows = Self::default();
        for name in text.split(',') {
            match name {
                "automated" => flows.automated = true,
                "same_day" => flows.same_day = true,
                "instant" => flows.instant = true,
                _ => return Err(UnknownFlow),
            }
        }
        Ok(flows)
    }
}

/// Link on a page of Plaid's own, for a link in a mail or a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostedLink {
    /// Where the page sends the user in the end.
    pub completion_redirect_uri: Option<String>,
    /// How long the page can be opened; Plaid's default is 30 minutes.
    pub url_lifetime_seconds: Option<u32>,
    /// Whether it is opened from inside a mobile app.
    pub is_mobile_app: Option<bool>,
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
    /// The Item that update mode is for.
    pub item_id: Option<ItemId>,
    /// Whether it runs on Plaid's own page.
    pub hosted: bool,
    /// How the user left it, once a front end has told.
    pub exit: Option<LinkExit>,
    /// When the Item of update mode was read again after it.
    pub refreshed_at: Option<Timestamp>,
    /// How it ended on Plaid's own page, once Plaid has told.
    pub results: Option<LinkResults>,
    /// When the token dies.
    pub expires_at: Timestamp,
    /// When the session was started.
    pub created_at: Timestamp,
}

/// What Link's `onExit` told a front end; kept for support, and never believed further.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkExit {
    /// Where in Link the user was, such as `requires_credentials`.
    pub status: Option<String>,
    /// Plaid's broad category of what went wrong.
    pub error_type: Option<String>,
    /// Plaid's exact reason.
    pub error_code: Option<String>,
    /// The text that is meant for users.
    pub display_message: Option<String>,
    /// The institution that was chosen.
    pub institution_id: Option<String>,
    /// Plaid's id of the run.
    pub link_session_id: Option<LinkSessionId>,
    /// Plaid's id of the last answer, which its support asks for.
    pub request_id: Option<PlaidRequestId>,
}

/// What became of a session on Plaid's own page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkResults {
    /// The Items that came out of it.
    pub item_ids: Vec<ItemId>,
    /// Why a bank that the user linked made no Item: the code of our problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether the session is over.
    pub finished: bool,
}

/// How far a session is, as far as we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    /// It can still be finished.
    Open,
    /// The user left without finishing.
    Exited,
    /// Its token is dead.
    Expired,
    /// It is over: on Plaid's own page, or update mode whose Item was read again since.
    Finished,
}

/// How long after its token's death a session of update mode is looked after, in case the
/// front end never said how it ended.
const GRACE: Duration = Duration::from_mins(2);

impl LinkSession {
    /// How far the session is. A user who left may come back while the token lives, but
    /// only by opening Link again.
    pub fn status(&self, now: Timestamp) -> LinkStatus {
        let finished = self
            .results
            .as_ref()
            .is_some_and(|results| results.finished);
        if finished || self.refreshed_at.is_some() {
            LinkStatus::Finished
        } else if self.exit.is_some() {
            LinkStatus::Exited
        } else if now >= self.expires_at {
            LinkStatus::Expired
        } else {
            LinkStatus::Open
        }
    }

    /// When somebody must ask Plaid what became of it, if nobody has by then: front ends
    /// do not always come back, and webhooks get lost.
    pub fn due_at(&self) -> Option<Timestamp> {
        let updates = self.item_id.is_some() && self.refreshed_at.is_none();
        let finished = self
            .results
            .as_ref()
            .is_some_and(|results| results.finished);
        let waits = updates || (self.hosted && self.item_id.is_none() && !finished);
        waits.then(|| Deadline::after(self.expires_at, GRACE).moment())
    }
}

impl LinkStatus {
    /// The name in our API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Exited => "exited",
            Self::Expired => "expired",
            Self::Finished => "finished",
        }
    }
}
