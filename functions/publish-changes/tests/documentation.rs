//! What is published, and what docs/events.md shows, is what docs/events.schema.json says.

#![cfg(test)]

use std::collections::BTreeSet;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use shared::domain::{
    AccountChange, AccountId, AccountStatus, AstraAccountId, AstraChange, AstraStatus, Cause,
    Change, ChangeId, ConnectionState, ItemStatus, Notice, NoticeCode, VerificationStatus,
};
use shared::event_bus::SOURCE;
use shared::test_util::store_contract::samples;
use shared::use_cases::publish::{KINDS, events_of};

const SCHEMA: &str = include_str!("../../../docs/events.schema.json");
const PAGE: &str = include_str!("../../../docs/events.md");

const CAUSES: [Cause; 11] = [
    Cause::Exchange,
    Cause::ProcessorToken,
    Cause::UpdateMode,
    Cause::Webhook,
    Cause::Reconciler,
    Cause::Removal,
    Cause::Replacement,
    Cause::Duplicate,
    Cause::Erasure,
    Cause::HandOver,
    Cause::AstraConnection,
];
const CONNECTIONS: [ConnectionState; 3] = [
    ConnectionState::Connected,
    ConnectionState::ReauthorizationRequired,
    ConnectionState::Disconnected,
];
const AT_ASTRA: [AstraStatus; 5] = [
    AstraStatus::Waiting,
    AstraStatus::Linked,
    AstraStatus::Refused,
    AstraStatus::Unclear,
    AstraStatus::Leaving,
];
const ITEM_STATUSES: [ItemStatus; 7] = [
    ItemStatus::Linking,
    ItemStatus::Active,
    ItemStatus::LoginRequired,
    ItemStatus::NeedsUser,
    ItemStatus::Revoked,
    ItemStatus::Removing,
    ItemStatus::Removed,
];
const ACCOUNT_STATUSES: [AccountStatus; 6] = [
    AccountStatus::Ready,
    AccountStatus::Available,
    AccountStatus::PendingVerification,
    AccountStatus::VerificationFailed,
    AccountStatus::Revoked,
    AccountStatus::NotEligible,
];
const NOTICES: [NoticeCode; 4] = [
    NoticeCode::PendingDisconnect,
    NoticeCode::PendingExpiration,
    NoticeCode::NewAccountsAvailable,
    NoticeCode::ProductPermissionsRequired,
];

/// The schema, but without room for members that it does not name.
fn strict_schema() -> Validator {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for kind in KINDS {
        let detail = &mut schema["$defs"][kind]["properties"]["detail"];
        assert!(detail.is_object(), "the schema does not know {kind}");
        detail["unevaluatedProperties"] = json!(false);
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// An event as EventBridge delivers it.
fn delivered(kind: &str, detail: &Value) -> Value {
    json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "source": SOURCE,
        "account": "123456789012",
        "time": "2026-11-22T12:00:01Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": kind,
        "detail": detail,
    })
}

