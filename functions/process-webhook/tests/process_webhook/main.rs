//! Webhooks of the stream over in-memory ports: what they bring about, in any order.

#![cfg(test)]

mod hosted_sessions;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Context, LambdaEvent};
use process_webhook::{Deps, handler};
use serde_json::{Value, json};
use shared::domain::{
    AccountId, Deadline, Health, InboxRecord, Item, ItemId, ItemStatus, Lifecycle, NoticeCode,
    PlaidAccount, PlaidFailure, RecordKey, Sealed, Sha256, Webhook, token_hash,
};
use shared::http::render_item;
use shared::ports::{Clock, DueRecords, Inbox};
use shared::test_util::{
    FixedClock, MemoryPlaid, MemoryStore, MemoryVault, account, linked_item, refusal,
    with_access_token,
};
use shared::use_cases::exchange::ExchangeSettings;

const NOW: i64 = 1_795_348_800;
const ACCESS_TOKEN: &str = "access-sandbox-canary-1";
const LINK_TOKEN: &str = "link-sandbox-canary-1";

struct Scene {
    deps: Deps<MemoryPlaid, MemoryStore, MemoryVault, FixedClock>,
    /// What the stream has not delivered yet.
    written: Vec<RecordKey>,
}

impl Scene {
    fn empty() -> Self {
        let settings = ExchangeSettings {
            processor: "astra".parse().unwrap(),
            render: render_item,
            max_items: 9,
        };
        Self {
            deps: Deps {
                plaid: MemoryPlaid::with_accounts(vec![account("a", "checking", None)]),
                store: MemoryStore::default(),
                vault: MemoryVault,
                clock: FixedClock::at_second(NOW),
                settings,
            },
            written: Vec::new(),
        }
    }

    /// With one Item whose account has its token.
    async fn with_item() -> Self {
        let scene = Self::empty();
        scene.add_item(vec![account("a", "checking", None)]).await;
        scene.change(|item| item.accounts[0].give_token(Sealed::from_bytes(vec![1])));
        scene
    }

    async fn add_item(&self, accounts: Vec<PlaidAccount>) {
        let item = linked_item("user-1", "item", accounts.clone());
        let mut item = with_access_token(item, ACCESS_TOKEN).await;
        item.chosen_account = Some(AccountId::new("a"));
        let mut world = self.deps.plaid.world();
        world.accounts = accounts;
        world
            .items
            .insert(ACCESS_TOKEN.to_owned(), item.item_id.clone());
        let mut records = self.deps.store.records();
        records
            .owners
            .insert(item.item_id.clone(), item.user_id.clone());
        let key = (item.user_id.to_string(), item.item_id.to_string());
        records.items.insert(key, item);
    }

    fn change(&self, change: impl FnOnce(&mut Item)) {
        change(self.deps.store.records().items.values_mut().next().unwrap());
    }

    fn item(&self) -> Item {
        let records = self.deps.store.records();
        records.items.values().next().unwrap().clone()
    }

    fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    /// A webhook about the Item arrives.
    async fn receive(&mut self, webhook_type: &str, code: &str, more: Value) {
        self.receive_at(webhook_type, code, more, self.now(), false)
            .await;
    }

    async fn receive_at(
        &mut self,
        webhook_type: &str,
        code: &str,
        more: Value,
        issued_at: Timestamp,
        stale: bool,
    ) {
        let mut body = json!({ "webhook_type": webhook_type, "webhook_code": code });
        let mut more = more;
        if let Some(more) = more.as_object_mut() {
            body.as_object_mut().unwrap().append(more);
        }
        let session = webhook_type == "LINK";
        if !session {
            body["item_id"] = "item".into();
        }
        let body = body.to_string();
        let body_hash = Sha256::of(body.as_bytes());
        let webhook = Webhook {
            webhook_type: Some(webhook_type.into()),
            webhook_code: Some(code.to_owned()),
            item_id: (!session).then(|| ItemId::new("item")),
            link_session_id: None,
            link_token_hash: session.then(|| token_hash(LINK_TOKEN)),
        };
        let record = InboxRecord {
            subject: webhook.subject(&body_hash),
            webhook,
            body,
            body_hash,
            issued_at,
            received_at: self.now(),
            stale,
        };
        self.deps.store.keep(&record).await.unwrap();
        self.written.push(RecordKey::inbox(&record));
    }

