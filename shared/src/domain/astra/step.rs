//! What has to happen next for an Item's accounts to be at Astra, or off it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{
    Account, AccountId, AccountStatus, AstraAccountId, AstraUserId, Deadline, HandOver, Item,
    ItemStatus, Lifecycle,
};

/// One step; each is recorded before the next is thought of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AstraStep {
    /// To hand the account over.
    Send(AccountId),
    /// To find out what became of a hand-over that nobody saw end.
    FindOut(AccountId),
    /// To take one of its accounts off Astra.
    TakeOff(AccountId, AstraAccountId),
    /// To find out whether a removal that nobody saw end has taken it off.
    Recall(AccountId),
}

/// The processor whose tokens Astra can use, as Plaid spells it.
const ASTRA: &str = "astra";
/// When a hand-over that nobody saw end is looked into.
const LOOKED_INTO: Duration = Duration::from_mins(2);

impl Item {
    /// What has to happen next at Astra, for this user of Astra's.
    pub fn step_at_astra(&self, astra_user_id: &AstraUserId) -> Option<AstraStep> {
        if self.lifecycle != Lifecycle::Linked {
            return None;
        }
        let mut accounts = self.accounts.iter();
        accounts.find_map(|account| self.step_of(account, astra_user_id))
    }

    fn step_of(&self, account: &Account, astra_user_id: &AstraUserId) -> Option<AstraStep> {
        let account_id = || account.plaid.account_id.clone();
        let ours = account.at_astra.as_ref();
        let ours = ours.filter(|at_astra| at_astra.astra_user_id == *astra_user_id);
        if let Some(at_astra) = ours {
            match at_astra.hand_over {
                HandOver::Sending { .. } => return Some(AstraStep::FindOut(account_id())),
                HandOver::Leaving => return Some(AstraStep::Recall(account_id())),
                _ => {}
            }
            let revoked = self.status_of(account) == AccountStatus::Revoked;
            let current = at_astra.astra_account_id.as_ref().filter(|_| revoked);
            if let Some(gone) = at_astra.superseded.first().or(current) {
                return Some(AstraStep::TakeOff(account_id(), gone.clone()));
            }
        }
        let new = self.can_be_sent(account) && !account.is_told_to(astra_user_id);
        new.then(|| AstraStep::Send(account_id()))
    }

    /// The accounts whose tokens are on their way to this user of Astra's, or were when
    /// somebody crashed. Of a removed Item nobody can tell any more.
    pub fn on_its_way_to(&self, astra_user_id: &AstraUserId) -> Vec<AccountId> {
        if self.lifecycle == Lifecycle::Removed {
            return Vec::new();
        }
        let on_its_way = |account: &Account| {
            let at_astra = account.at_astra.as_ref()?;
            let theirs = at_astra.is_sent() && at_astra.astra_user_id == *astra_user_id;
            theirs.then(|| account.plaid.account_id.clone())
        };
        self.accounts.iter().filter_map(on_its_way).collect()
    }

    /// A login that does not work may make Astra refuse for good what is fine tomorrow.
    fn can_be_sent(&self, account: &Account) -> bool {
        self.processor.as_str() == ASTRA
            && self.status() == ItemStatus::Active
            && account.status() == AccountStatus::Ready
            && !account.renew
    }

    /// Whether any of its accounts is at Astra, or may be.
    pub fn is_at_astra(&self) -> bool {
        let at_astra = |account: &Account| {
            let at_astra = account.at_astra.as_ref();
            at_astra.is_some_and(|at_astra| at_astra.is_sent() || at_astra.has_accounts())
        };
        self.accounts.iter().any(at_astra)
    }

    /// Whether anything was begun at Astra that nobody saw end.
    pub fn is_unfinished_at_astra(&self) -> bool {
        let unfinished = |account: &Account| {
            let hand_over = account
                .at_astra
                .as_ref()
                .map(|at_astra| &at_astra.hand_over);
            matches!(
                hand_over,
                Some(HandOver::Sending { .. } | HandOver::Leaving)
            )
        };
        self.accounts.iter().any(unfinished)
    }

    /// When somebody must look at the Item after a step at Astra that made it of `before`: soon,
    /// as long as another step follows.
    pub fn due_after_step(&self, before: &Self, now: Timestamp) -> Option<Timestamp> {
        let reread = self.next_reread(now)?;
        let follows = [self, before]
            .into_iter()
            .filter_map(Self::astra_user_id)
            .any(|astra_user_id| self.step_at_astra(astra_user_id).is_some());
        let soon = Deadline::after(now, LOOKED_INTO).moment();
        Some(if follows { reread.min(soon) } else { reread })
    }

    /// Whose its accounts are at Astra.
    fn astra_user_id(&self) -> Option<&AstraUserId> {
        let mut known = self.accounts.iter().filter_map(|a| a.at_astra.as_ref());
        known.next().map(|at_astra| &at_astra.astra_user_id)
    }

    /// When somebody must look into what nobody saw end.
    pub(in crate::domain) fn astra_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let unfinished = self.is_unfinished_at_astra();
        unfinished.then(|| Deadline::after(now, LOOKED_INTO).moment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Health, Sealed};
    use crate::test_util::{self, linked_item};

