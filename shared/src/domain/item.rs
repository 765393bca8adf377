//! An Item: one user's login at one institution, with its accounts.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Account, AccountId, AccountStatus, ExchangeKey, Institution, ItemId, Lifecycle, Notice,
    NoticeCode, Processor, Reads, Sealed, Standing, UserId, Verification,
};

/// What Plaid says about the login (`/item/get`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Nothing is wrong.
    Good,
    /// The user must log in again, in update mode.
    LoginRequired,
    /// Something else that only the user can mend, with Plaid's error code.
    NeedsUser(String),
    /// The user took the permission back.
    Revoked,
}

/// The one word that a front end shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Being linked.
    Linking,
    /// Linked and healthy.
    Active,
    /// Linked, but the user must log in again.
    LoginRequired,
    /// Linked, but the user must do something else.
    NeedsUser,
    /// Permission taken back.
    Revoked,
    /// Being removed.
    Removing,
    /// Removed.
    Removed,
}

/// What the user should do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Choose one of the available accounts.
    SelectAccount,
    /// Come back in update mode with the deposit's code.
    VerifyDeposits,
    /// Wait, and ask again after this time.
    Wait(Duration),
    /// Open Link in update mode.
    Relink,
    /// Start over: this Item will never work.
    LinkAgain,
}

/// An exchange that is still running takes seconds.
const POLL_WHILE_LINKING: Duration = Duration::from_secs(2);
/// Automated micro-deposits take one to two banking days; a webhook tells sooner.
const POLL_WHILE_VERIFYING: Duration = Duration::from_hours(1);

impl Action {
    /// The name in our API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SelectAccount => "select_account",
            Self::VerifyDeposits => "verify_deposits",
            Self::Wait(_) => "wait",
            Self::Relink => "relink",
            Self::LinkAgain => "link_again",
        }
    }

    /// When to ask again, where that makes sense.
    pub fn poll_after(self) -> Option<Duration> {
        match self {
            Self::Wait(time) => Some(time),
            _ => None,
        }
    }
}

/// An Item as we keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Plaid's id.
    pub item_id: ItemId,
    /// Whose it is.
    pub user_id: UserId,
    /// The exchange that made it.
    pub exchange: ExchangeKey,
    /// The bank; none for Same-Day micro-deposits.
    pub institution: Option<Institution>,
    /// Its accounts, in Plaid's order.
    pub accounts: Vec<Account>,
    /// The account that the user chose, which gets its processor token once it can.
    pub chosen_account: Option<AccountId>,
    /// The processor that its tokens are for.
    pub processor: Processor,
    /// Its access token; erased when the Item is removed.
    pub access_token: Option<Sealed>,
    /// How far our own work is.
    pub lifecycle: Lifecycle,
    /// What Plaid says about the login.
    pub health: Health,
    /// When the user's consent ends, where Plaid says so.
    pub consent_expires_at: Option<Timestamp>,
    /// What Plaid announced and its API does not show.
    pub notices: Vec<Notice>,
    /// Announcements up to this moment are over.
    pub notices_cleared_at: Option<Timestamp>,
    /// How often Plaid was asked about it lately.
    pub reads: Reads,
    /// When somebody must look at it again; none while its exchange runs, and in the end.
    pub due_at: Option<Timestamp>,
    /// Counts our writes; each one is conditional on the version that was read.
    pub version: u64,
    /// When we recorded it.
    pub created_at: Timestamp,
    /// When we changed it last.
    pub updated_at: Timestamp,
}

impl Item {
    /// The derived status: our own work first, then Plaid's word.
    pub fn status(&self) -> ItemStatus {
        match (&self.lifecycle, &self.health) {
            (Lifecycle::Linking, _) => ItemStatus::Linking,
            (Lifecycle::Removing, _) => ItemStatus::Removing,
            (Lifecycle::Removed, _) => ItemStatus::Removed,
            (Lifecycle::Linked, Health::Good) => ItemStatus::Active,
            (Lifecycle::Linked, Health::LoginRequired) => ItemStatus::LoginRequired,
            (Lifecycle::Linked, Health::NeedsUser(_)) => ItemStatus::NeedsUser,
            (Lifecycle::Linked, Health::Revoked) => ItemStatus::Revoked,
        }
    }

    /// What a front end is told about one of its accounts. Of a bank whose permission was
    /// taken back, no account is shared any more.
    pub fn status_of(&self, account: &Account) -> AccountStatus {
        match (self.status(), account.status()) {
            (_, AccountStatus::NotEligible) => AccountStatus::NotEligible,
            (ItemStatus::Revoked, _) => AccountStatus::Revoked,
            (_, status) => status,
        }
    }

    /// What the user should do next.
    pub fn action(&self) -> Action {
        match self.status() {
            ItemStatus::Linking => Action::Wait(POLL_WHILE_LINKING),
            // A permission that is given again makes a new Item.
            ItemStatus::Removing | ItemStatus::Removed | ItemStatus::Revoked => Action::LinkAgain,
            ItemStatus::LoginRequired | ItemStatus::NeedsUser => Action::Relink,
            ItemStatus::Active if self.has_notice(NoticeCode::ProductPermissionsRequired) => {
                Action::Relink
            }
            ItemStatus::Active => self.action_for_accounts(),
        }
    }

    fn action_for_accounts(&self) -> Action {
        let any_status = |wanted| {
            self.accounts
                .iter()
                .any(|account| account.status() == wanted)
        };
        let any_pending = |wanted| {
            self.accounts.iter().any(|account| {
                !account.revoked && account.plaid.standing() == Standing::Unverified(wanted)
            })
        };
        if any_status(AccountStatus::Ready) {
            Action::None
        } else if any_status(AccountStatus::Available) {
            Action::SelectAccount
        } else if any_pending(Verification::PendingManual) {
            Action::VerifyDeposits
        } else if any_pending(Verification::PendingAutomatic) {
            Action::Wait(POLL_WHILE_VERIFYING)
        } else {
            Action::LinkAgain
        }
    }