    /// The stream delivers what was written; answers the sequence numbers that failed.
    async fn deliver(&mut self) -> Vec<String> {
        let written = std::mem::take(&mut self.written);
        let records: Vec<Value> = written.iter().enumerate().map(stream_record).collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let mut context = Context::default();
        let deadline = Deadline::after(self.now(), Duration::from_mins(1)).moment();
        context.deadline = u64::try_from(deadline.as_millisecond()).unwrap();
        let answer = handler(&self.deps, LambdaEvent::new(event, context)).await;
        let answer = serde_json::to_value(answer).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let failures = failures
            .iter()
            .map(|f| f["itemIdentifier"].as_str().unwrap());
        failures.map(str::to_owned).collect()
    }

    async fn webhook(&mut self, webhook_type: &str, code: &str, more: Value) {
        self.receive(webhook_type, code, more).await;
        assert_eq!(self.deliver().await, Vec::<String>::new());
    }

    /// The webhooks that somebody must look at again.
    async fn waiting(&self, seconds: i64) -> usize {
        let then = self.now() + SignedDuration::from_secs(seconds);
        let due = self.deps.store.due(then, 100).await.unwrap().keys;
        due.iter()
            .filter(|key| key.pk.starts_with("INBOX#"))
            .count()
    }

    fn readings(&self) -> usize {
        let calls = self.deps.plaid.world().calls.clone();
        calls.iter().filter(|call| **call == "item").count()
    }

    fn tokens_made(&self) -> u32 {
        self.deps.plaid.world().processor_tokens.values().sum()
    }
}

fn stream_record((position, key): (usize, &RecordKey)) -> Value {
    json!({ "eventName": "INSERT", "dynamodb": {
        "Keys": { "pk": { "S": key.pk }, "sk": { "S": key.sk } },
        "SequenceNumber": position.to_string() } })
}

fn away() -> PlaidFailure {
    refusal("API_ERROR", "INTERNAL_SERVER_ERROR")
}

#[tokio::test]
async fn the_truth_is_plaids_and_not_the_webhooks() {
    let mut scene = Scene::with_item().await;
    let error = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" } });
    scene.webhook("ITEM", "ERROR", error.clone()).await;
    assert_eq!(
        scene.item().status(),
        ItemStatus::Active,
        "Plaid says it is well"
    );
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    scene.deps.clock.advance_seconds(1);
    scene.webhook("ITEM", "ERROR", error).await;
    assert_eq!(scene.item().status(), ItemStatus::LoginRequired);
    scene.deps.plaid.world().health = None;
    scene.webhook("ITEM", "LOGIN_REPAIRED", json!({})).await;
    assert_eq!(scene.item().status(), ItemStatus::Active);
    assert_eq!(scene.waiting(3600).await, 0);
}

#[tokio::test]
async fn many_webhooks_of_an_item_cause_one_look() {
    let mut scene = Scene::with_item().await;
    for number in 0..20 {
        scene.receive("ITEM", "ERROR", json!({ "n": number })).await;
    }
    assert_eq!(scene.deliver().await, Vec::<String>::new());
    assert_eq!((scene.readings(), scene.waiting(3600).await), (1, 0));
}

#[tokio::test]
async fn plaids_limit_for_an_item_is_kept_and_the_last_webhook_is_not_lost() {
    let mut scene = Scene::with_item().await;
    for number in 0..30 {
        scene.webhook("ITEM", "ERROR", json!({ "n": number })).await;
    }
    assert!(scene.readings() <= 15, "{}", scene.readings());
    assert!(scene.waiting(60).await > 0);
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    scene.deps.clock.advance_seconds(60);
    scene.webhook("ITEM", "ERROR", json!({ "n": 31 })).await;
    assert_eq!(scene.item().status(), ItemStatus::LoginRequired);
    assert_eq!(scene.waiting(3600).await, 0, "it stood for all of them");
}

