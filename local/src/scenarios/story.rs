//! What each story is about: who banks how, what happens then, and what can be tried.

use serde_json::{Value, json};

use crate::Progress;

/// One user's story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    BrokenBank,
    PendingDeposit,
    RevokedUser,
    ExpiringConsent,
    PlaidDown,
}

impl Story {
    /// Those in which Plaid works.
    pub(super) const WITH_PLAID: [Self; 4] = [
        Self::BrokenBank,
        Self::PendingDeposit,
        Self::RevokedUser,
        Self::ExpiringConsent,
    ];

    /// The user whom it is about.
    pub(super) fn user(self) -> &'static str {
        match self {
            Self::BrokenBank => "broken-bank",
            Self::PendingDeposit => "pending-deposit",
            Self::RevokedUser => "revoked-user",
            Self::ExpiringConsent => "expiring-consent",
            Self::PlaidDown => "plaid-down",
        }
    }

    /// Who that is at the simulator's bank.
    pub(super) fn bank_user(self) -> &'static str {
        match self {
            Self::PendingDeposit => "microdeposits_same_day",
            _ => "user_single",
        }
    }

    /// What the simulator is told once the bank is linked: the path of a control, and its body.
    pub(super) fn turn(self, item_id: &str) -> Option<(String, Value)> {
        let item = format!("/simulator/items/{item_id}");
        match self {
            Self::BrokenBank => {
                let error = json!({ "error_code": "ITEM_LOGIN_REQUIRED" });
                Some((item, json!({ "error": error, "fire_webhook": true })))
            }
            Self::RevokedUser => Some((item, json!({ "revoke": true, "fire_webhook": true }))),
            Self::ExpiringConsent => {
                let notice = json!({ "item_id": item_id, "webhook_type": "ITEM",
                    "webhook_code": "PENDING_DISCONNECT" });
                Some(("/simulator/webhooks/send".to_owned(), notice))
            }
            Self::PendingDeposit | Self::PlaidDown => None,
        }
    }

    /// The same in words.
    pub(super) fn what_happens(self) -> &'static str {
        match self {
            Self::BrokenBank => "the bank wants a new login",
            Self::RevokedUser => "the user takes the permission back",
            Self::ExpiringConsent => "Plaid says that the connection ends in a week",
            Self::PendingDeposit | Self::PlaidDown => "nothing more",
        }
    }

    /// Whether this is how the story leaves its Item, as our API shows it.
    pub(super) fn is_told_by(self, item: &Value) -> bool {
        let is = |member: &str, value: &str| item.get(member).is_some_and(|is| is == value);
        match self {
            Self::BrokenBank => is("status", "login_required"),
            Self::PendingDeposit => is("action", "verify_deposits"),
            Self::RevokedUser => is("status", "revoked"),
            Self::ExpiringConsent => is("status", "active") && has_notice(item),
            Self::PlaidDown => is("status", "active") && !has_notice(item),
        }
    }

    /// Who to sign in as, and what to try.
    pub(super) fn next(self, gateway: &str) -> [Progress; 2] {
        let user = self.user();
        let sign_in = format!("{user} at {gateway}");
        let try_it = match self {
            Self::BrokenBank => format!(
                "log in again, as user_single with pass_good; or mail a page of Plaid's own: \
                 POST /v1/server/users/{user}/link-tokens (docs/mobile.md)"
            ),
            Self::PendingDeposit => {
                "enter the code ABC; three wrong ones lock the account".to_owned()
            }
            Self::RevokedUser => {
                "link again, as user_good with pass_good; the old Item stays revoked".to_owned()
            }
            Self::ExpiringConsent => {
                "log in again, as user_single with pass_good: the notice goes".to_owned()
            }
            Self::PlaidDown => {
                "link a bank, or remove the one that is there: both have to wait".to_owned()
            }
        };
        let line = |what, detail| Progress { what, detail };
        [line("sign in as", sign_in), line("then", try_it)]
    }
}

fn has_notice(item: &Value) -> bool {
    let notices = item.get("notices").and_then(Value::as_array);
    notices.is_some_and(|notices| {
        let code = |notice: &Value| notice.get("code").cloned();
        notices
            .iter()
            .any(|notice| code(notice) == Some(json!("pending_disconnect")))
    })
}