    fn has_notice(&self, code: NoticeCode) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    /// The account with this id.
    pub fn account(&self, account_id: &AccountId) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.plaid.account_id == *account_id)
    }

    /// The account with this id, to change it.
    pub fn account_mut(&mut self, account_id: &AccountId) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|account| account.plaid.account_id == *account_id)
    }

    /// The accounts that a processor token could be made for.
    pub fn candidates(&self) -> impl Iterator<Item = &Account> {
        self.accounts
            .iter()
            .filter(|account| account.status() == AccountStatus::Available)
    }

    /// Whether any account has its processor token.
    pub fn has_ready_account(&self) -> bool {
        self.accounts
            .iter()
            .any(|account| account.status() == AccountStatus::Ready)
    }

    /// Whether Plaid's Item can still be used, as far as our own work goes.
    pub fn is_live(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Linking | Lifecycle::Linked)
    }

    /// The next version of the record, as of now.
    #[must_use]
    pub fn next_version(mut self, now: Timestamp) -> Self {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
        self
    }

    /// The Item as it waits to be removed at Plaid; `due_at` is when somebody else may try.
    #[must_use]
    pub fn removing(&self, due_at: Timestamp) -> Self {
        Self {
            lifecycle: Lifecycle::Removing,
            due_at: Some(due_at),
            ..self.clone()
        }
    }

    /// What is left of an Item that Plaid does not know any more: no token.
    #[must_use]
    pub fn removed(&self) -> Self {
        let mut item = Self {
            lifecycle: Lifecycle::Removed,
            access_token: None,
            notices: Vec::new(),
            due_at: None,
            ..self.clone()
        };
        for account in &mut item.accounts {
            account.processor_token = None;
            account.settle_at_astra(&[]);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PlaidAccount;
    use crate::test_util::{self, linked_item};

    fn account(subtype: &str, verification: Option<&str>) -> PlaidAccount {
        test_util::account(subtype, subtype, verification)
    }

    fn item(accounts: Vec<PlaidAccount>) -> Item {
        linked_item("user", "item", accounts)
    }

    #[test]
    fn several_candidates_ask_for_a_choice() {
        let item = item(vec![account("checking", None), account("savings", None)]);
        assert_eq!(item.action(), Action::SelectAccount);
        assert_eq!(item.candidates().count(), 2);
    }

    #[test]
    fn a_ready_account_needs_nothing() {
        let mut item = item(vec![account("checking", None), account("savings", None)]);
        let chosen = item.account_mut(&AccountId::new("savings")).unwrap();
        chosen.give_token(Sealed::from_bytes(vec![0]));
        assert_eq!(item.action(), Action::None);
        assert!(item.has_ready_account());
    }

    #[test]
    fn a_revoked_item_shares_no_account() {
        use AccountStatus::{NotEligible, Ready, Revoked};
        let mut item = item(vec![account("checking", None), account("cd", None)]);
        item.accounts[0].give_token(Sealed::from_bytes(vec![0]));
        let statuses = |item: &Item| -> Vec<AccountStatus> {
            let accounts = item.accounts.iter();
            accounts.map(|account| item.status_of(account)).collect()
        };
        assert_eq!(statuses(&item), [Ready, NotEligible]);
        item.health = Health::Revoked;
        assert_eq!(statuses(&item), [Revoked, NotEligible]);
    }

    #[test]
    fn pending_deposits_say_who_must_act() {
        let automatic = item(vec![account(
            "checking",
            Some("pending_automatic_verification"),
        )]);
        assert_eq!(automatic.action().as_str(), "wait");
        assert!(automatic.action().poll_after().is_some());
        let manual = item(vec![account(
            "checking",
            Some("pending_manual_verification"),
        )]);
        assert_eq!(manual.action(), Action::VerifyDeposits);
    }

    #[test]
    fn an_item_that_never_works_must_be_linked_again() {
        assert_eq!(item(vec![]).action(), Action::LinkAgain);
        assert_eq!(item(vec![account("cd", None)]).action(), Action::LinkAgain);
        let failed = item(vec![account("checking", Some("verification_failed"))]);
        assert_eq!(failed.action(), Action::LinkAgain);
    }

    #[test]
    fn lifecycle_comes_before_health_and_health_before_accounts() {
        let mut item = item(vec![account("checking", None)]);
        item.health = Health::LoginRequired;
        assert_eq!(
            (item.status(), item.action()),
            (ItemStatus::LoginRequired, Action::Relink)
        );
        item.lifecycle = Lifecycle::Removed;
        assert_eq!(
            (item.status(), item.action()),
            (ItemStatus::Removed, Action::LinkAgain)
        );
    }

    #[test]
    fn a_permission_that_was_taken_back_asks_for_a_new_item() {
        let mut item = item(vec![account("checking", None)]);
        item.health = Health::Revoked;
        assert_eq!(item.action(), Action::LinkAgain);
    }

    #[test]
    fn nothing_secret_is_left_of_a_removed_item() {
        let mut item = item(vec![account("checking", None)]);
        item.accounts[0].give_token(Sealed::from_bytes(vec![0]));
        item.access_token = Some(Sealed::from_bytes(vec![0]));
        item.due_at = Some(Timestamp::UNIX_EPOCH);
        let removed = item.removed();
        assert_eq!(removed.access_token, None);
        assert_eq!(removed.accounts[0].processor_token, None);
        assert_eq!(
            (removed.due_at, removed.status()),
            (None, ItemStatus::Removed)
        );
    }
}