#[tokio::test]
async fn a_verified_account_gets_the_token_that_was_waiting() {
    let mut scene = Scene::empty();
    let pending = Some("pending_automatic_verification");
    scene
        .add_item(vec![account("a", "checking", pending)])
        .await;
    let verified = account("a", "checking", Some("automatically_verified"));
    scene.deps.plaid.world().accounts = vec![verified];
    let about = json!({ "account_id": "a" });
    scene.webhook("AUTH", "AUTOMATICALLY_VERIFIED", about).await;
    assert!(scene.item().has_ready_account());
    assert_eq!(scene.tokens_made(), 1);
}

#[tokio::test]
async fn announcements_are_kept_until_update_mode_and_not_brought_back_by_late_ones() {
    let mut scene = Scene::with_item().await;
    let now = scene.now();
    let more = json!({ "reason": "INSTITUTION_MIGRATION",
        "disconnect_time": "2026-12-01T00:00:00Z" });
    scene
        .webhook("ITEM", "PENDING_DISCONNECT", more.clone())
        .await;
    let notice = scene.item().notices[0].clone();
    assert_eq!(notice.code, NoticeCode::PendingDisconnect);
    assert!(notice.act_before.is_some());
    scene.change(|item| item.clear_notices(now));
    scene.deps.clock.advance_seconds(100);
    let before = now - SignedDuration::from_secs(1);
    scene
        .receive_at("ITEM", "PENDING_DISCONNECT", more, before, false)
        .await;
    scene.deliver().await;
    assert_eq!(scene.item().notices, []);
}

#[tokio::test]
async fn missing_permissions_ask_for_update_mode() {
    let mut scene = Scene::with_item().await;
    scene
        .webhook("AUTH", "PRODUCT_PERMISSIONS_REQUIRED", json!({}))
        .await;
    assert_eq!(scene.item().action().as_str(), "relink");
}

