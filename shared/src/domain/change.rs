//! What changed on an Item, and why: at once its history and the source of events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use super::{
    Account, AccountId, AccountStatus, AstraAccountId, AstraStatus, AtAstra, ChangeId,
    ConnectionState, Item, ItemId, ItemStatus, Notice, PlaidRequestId, UserId, Verification,
    VerificationStatus,
};

/// What brought a change about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A public token was exchanged.
    Exchange,
    /// Somebody asked for an account's processor token.
    ProcessorToken,
    /// A session of update mode ended, or its time did.
    UpdateMode,
    /// A webhook.
    Webhook,
    /// Our own schedule.
    Reconciler,
    /// The user removed the Item.
    Removal,
    /// A newer Item of the same accounts took its place.
    Replacement,
    /// The Item turned out to be a second one of the same accounts.
    Duplicate,
    /// A server asked to erase the user.
    Erasure,
    /// An account was brought to Astra, or taken off it.
    HandOver,
    /// A user's connection to Astra was made, renewed or ended.
    AstraConnection,
}

/// One committed change. It holds no token, and of the bank's only what it announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id, which orders changes by time.
    pub change_id: ChangeId,
    /// Whose Item it is.
    pub user_id: UserId,
    /// The Item; none where the change is of the user.
    pub item_id: Option<ItemId>,
    /// When it was committed.
    pub at: Timestamp,
    /// What brought it about.
    pub cause: Cause,
    /// The status before; none for a new Item.
    pub before: Option<ItemStatus>,
    /// The status after.
    pub after: Option<ItemStatus>,
    /// The accounts that changed.
    pub accounts: Vec<AccountChange>,
    /// What Plaid announced, and had not before.
    pub notices: Vec<Notice>,
    /// What became of the user's connection to Astra.
    pub astra_connection: Option<ConnectionState>,
    /// Plaid's id of the answer that told.
    pub plaid_request_id: Option<PlaidRequestId>,
}

/// What changed about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    /// The account.
    pub account_id: AccountId,
    /// Its status before; none for a new account.
    pub before: Option<AccountStatus>,
    /// Its status after.
    pub after: AccountStatus,
    /// How many processor tokens were made for it so far.
    pub generation: u32,
    /// How far Plaid is with its verification, where it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_status: Option<VerificationStatus>,
    /// What changed about it at Astra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_astra: Option<AstraChange>,
}

/// What changed about one account at Astra.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AstraChange {
    /// Astra's account before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<AstraAccountId>,
    /// Astra's account after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AstraAccountId>,
    /// How far its hand-over is; none where it is off Astra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AstraStatus>,
    /// Astra's reason, where it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Change {
    /// What a caller of ours could tell apart between two states of an Item; `None` when
    /// that is nothing.
    pub fn between(
        before: Option<&Item>,
        after: &Item,
        cause: Cause,
        plaid_request_id: Option<PlaidRequestId>,
    ) -> Option<Self> {
        let change = Self {
            change_id: time_ordered(after.updated_at),
            user_id: after.user_id.clone(),
            item_id: Some(after.item_id.clone()),
            at: after.updated_at,
            cause,
            before: before.map(Item::status),
            after: Some(after.status()),
            accounts: changed_accounts(before, after),
            notices: new_notices(before, after),
            astra_connection: None,
            plaid_request_id,
        };
        let noticed = before.is_none_or(|before| before.notices != after.notices);
        (noticed || change.before != change.after || !change.accounts.is_empty()).then_some(change)
    }

    /// The receipt of a user's erasure.
    pub fn erased(user_id: &UserId, at: Timestamp) -> Self {
        Self::of_user(user_id, at, Cause::Erasure, None)
    }

    /// What became of a user's connection to Astra.
    pub fn of_connection(user_id: &UserId, at: Timestamp, state: ConnectionState) -> Self {
        Self::of_user(user_id, at, Cause::AstraConnection, Some(state))
    }

    fn of_user(
        user_id: &UserId,
        at: Timestamp,
        cause: Cause,
        astra_connection: Option<ConnectionState>,
    ) -> Self {
        Self {
            change_id: time_ordered(at),
            user_id: user_id.clone(),
            item_id: None,
            at,
            cause,
            before: None,
            after: None,
            accounts: Vec::new(),
            notices: Vec::new(),
            astra_connection,
            plaid_request_id: None,
        }
    }
}

fn changed_accounts(before: Option<&Item>, after: &Item) -> Vec<AccountChange> {
    let known = |account: &Account| before?.account(&account.plaid.account_id);
    let changed = after.accounts.iter().filter_map(|account| {
        let change = AccountChange {
            account_id: account.plaid.account_id.clone(),
            before: known(account).map(Account::status),
            after: account.status(),
            generation: account.generation,
            verification_status: account.plaid.verification_status.clone(),
            at_astra: changed_at_astra(known(account), account),
        };
        let as_before = known(account).is_some_and(|known| look_alike(known, account));
        (!as_before).then_some(change)
    });
    changed.collect()
}

/// Whether nobody could tell the account's two states apart; who must act while it is being
/// verified is a part of its state.
fn look_alike(before: &Account, after: &Account) -> bool {
    let waits = |account: &Account| {
        let pending = account.status() == AccountStatus::PendingVerification;
        pending.then(|| Verification::of(account.plaid.verification_status.as_ref()))
    };
    before.status() == after.status()
        && before.generation == after.generation
        && waits(before) == waits(after)
        && changed_at_astra(Some(before), after).is_none()
}

