//! Taking over what Plaid says about an Item.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Account, AccountStatus, Command, Deadline, Health, Institution, Item, ItemStatus, Lifecycle,
    Notice, PlaidAccount, Sha256,
};

/// How soon an Item is read again without any reason.
const REREAD_HEALTHY: Duration = Duration::from_hours(7 * 24);
const REREAD_BROKEN: Duration = Duration::from_hours(24);
/// Deposits are verified within a day or two; a webhook tells sooner.
const REREAD_PENDING: Duration = Duration::from_hours(4);
/// Items that were linked in one hour need not be read in one hour.
const JITTER_SHARE: u32 = 10;

impl Item {
    /// Takes over Plaid's accounts: new ones are added, known ones updated, and what Plaid
    /// does not name any more was taken back, along with its processor token.
    pub fn observe_accounts(&mut self, told: Vec<PlaidAccount>) {
        let mut before = std::mem::take(&mut self.accounts);
        for plaid in told {
            let known = before
                .iter()
                .position(|account| account.plaid.account_id == plaid.account_id);
            let account = match known.map(|position| before.remove(position)) {
                Some(known) => Account {
                    plaid,
                    revoked: false,
                    ..known
                },
                None => Account::new(plaid),
            };
            self.accounts.push(account);
        }
        self.accounts.extend(before.into_iter().map(|gone| Account {
            processor_token: None,
            renew: false,
            revoked: true,
            ..gone
        }));
        let chosen = self.chosen_account.as_ref();
        if chosen.is_some_and(|id| self.account(id).is_none_or(|account| account.revoked)) {
            self.chosen_account = None;
        }
    }

    /// Takes over Plaid's institution. The browser's is a guess that Plaid's word replaces;
    /// a missing name is no word against it.
    pub fn observe_institution(&mut self, told: Option<Institution>) {
        let known = self.institution.take();
        self.institution = match (told, known) {
            (Some(told), Some(known))
                if told.name.is_none() && told.institution_id == known.institution_id =>
            {
                Some(known)
            }
            (told, _) => told,
        };
    }

    /// Takes over Plaid's word about the login.
    pub fn observe_login(&mut self, health: Health, consent_expires_at: Option<Timestamp>) {
        self.health = health;
        self.consent_expires_at = consent_expires_at;
    }

    /// Ends all announcements that were made up to this moment.
    pub fn clear_notices(&mut self, until: Timestamp) {
        self.notices.retain(|notice| notice.issued_at > until);
        self.notices_cleared_at = self.notices_cleared_at.max(Some(until));
    }

    /// Keeps an announcement, unless it is over, or a later one of its kind is there.
    pub fn announce(&mut self, notice: &Notice) {
        let over = self
            .notices_cleared_at
            .is_some_and(|cleared_at| notice.issued_at <= cleared_at);
        let same = |known: &&Notice| known.code == notice.code;
        let known = self.notices.iter().find(same);
        if over || known.is_some_and(|known| known.issued_at >= notice.issued_at) {
            return;
        }
        self.notices.retain(|known| known.code != notice.code);
        self.notices.push(notice.clone());
    }

    /// Heeds a command to replace an account's processor token.
    pub fn heed(&mut self, command: &Command) {
        if let Some(account) = self.account_mut(&command.account_id) {
            account.heed(command);
        }
    }

    /// Whether a user-visible wait is going on that Plaid alone can end.
    fn waits_for_verification(&self) -> bool {
        self.accounts
            .iter()
            .any(|account| account.status() == AccountStatus::PendingVerification)
    }

    /// When to read the Item again if nothing else happens; never, unless it is in use.
    pub fn next_reread(&self, now: Timestamp) -> Option<Timestamp> {
        if self.lifecycle != Lifecycle::Linked {
            return None;
        }
        let period = if self.status() != ItemStatus::Active {
            REREAD_BROKEN
        } else if self.waits_for_verification() {
            REREAD_PENDING
        } else {
            REREAD_HEALTHY
        };
        let spread = period / JITTER_SHARE;
        let share = jitter(self.item_id.as_str());
        let reread = Deadline::after(now, period + spread.mul_f64(share)).moment();
        let at_astra = self.astra_due_at(now).unwrap_or(reread);
        Some(reread.min(at_astra))
    }
}

