//! Which events a change means.

use serde_json::{Value, json};

use super::*;
use crate::domain::{AstraChange, Item, NoticeCode, Sealed};
use crate::test_util::store_contract::samples;
use crate::test_util::{account, linked_item};

use crate::domain::AccountStatus::{
    Available, NotEligible, PendingVerification, Ready, Revoked, VerificationFailed,
};
use crate::domain::ItemStatus::{Active, Linking, LoginRequired, NeedsUser, Removed, Removing};

fn change(before: Option<ItemStatus>, after: ItemStatus) -> Change {
    Change {
        change_id: ChangeId::new("c"),
        item_id: Some(ItemId::new("i")),
        before,
        after: Some(after),
        ..samples::plain_change()
    }
}

fn account_change(before: Option<AccountStatus>, after: AccountStatus) -> AccountChange {
    AccountChange {
        account_id: AccountId::new("a"),
        before,
        after,
        generation: 1,
        verification_status: None,
        at_astra: None,
    }
}

fn with_account(account: AccountChange) -> Change {
    Change {
        accounts: vec![account],
        ..change(Some(Active), Active)
    }
}

fn kinds(change: &Change) -> Vec<&'static str> {
    let events = events_of(change).into_iter();
    events.map(|event| event.kind).collect()
}

/// The only event's detail, without what all events have.
fn fact(change: &Change) -> Value {
    let [event] = events_of(change).try_into().unwrap();
    let Event { mut detail, .. } = event;
    let common = [
        "event_id",
        "change_id",
        "user_id",
        "item_id",
        "at",
        "cause",
        "plaid_request_id",
    ];
    let members = detail.as_object_mut().unwrap();
    members.retain(|name, _| !common.contains(&name.as_str()));
    detail
}

#[test]
fn an_items_states_become_events() {
    let told: [(Option<ItemStatus>, ItemStatus, &[&str]); 15] = [
        (None, Linking, &[]),
        (Some(Linking), Linking, &[]),
        (Some(Linking), Active, &[ITEM_LINKED]),
        (None, Active, &[ITEM_LINKED]),
        (Some(Linking), LoginRequired, &[ITEM_LINKED]),
        (Some(Linking), Removing, &[]),
        (Some(Linking), Removed, &[ITEM_REMOVED]),
        (Some(Active), Active, &[]),
        (Some(Active), LoginRequired, &[ITEM_STATUS_CHANGED]),
        (Some(NeedsUser), Active, &[ITEM_STATUS_CHANGED]),
        (Some(Active), ItemStatus::Revoked, &[ITEM_STATUS_CHANGED]),
        (Some(LoginRequired), Removing, &[ITEM_STATUS_CHANGED]),
        (Some(Removing), Removed, &[ITEM_REMOVED]),
        (Some(Active), Removed, &[ITEM_REMOVED]),
        (Some(Removed), Removed, &[]),
    ];
    for (before, after, expected) in told {
        let kinds = kinds(&change(before, after));
        assert_eq!(kinds, expected, "{before:?} -> {after:?}");
    }
    assert_eq!(
        fact(&change(Some(Active), LoginRequired)),
        json!({"before": "active", "after": "login_required"})
    );
    assert_eq!(fact(&change(None, Active)), json!({"after": "active"}));
}

#[test]
fn an_accounts_states_become_events() {
    let told: [(Option<AccountStatus>, AccountStatus, &[&str]); 16] = [
        (None, Ready, &[ACCOUNT_READY]),
        (Some(Available), Ready, &[ACCOUNT_READY]),
        (Some(PendingVerification), Ready, &[ACCOUNT_READY]),
        (Some(Ready), Ready, &[ACCOUNT_TOKEN_REPLACED]),
        (None, Available, &[ACCOUNT_AVAILABLE]),
        (Some(Revoked), Available, &[ACCOUNT_AVAILABLE]),
        (None, PendingVerification, &[ACCOUNT_VERIFICATION_NEEDED]),
        (
            Some(PendingVerification),
            PendingVerification,
            &[ACCOUNT_VERIFICATION_NEEDED],
        ),
        (None, VerificationFailed, &[ACCOUNT_VERIFICATION_FAILED]),
        (
            Some(PendingVerification),
            VerificationFailed,
            &[ACCOUNT_VERIFICATION_FAILED],
        ),
        (Some(VerificationFailed), VerificationFailed, &[]),
        (Some(Ready), Revoked, &[ACCOUNT_REVOKED]),
        (Some(Revoked), Revoked, &[]),
        (None, NotEligible, &[]),
        (Some(Available), NotEligible, &[ACCOUNT_NOT_ELIGIBLE]),
        (Some(NotEligible), Available, &[ACCOUNT_AVAILABLE]),
    ];
    for (before, after, expected) in told {
        let kinds = kinds(&with_account(account_change(before, after)));
        assert_eq!(kinds, expected, "{before:?} -> {after:?}");
    }
}