fn check(schema: &Validator, kind: &str, detail: &Value) {
    let event = delivered(kind, detail);
    let errors: Vec<String> = schema
        .iter_errors(&event)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{event:#}\n{errors:#?}");
}

fn of_item(before: Option<ItemStatus>, after: ItemStatus) -> Change {
    Change {
        before,
        after: Some(after),
        accounts: Vec::new(),
        notices: Vec::new(),
        astra_connection: None,
        ..samples::full_change()
    }
}

fn of_account(before: Option<AccountStatus>, after: AccountStatus) -> Vec<Change> {
    let verified = [None, Some("pending_manual_verification"), Some("New")];
    let change = |status: Option<&str>| Change {
        accounts: vec![AccountChange {
            account_id: AccountId::new("account"),
            before,
            after,
            generation: 2,
            verification_status: status.map(VerificationStatus::from),
            at_astra: None,
        }],
        ..of_item(Some(ItemStatus::Active), ItemStatus::Active)
    };
    verified.into_iter().map(change).collect()
}

fn of_notice(code: NoticeCode) -> [Change; 2] {
    let full = Notice {
        code,
        issued_at: samples::at(1),
        reason: Some("INSTITUTION_MIGRATION".to_owned()),
        act_before: Some(samples::at(2)),
    };
    let plain = Notice {
        reason: None,
        act_before: None,
        ..full.clone()
    };
    [full, plain].map(|notice| Change {
        notices: vec![notice],
        ..of_item(Some(ItemStatus::Active), ItemStatus::Active)
    })
}

/// Every place at Astra after every other one, of a live Item and of one that goes. Astra's
/// reason goes with a refusal, as in the code.
fn at_astra() -> Vec<Change> {
    let ids = [None, Some("one"), Some("two")].map(|id| id.map(AstraAccountId::new));
    let statuses: Vec<_> = AT_ASTRA.map(Some).into_iter().chain([None]).collect();
    let mut changes = Vec::new();
    for (before, after) in ids.iter().flat_map(|id| ids.iter().map(move |to| (id, to))) {
        for status in &statuses {
            let refused = *status == Some(AstraStatus::Refused);
            let account = AccountChange {
                account_id: AccountId::new("account"),
                before: Some(AccountStatus::Ready),
                after: AccountStatus::Ready,
                generation: 1,
                verification_status: None,
                at_astra: Some(AstraChange {
                    before: before.clone(),
                    after: after.clone(),
                    status: *status,
                    reason: refused.then(|| "active routines".to_owned()),
                }),
            };
            for item in [ItemStatus::Active, ItemStatus::Removed] {
                changes.push(Change {
                    accounts: vec![account.clone()],
                    ..of_item(Some(item), item)
                });
            }
        }
    }
    changes
}

/// Every pair of states, every announcement, every cause, everything at Astra.
fn changes() -> Vec<Change> {
    let befores = |known: &[ItemStatus]| known.iter().copied().map(Some).collect::<Vec<_>>();
    let mut changes = vec![Change::erased(&samples::user(), samples::at(0))];
    for before in befores(&ITEM_STATUSES).into_iter().chain([None]) {
        // Nothing comes back from a removal.
        let ended = before == Some(ItemStatus::Removed);
        let afters = ITEM_STATUSES.into_iter().filter(|_| !ended);
        changes.extend(afters.map(|after| of_item(before, after)));
    }
    for before in ACCOUNT_STATUSES.into_iter().map(Some).chain([None]) {
        for after in ACCOUNT_STATUSES {
            changes.extend(of_account(before, after));
        }
    }
    changes.extend(NOTICES.into_iter().flat_map(of_notice));
    let connection = |state| Change::of_connection(&samples::user(), samples::at(0), state);
    changes.extend(CONNECTIONS.map(connection));
    changes.extend(at_astra());
    changes.extend(CAUSES.map(|cause| Change {
        change_id: ChangeId::new("0-1"),
        cause,
        plaid_request_id: None,
        ..of_item(None, ItemStatus::Active)
    }));
    changes
}

#[test]
fn every_event_is_what_the_schema_says() {
    let schema = strict_schema();
    let mut seen = BTreeSet::new();
    for event in changes().iter().flat_map(events_of) {
        check(&schema, event.kind, &event.detail);
        seen.insert(event.kind);
    }
    assert_eq!(seen, BTreeSet::from(KINDS));
}

#[test]
fn the_schema_refuses_what_is_no_event() {
    let schema = strict_schema();
    let [event] = events_of(&of_item(None, ItemStatus::Active))
        .try_into()
        .unwrap();
    let refused = |kind: &str, change: fn(&mut Value)| {
        let mut detail = event.detail.clone();
        change(&mut detail);
        assert!(!schema.is_valid(&delivered(kind, &detail)), "{detail}");
    };
    refused("item.unheard_of", |_| {});
    refused("item.removed", |_| {});
    refused(event.kind, |detail| detail["more"] = json!(1));
    refused(event.kind, |detail| detail["at"] = json!("yesterday"));
    refused(event.kind, |detail| detail["cause"] = json!("weather"));
    for name in [
        "event_id",
        "change_id",
        "user_id",
        "item_id",
        "at",
        "cause",
        "after",
    ] {
        let mut detail = event.detail.clone();
        detail.as_object_mut().unwrap().remove(name);
        let event = delivered(event.kind, &detail);
        assert!(!schema.is_valid(&event), "without {name}");
    }
}

/// Of each kind, the example of its section.
fn examples() -> Vec<(&'static str, Value)> {
    let sections = PAGE.split("\n### `").skip(1);
    let example = |section: &'static str| {
        let (kind, text) = section.split_once('`').unwrap();
        let (_, text) = text.split_once("```json\n").unwrap();
        let (example, _) = text.split_once("```").unwrap();
        (kind, serde_json::from_str(example).unwrap())
    };
    sections.map(example).collect()
}

#[test]
fn the_page_has_a_valid_example_of_every_kind() {
    let schema = strict_schema();
    let examples = examples();
    for (kind, detail) in &examples {
        check(&schema, kind, detail);
    }
    let shown: Vec<_> = examples.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(shown, KINDS);
}