/// A number from 0 to 1 that is always the same for an Item.
fn jitter(item_id: &str) -> f64 {
    let hash = Sha256::of(item_id.as_bytes());
    let digits = hash.as_str().get(..4).unwrap_or_default();
    f64::from(u16::from_str_radix(digits, 16).unwrap_or_default()) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AccountId, NoticeCode, Sealed};
    use crate::test_util::{account, linked_item};

    fn statuses(item: &Item) -> Vec<(&str, AccountStatus)> {
        item.accounts
            .iter()
            .map(|account| (account.plaid.account_id.as_str(), account.status()))
            .collect()
    }

    #[test]
    fn new_changed_and_vanished_accounts_are_taken_over() {
        let mut item = linked_item(
            "user",
            "item",
            vec![
                account("kept", "checking", Some("pending_automatic_verification")),
                account("gone", "savings", None),
            ],
        );
        item.accounts[1].give_token(Sealed::from_bytes(vec![1]));
        item.chosen_account = Some(AccountId::new("gone"));
        item.observe_accounts(vec![
            account("new", "checking", None),
            account("kept", "checking", Some("automatically_verified")),
        ]);
        let expected = [
            ("new", AccountStatus::Available),
            ("kept", AccountStatus::Available),
            ("gone", AccountStatus::Revoked),
        ];
        assert_eq!(statuses(&item), expected);
        assert_eq!(item.accounts[2].processor_token, None);
        assert_eq!(item.chosen_account, None);
    }

    #[test]
    fn an_account_that_comes_back_needs_a_new_token() {
        let told = vec![account("a", "checking", None)];
        let mut item = linked_item("user", "item", told.clone());
        item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
        item.observe_accounts(vec![]);
        item.observe_accounts(told);
        assert_eq!(statuses(&item), [("a", AccountStatus::Available)]);
        assert_eq!(item.accounts[0].generation, 1);
    }

    #[test]
    fn a_token_stays_with_an_account_that_stays() {
        let told = vec![account("a", "checking", None)];
        let mut item = linked_item("user", "item", told.clone());
        item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
        item.chosen_account = Some(AccountId::new("a"));
        let before = item.clone();
        item.observe_accounts(told);
        assert_eq!(item, before);
    }

    fn notice(code: NoticeCode, second: i64) -> Notice {
        Notice {
            code,
            issued_at: Timestamp::from_second(second).unwrap(),
            reason: None,
            act_before: None,
        }
    }

    #[test]
    fn announcements_in_any_order_end_alike() {
        use NoticeCode::{NewAccountsAvailable, PendingDisconnect};
        let told = [
            notice(PendingDisconnect, 10),
            notice(PendingDisconnect, 20),
            notice(NewAccountsAvailable, 15),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
            let mut item = linked_item("user", "item", vec![]);
            for position in order {
                item.announce(&told[position]);
            }
            item.notices.sort_by_key(|notice| notice.issued_at);
            assert_eq!(
                item.notices,
                [told[2].clone(), told[1].clone()],
                "{order:?}"
            );
        }
    }

    #[test]
    fn an_announcement_from_before_the_update_mode_is_over() {
        let mut item = linked_item("user", "item", vec![]);
        item.announce(&notice(NoticeCode::PendingDisconnect, 10));
        item.clear_notices(Timestamp::from_second(10).unwrap());
        assert_eq!(item.notices, []);
        item.announce(&notice(NoticeCode::PendingDisconnect, 9));
        assert_eq!(item.notices, []);
        item.announce(&notice(NoticeCode::PendingDisconnect, 11));
        assert_eq!(item.notices.len(), 1);
    }

    #[test]
    fn what_needs_attention_is_read_sooner() {
        let now = Timestamp::UNIX_EPOCH;
        let hours = |item: &Item| item.next_reread(now).map(|at| at.as_second() / 3600);
        let mut item = linked_item("user", "item", vec![account("a", "checking", None)]);
        assert!((168..=185).contains(&hours(&item).unwrap()));
        item.health = Health::LoginRequired;
        assert!((24..=27).contains(&hours(&item).unwrap()));
        let pending = Some("pending_automatic_verification");
        let waiting = linked_item("user", "item", vec![account("a", "checking", pending)]);
        assert_eq!(hours(&waiting), Some(4));
        item.lifecycle = Lifecycle::Removing;
        assert_eq!(hours(&item), None);
    }
}