#[tokio::test]
async fn changed_numbers_replace_the_token_once() {
    let mut scene = Scene::with_item().await;
    let more = json!({ "account_ids_with_new_auth": ["a"] });
    scene.webhook("AUTH", "DEFAULT_UPDATE", more.clone()).await;
    assert_eq!(
        (scene.item().accounts[0].generation, scene.tokens_made()),
        (2, 1)
    );
    scene.deps.clock.advance_seconds(600);
    scene.webhook("AUTH", "DEFAULT_UPDATE", more).await;
    assert_eq!(scene.tokens_made(), 1, "Plaid sent the same again");
    let another = json!({ "account_ids_with_updated_auth": { "a": ["ACCOUNT_NUMBER"] } });
    scene.webhook("AUTH", "DEFAULT_UPDATE", another).await;
    assert_eq!(scene.tokens_made(), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_now_is_replaced_later() {
    let mut scene = Scene::with_item().await;
    scene.deps.plaid.fail("processor_token", away());
    let more = json!({ "account_ids_with_new_auth": ["a"] });
    scene.webhook("AUTH", "DEFAULT_UPDATE", more).await;
    assert!(scene.item().accounts[0].renew);
    let soon = scene.now() + SignedDuration::from_mins(5);
    assert_eq!(scene.item().due_at, Some(soon));
    scene.webhook("ITEM", "ERROR", json!({})).await;
    assert_eq!(scene.item().accounts[0].generation, 2);
    assert!(!scene.item().accounts[0].renew);
}

#[tokio::test]
async fn an_old_signature_is_a_reason_to_look_and_no_command() {
    let mut scene = Scene::with_item().await;
    let now = scene.now();
    let old = now - SignedDuration::from_hours(1);
    let more = json!({ "account_ids_with_new_auth": ["a"] });
    scene
        .receive_at("AUTH", "DEFAULT_UPDATE", more, old, true)
        .await;
    scene.deliver().await;
    assert_eq!((scene.readings(), scene.tokens_made()), (1, 0));
    assert_eq!(scene.waiting(3600).await, 0);
}

#[tokio::test]
async fn what_is_unknown_is_ignored_without_asking_plaid() {
    let mut scene = Scene::with_item().await;
    scene.webhook("NEXT_YEAR", "NEW", json!({})).await;
    scene
        .webhook("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED", json!({}))
        .await;
    assert_eq!((scene.readings(), scene.waiting(86_400).await), (0, 0));
}

#[tokio::test]
async fn a_webhook_that_comes_before_its_item_is_applied_afterwards() {
    let mut scene = Scene::empty();
    scene.webhook("ITEM", "ERROR", json!({})).await;
    assert_eq!((scene.waiting(0).await, scene.waiting(20).await), (0, 1));
    scene.add_item(vec![account("a", "checking", None)]).await;
    scene.change(|item| item.lifecycle = Lifecycle::Linking);
    scene.deps.clock.advance_seconds(20);
    scene
        .webhook("ITEM", "ERROR", json!({ "again": true }))
        .await;
    assert_eq!((scene.readings(), scene.waiting(20).await), (0, 2));
    scene.change(|item| item.lifecycle = Lifecycle::Linked);
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    scene
        .webhook("ITEM", "ERROR", json!({ "third": true }))
        .await;
    assert_eq!(scene.item().status(), ItemStatus::LoginRequired);
    assert_eq!(scene.waiting(3600).await, 0);
}

#[tokio::test]
async fn what_nobody_claims_for_a_day_is_given_up() {
    let mut scene = Scene::empty();
    scene.webhook("ITEM", "ERROR", json!({})).await;
    scene.deps.clock.advance_seconds(24 * 3600);
    scene.written = vec![RecordKey {
        pk: "INBOX#item".to_owned(),
        sk: "any".to_owned(),
    }];
    scene.deliver().await;
    assert_eq!(scene.waiting(86_400).await, 0);
}

#[tokio::test]
async fn while_plaid_is_away_the_webhook_waits_and_the_stream_goes_on() {
    let mut scene = Scene::with_item().await;
    scene.deps.plaid.fail("item", away());
    scene.webhook("ITEM", "ERROR", json!({})).await;
    assert_eq!((scene.waiting(0).await, scene.waiting(60).await), (0, 1));
}

#[tokio::test]
async fn only_what_the_table_did_not_take_is_delivered_again() {
    let mut scene = Scene::with_item().await;
    scene.receive("ITEM", "ERROR", json!({})).await;
    scene.deps.store.go_down(0, 1);
    assert_eq!(scene.deliver().await, ["0"]);
    assert_eq!(scene.waiting(0).await, 1);
    scene.written = vec![RecordKey {
        pk: "INBOX#item".to_owned(),
        sk: "any".to_owned(),
    }];
    assert_eq!(scene.deliver().await, Vec::<String>::new());
    assert_eq!(scene.waiting(3600).await, 0);
}

#[tokio::test]
async fn a_webhook_for_a_removed_item_changes_nothing() {
    let mut scene = Scene::with_item().await;
    scene.change(|item| *item = item.removed());
    let before = scene.item();
    scene.webhook("ITEM", "ERROR", json!({})).await;
    assert_eq!((scene.item(), scene.readings()), (before, 0));
    assert_eq!(scene.waiting(86_400).await, 0);
}

#[tokio::test]
async fn the_very_same_webhook_again_is_not_processed_again() {
    let mut scene = Scene::with_item().await;
    scene.webhook("ITEM", "ERROR", json!({})).await;
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    scene.webhook("ITEM", "ERROR", json!({})).await;
    assert_eq!(scene.readings(), 1);
}