#[test]
fn a_ready_account_says_which_token_it_has_and_whether_it_had_another() {
    let ready = |generation| {
        fact(&with_account(AccountChange {
            generation,
            ..account_change(Some(Available), Ready)
        }))
    };
    let expected = json!({"account_id": "a", "before": "available", "after": "ready",
        "generation": 1, "replaces": false});
    assert_eq!(ready(1), expected);
    assert_eq!(ready(2)["replaces"], true);
}

#[test]
fn a_verification_says_who_must_act() {
    let needed = |status: Option<&str>| {
        fact(&with_account(AccountChange {
            verification_status: status.map(VerificationStatus::from),
            ..account_change(None, PendingVerification)
        }))
    };
    let manual = needed(Some("pending_manual_verification"));
    assert_eq!(manual["waits_for"], "user");
    assert_eq!(manual["verification_status"], "pending_manual_verification");
    for status in [Some("pending_automatic_verification"), Some("New"), None] {
        assert_eq!(needed(status)["waits_for"], "plaid", "{status:?}");
    }
}

#[test]
fn an_announcement_says_until_when_to_act() {
    let told = Change {
        notices: samples::full_item().notices,
        ..change(Some(Active), Active)
    };
    let [disconnect, accounts] = events_of(&told).try_into().unwrap();
    assert_eq!((disconnect.kind, accounts.kind), (ITEM_NOTICE, ITEM_NOTICE));
    assert_eq!(disconnect.detail["code"], "pending_disconnect");
    assert_eq!(
        disconnect.detail["act_before"],
        samples::at(700).to_string()
    );
    assert_eq!(disconnect.detail["reason"], "INSTITUTION_MIGRATION");
    assert_eq!(accounts.detail["code"], "new_accounts_available");
    assert_eq!(accounts.detail.get("act_before"), None);
}

#[test]
fn an_erased_user_is_told_of_without_any_item() {
    let user_id = UserId::new("u");
    let receipt = Change::erased(&user_id, samples::at(0));
    assert_eq!(kinds(&receipt), [USER_ERASED]);
    assert_eq!(fact(&receipt), json!({}));
    let item = Change {
        cause: Cause::Erasure,
        ..change(Some(Removing), Removed)
    };
    assert_eq!(kinds(&item), [ITEM_REMOVED]);
}

#[test]
fn every_event_says_whose_it_is_and_why() {
    let told = Change {
        plaid_request_id: Some(PlaidRequestId::new("r")),
        ..change(None, Active)
    };
    let [event] = events_of(&told).try_into().unwrap();
    let expected = json!({"event_id": "c/0", "change_id": "c", "user_id": samples::user(),
        "item_id": "i", "at": samples::at(3).to_string(), "cause": "webhook",
        "plaid_request_id": "r", "after": "active"});
    assert_eq!(event.detail, expected);
    assert_eq!(event.event_id, "c/0");
}

#[test]
fn an_events_id_is_its_subjects_place_in_the_change() {
    let told = |first| Change {
        accounts: vec![
            account_change(None, first),
            account_change(None, Ready),
            account_change(Some(Ready), Revoked),
        ],
        notices: samples::full_item().notices,
        ..change(Some(Active), LoginRequired)
    };
    let ids = |change: &Change| -> Vec<String> {
        let events = events_of(change).into_iter();
        events.map(|event| event.event_id).collect()
    };
    let all = told(Available);
    assert_eq!(ids(&all), ["c/0", "c/1", "c/2", "c/3", "c/4", "c/5"]);
    assert_eq!(events_of(&all), events_of(&all));
    assert_eq!(ids(&told(NotEligible)), ["c/0", "c/2", "c/3", "c/4", "c/5"]);
}

#[test]
fn a_removed_items_accounts_are_not_told_of() {
    let mut item = linked_item("u", "i", vec![account("a", "checking", None)]);
    item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
    let between = |before: &Item, after: &Item| {
        let change = Change::between(Some(before), after, Cause::Removal, None);
        kinds(&change.unwrap())
    };
    let removing = item.removing(Timestamp::UNIX_EPOCH);
    assert_eq!(between(&item, &removing), [ITEM_STATUS_CHANGED]);
    assert_eq!(between(&removing, &removing.removed()), [ITEM_REMOVED]);
}