/// That something is on its way is no change: how it ends is.
fn changed_at_astra(before: Option<&Account>, after: &Account) -> Option<AstraChange> {
    let id = |account: &Account| account.at_astra.as_ref()?.astra_account_id.clone();
    let settled = |account: &Account| {
        let at_astra = account.at_astra.as_ref()?;
        let ended = matches!(
            at_astra.status(),
            AstraStatus::Refused | AstraStatus::Unclear
        );
        ended.then(|| at_astra.hand_over.clone())
    };
    let earlier = before.and_then(id);
    let earlier_end = before.and_then(settled);
    let ended_anew = settled(after).filter(|end| earlier_end.as_ref() != Some(end));
    if earlier == id(after) && ended_anew.is_none() {
        return None;
    }
    let at_astra = after.at_astra.as_ref();
    Some(AstraChange {
        before: earlier,
        after: id(after),
        status: at_astra.map(AtAstra::status),
        reason: at_astra.and_then(AtAstra::reason).map(str::to_owned),
    })
}

fn new_notices(before: Option<&Item>, after: &Item) -> Vec<Notice> {
    let known = |notice: &&Notice| before.is_some_and(|before| before.notices.contains(notice));
    let notices = after.notices.iter().filter(|notice| !known(notice));
    notices.cloned().collect()
}

fn time_ordered(at: Timestamp) -> ChangeId {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap_or_default();
    let at = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    ChangeId::new(Uuid::new_v7(at).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Health, NoticeCode, Sealed};
    use crate::test_util::{account, linked_item};

    #[test]
    fn a_new_item_is_a_change_and_the_same_item_is_none() {
        let item = linked_item("user", "item", vec![account("a", "checking", None)]);
        let new = Change::between(None, &item, Cause::Exchange, None).unwrap();
        assert_eq!((new.before, new.after), (None, Some(ItemStatus::Active)));
        assert_eq!(new.accounts.len(), 1);
        assert_eq!(
            Change::between(Some(&item), &item, Cause::UpdateMode, None),
            None
        );
    }

    #[test]
    fn a_status_an_account_and_a_further_token_are_changes() {
        let before = linked_item("user", "item", vec![account("a", "checking", None)]);
        let between = |after: &Item| Change::between(Some(&before), after, Cause::UpdateMode, None);

        let mut broken = before.clone();
        broken.health = Health::LoginRequired;
        let change = between(&broken).unwrap();
        assert_eq!(change.after, Some(ItemStatus::LoginRequired));
        assert_eq!(change.accounts, []);

        let mut ready = before.clone();
        ready.accounts[0].give_token(Sealed::from_bytes(vec![1]));
        let change = between(&ready).unwrap();
        assert_eq!(change.accounts[0].after, AccountStatus::Ready);

        let mut again = ready.clone();
        again.accounts[0].give_token(Sealed::from_bytes(vec![2]));
        let change = Change::between(Some(&ready), &again, Cause::Webhook, None).unwrap();
        assert_eq!(
            (change.before, change.accounts[0].generation),
            (change.after, 2)
        );
    }

    #[test]
    fn who_must_act_on_a_verification_is_part_of_a_change() {
        let item = |status| {
            let waiting = account("a", "checking", Some(status));
            linked_item("user", "item", vec![waiting])
        };
        let between = |before, after| {
            Change::between(Some(&item(before)), &item(after), Cause::Webhook, None)
        };
        let change = between(
            "pending_automatic_verification",
            "pending_manual_verification",
        );
        let account = change.unwrap().accounts.remove(0);
        assert_eq!(
            (account.before, account.after, account.verification_status),
            (
                Some(AccountStatus::PendingVerification),
                AccountStatus::PendingVerification,
                Some(VerificationStatus::PendingManualVerification),
            )
        );
        assert_eq!(between("unsent", "pending_automatic_verification"), None);
        assert_eq!(between("manually_verified", "database_matched"), None);
    }

    #[test]
    fn only_new_announcements_are_part_of_a_change() {
        let notice = |code, second| Notice {
            code,
            issued_at: Timestamp::from_second(second).unwrap(),
            reason: None,
            act_before: None,
        };
        let mut before = linked_item("user", "item", vec![]);
        before.notices = vec![
            notice(NoticeCode::NewAccountsAvailable, 1),
            notice(NoticeCode::PendingDisconnect, 2),
        ];
        let mut after = before.clone();
        let again = notice(NoticeCode::PendingDisconnect, 3);
        after.announce(&again);
        let change = Change::between(Some(&before), &after, Cause::Webhook, None);
        assert_eq!(change.unwrap().notices, [again]);
        after.notices.clear();
        let change = Change::between(Some(&before), &after, Cause::UpdateMode, None);
        assert_eq!(change.unwrap().notices, []);
    }

    #[test]
    fn ids_order_changes_by_time() {
        let id = |second| {
            let at = Timestamp::from_second(second).unwrap();
            Change::erased(&UserId::new("u"), at).change_id
        };
        assert!(id(1_000_000) < id(1_000_001) && id(1_000_001) < id(2_000_000_000));
    }
}