    fn user() -> AstraUserId {
        AstraUserId::new("ada")
    }

    fn id(id: &str) -> AstraAccountId {
        AstraAccountId::new(id)
    }

    fn a() -> AccountId {
        AccountId::new("a")
    }

    fn ready_item() -> Item {
        let mut item = linked_item("u", "i", vec![test_util::account("a", "checking", None)]);
        item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
        item
    }

    fn item_at_astra() -> Item {
        let mut item = ready_item();
        item.accounts[0].send_to_astra(&user(), Vec::new());
        item.accounts[0].arrive_at_astra(&id("one"));
        item
    }

    fn step(item: &Item) -> Option<AstraStep> {
        item.step_at_astra(&user())
    }

    #[test]
    fn a_ready_account_is_sent_once() {
        let mut item = ready_item();
        assert_eq!(step(&item), Some(AstraStep::Send(a())));
        item.accounts[0].send_to_astra(&user(), Vec::new());
        assert_eq!(step(&item), Some(AstraStep::FindOut(a())));
        item.accounts[0].arrive_at_astra(&id("one"));
        assert_eq!(step(&item), None);
    }

    #[test]
    fn a_new_token_is_sent_and_the_older_account_taken_off() {
        let mut item = item_at_astra();
        item.accounts[0].give_token(Sealed::from_bytes(vec![2]));
        assert_eq!(step(&item), Some(AstraStep::Send(a())));
        item.accounts[0].send_to_astra(&user(), vec![id("one")]);
        item.accounts[0].arrive_at_astra(&id("two"));
        assert_eq!(step(&item), Some(AstraStep::TakeOff(a(), id("one"))));
        item.accounts[0].leave_astra(&id("one"));
        assert_eq!(step(&item), None);
    }

    #[test]
    fn nothing_is_sent_that_does_not_work_or_is_for_others() {
        let mut broken = ready_item();
        broken.health = Health::LoginRequired;
        assert_eq!(step(&broken), None);
        let mut renewed = ready_item();
        renewed.accounts[0].renew = true;
        assert_eq!(step(&renewed), None);
        let mut other = ready_item();
        other.processor = "dwolla".parse().unwrap();
        assert_eq!(step(&other), None);
        let mut unchosen = ready_item();
        unchosen.accounts[0].processor_token = None;
        assert_eq!(step(&unchosen), None);
        let mut going = ready_item();
        going.lifecycle = Lifecycle::Removing;
        assert_eq!(step(&going), None);
    }

    #[test]
    fn a_refusal_is_not_asked_about_again() {
        let mut item = ready_item();
        item.accounts[0].send_to_astra(&user(), Vec::new());
        for hand_over in [
            HandOver::Unclear,
            HandOver::Refused {
                reason: String::new(),
            },
        ] {
            item.accounts[0].set_hand_over(hand_over);
            assert_eq!(step(&item), None);
        }
    }

    #[test]
    fn a_revoked_account_is_taken_off() {
        let mut item = item_at_astra();
        item.accounts[0].revoked = true;
        assert_eq!(step(&item), Some(AstraStep::TakeOff(a(), id("one"))));
        let mut bank = item_at_astra();
        bank.health = Health::Revoked;
        assert_eq!(step(&bank), Some(AstraStep::TakeOff(a(), id("one"))));
        bank.accounts[0].stick_at_astra(&id("one"), "active routines");
        assert_eq!(step(&bank), None);
    }

    #[test]
    fn a_removal_that_did_not_go_on_is_looked_into() {
        let mut item = item_at_astra();
        item.accounts[0].set_hand_over(HandOver::Leaving);
        assert_eq!(step(&item), Some(AstraStep::Recall(a())));
    }

    #[test]
    fn another_user_of_astras_gets_the_accounts_anew() {
        let item = item_at_astra();
        let bob = AstraUserId::new("bob");
        assert_eq!(item.step_at_astra(&bob), Some(AstraStep::Send(a())));
    }

    #[test]
    fn what_nobody_saw_end_is_looked_into_soon() {
        let now = Timestamp::UNIX_EPOCH;
        let mut item = item_at_astra();
        assert_eq!(item.astra_due_at(now), None);
        item.accounts[0].set_hand_over(HandOver::Leaving);
        assert_eq!(
            item.astra_due_at(now),
            Some(Deadline::after(now, LOOKED_INTO).moment())
        );
    }

    #[test]
    fn an_item_is_due_soon_as_long_as_a_step_follows() {
        let now = Timestamp::UNIX_EPOCH;
        let soon = Deadline::after(now, LOOKED_INTO).moment();
        let before = item_at_astra();
        assert!(before.due_after_step(&ready_item(), now) > Some(soon));
        let mut gone = before.clone();
        gone.accounts[0].leave_astra(&id("one"));
        assert_eq!(gone.accounts[0].at_astra, None);
        assert_eq!(gone.due_after_step(&before, now), Some(soon));
        gone.lifecycle = Lifecycle::Removing;
        assert_eq!(gone.due_after_step(&before, now), None);
    }
}