#[test]
fn an_announcement_that_ended_is_no_event() {
    let mut before = linked_item("u", "i", vec![]);
    before.notices = samples::full_item().notices;
    assert_eq!(before.notices[0].code, NoticeCode::PendingDisconnect);
    let mut after = before.clone();
    after.notices.clear();
    let change = Change::between(Some(&before), &after, Cause::UpdateMode, None);
    assert_eq!(kinds(&change.unwrap()), [] as [&str; 0]);
}

#[test]
fn what_becomes_of_a_connection_to_astra_is_told_of_the_user() {
    for (state, kind) in [
        (ConnectionState::Connected, ASTRA_CONNECTED),
        (
            ConnectionState::ReauthorizationRequired,
            ASTRA_REAUTHORIZATION_REQUIRED,
        ),
        (ConnectionState::Disconnected, ASTRA_DISCONNECTED),
    ] {
        let told = Change::of_connection(&UserId::new("u"), samples::at(0), state);
        assert_eq!(kinds(&told), [kind]);
        assert_eq!(fact(&told), json!({}));
        let [event] = events_of(&told).try_into().unwrap();
        assert_eq!(event.detail.get("item_id"), None);
        assert_eq!(event.detail["cause"], "astra_connection");
    }
}

/// A ready account whose place at Astra changed.
fn moved(
    before: Option<&str>,
    after: Option<&str>,
    status: Option<AstraStatus>,
    reason: Option<&str>,
) -> Change {
    with_account(AccountChange {
        at_astra: Some(AstraChange {
            before: before.map(AstraAccountId::new),
            after: after.map(AstraAccountId::new),
            status,
            reason: reason.map(str::to_owned),
        }),
        ..account_change(Some(Ready), Ready)
    })
}

#[test]
fn an_accounts_ways_at_astra_become_events() {
    use AstraStatus::{Leaving, Linked, Refused, Unclear};
    let (one, two) = (Some("one"), Some("two"));
    let told = [
        (
            moved(None, one, Some(Linked), None),
            ASTRA_ACCOUNT_LINKED,
            json!({"account_id": "a", "new": "one"}),
        ),
        (
            moved(one, two, Some(Linked), None),
            ASTRA_ACCOUNT_REPLACED,
            json!({"account_id": "a", "old": "one", "new": "two"}),
        ),
        (
            moved(None, None, Some(Refused), Some("no")),
            ASTRA_ACCOUNT_REFUSED,
            json!({"account_id": "a", "reason": "no"}),
        ),
        (
            moved(one, None, Some(Refused), Some("active routines")),
            ASTRA_ACCOUNT_REFUSED,
            json!({"account_id": "a", "old": "one", "reason": "active routines"}),
        ),
        (
            moved(None, None, Some(Unclear), None),
            ASTRA_ACCOUNT_UNCLEAR,
            json!({"account_id": "a"}),
        ),
        (
            moved(one, None, Some(Leaving), None),
            ASTRA_ACCOUNT_REMOVED,
            json!({"account_id": "a", "old": "one"}),
        ),
        (
            moved(one, None, None, None),
            ASTRA_ACCOUNT_REMOVED,
            json!({"account_id": "a", "old": "one"}),
        ),
    ];
    for (change, kind, expected) in told {
        assert_eq!(kinds(&change), [kind]);
        assert_eq!(fact(&change), expected);
    }
    let nowhere = moved(None, None, Some(AstraStatus::Waiting), None);
    assert_eq!(kinds(&nowhere), [] as [&str; 0]);
}

#[test]
fn what_leaves_astra_with_its_item_is_told_of() {
    let going = Change {
        before: Some(Removing),
        after: Some(Removed),
        ..moved(Some("one"), None, None, None)
    };
    assert_eq!(kinds(&going), [ITEM_REMOVED, ASTRA_ACCOUNT_REMOVED]);
}

#[test]
fn events_of_astra_come_behind_all_others_so_that_no_id_moves() {
    let mut told = moved(None, Some("one"), Some(AstraStatus::Linked), None);
    told.notices = samples::full_item().notices;
    let events = events_of(&told);
    let ids: Vec<_> = events.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(ids, ["c/2", "c/3", "c/4"]);
}
