//! What is due, record by record, over in-memory ports.

#![cfg(test)]

mod strays;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Context, LambdaEvent};
use reconcile_items::{Deps, Event, Report, handler};
use shared::domain::{
    Cause, Change, Deadline, Exchange, ExchangeStep, Health, Hints, Item, ItemId, Lifecycle,
    LinkId, LinkSession, PlaidFailure, PublicToken, Sealed, Sha256, UserId,
};
use shared::http::render_item;
use shared::ports::{Clock, DueRecords, Erasures};
use shared::test_util::{
    FakeAstra, FixedClock, MemoryBus, MemoryPlaid, MemoryStore, MemoryVault, account, linked_item,
    refusal, with_access_token,
};
use shared::use_cases::exchange::{ExchangeRequest, ExchangeSettings, ExchangeUseCase};

const SCHEDULE: &str = include_str!("../../../../events/reconcile-items.json");
const NOW: i64 = 1_795_348_800;
const ACCESS_TOKEN: &str = "access-sandbox-canary-1";

struct Scene {
    deps: Deps<MemoryPlaid, FakeAstra, MemoryStore, MemoryBus, MemoryVault, FixedClock>,
}

impl Scene {
    fn new() -> Self {
        let settings = ExchangeSettings {
            processor: "astra".parse().unwrap(),
            render: render_item,
            max_items: 9,
        };
        Self {
            deps: Deps {
                plaid: MemoryPlaid::with_accounts(vec![account("a", "checking", None)]),
                astra: None,
                store: MemoryStore::default(),
                bus: MemoryBus::default(),
                vault: MemoryVault,
                clock: FixedClock::at_second(NOW),
                settings,
                webhook_url: None,
            },
        }
    }

    fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    async fn run(&self) -> Report {
        self.run_with(SCHEDULE, Duration::from_mins(1)).await
    }

    async fn run_with(&self, event: &str, time: Duration) -> Report {
        let event: Event = serde_json::from_str(event).unwrap();
        let mut context = Context::default();
        let deadline = Deadline::after(self.now(), time).moment();
        context.deadline = u64::try_from(deadline.as_millisecond()).unwrap();
        handler(&self.deps, LambdaEvent::new(event, context)).await
    }

    /// An Item that is due now.
    async fn has(&self, item_id: &str, change: impl FnOnce(&mut Item)) {
        let accounts = vec![account("a", "checking", None)];
        let item = linked_item("user-1", item_id, accounts);
        let mut item = with_access_token(item, ACCESS_TOKEN).await;
        item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
        item.due_at = Some(self.now());
        change(&mut item);
        let mut world = self.deps.plaid.world();
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

    fn item(&self) -> Item {
        let records = self.deps.store.records();
        records.items.values().next().unwrap().clone()
    }

    /// A client begins an exchange.
    async fn link(&self) -> Result<(), String> {
        let use_case = ExchangeUseCase {
            plaid: &self.deps.plaid,
            store: &self.deps.store,
            vault: &self.deps.vault,
            clock: &self.deps.clock,
            settings: &self.deps.settings,
        };
        let request = ExchangeRequest {
            user_id: UserId::new("user-1"),
            public_token: PublicToken::new("public-sandbox-1"),
            account_id: None,
            hints: Hints::default(),
            allow_duplicate: false,
        };
        let deadline = Deadline::after(self.now(), Duration::from_secs(25));
        let answer = use_case.run(request, deadline).await;
        answer.map(|_| ()).map_err(|error| error.to_string())
    }

    fn exchange(&self) -> Exchange {
        let records = self.deps.store.records();
        records.exchanges.values().next().unwrap().clone()
    }

    fn live_items(&self) -> usize {
        self.deps.plaid.world().items.len()
    }

    async fn due(&self) -> usize {
        self.deps
            .store
            .due(self.now(), 100)
            .await
            .unwrap()
            .keys
            .len()
    }
}

fn no_answer() -> PlaidFailure {
    PlaidFailure::NoAnswer {
        reason: "the test took it away",
        maybe_applied: false,
    }
}

fn done(done: u32) -> Report {
    Report {
        done,
        ..Report::default()
    }
}

fn failed(failed: u32) -> Report {
    Report {
        failed,
        ..Report::default()
    }
}

#[tokio::test]
async fn an_interrupted_exchange_is_finished_without_its_client() {
    let scene = Scene::new();
    scene.deps.plaid.fail("accounts", no_answer());
    scene.link().await.unwrap_err();
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.exchange().step, ExchangeStep::Finished);
    assert!(scene.item().has_ready_account());
    assert_eq!(
        scene.run().await,
        Report::default(),
        "nothing is due any more"
    );
}

#[tokio::test]
async fn an_exchange_that_somebody_works_on_is_left_alone() {
    let scene = Scene::new();
    scene.deps.plaid.fail("accounts", no_answer());
    scene.link().await.unwrap_err();
    {
        let mut records = scene.deps.store.records();
        let exchange = records.exchanges.values_mut().next().unwrap();
        exchange.lease_until = scene.now() + SignedDuration::from_secs(20);
    }
    assert_eq!(scene.run().await, Report::default());
    scene.deps.clock.advance_seconds(20);
    assert_eq!(scene.run().await, done(1));
}

#[tokio::test]
async fn an_exchange_that_cannot_go_on_waits_without_blocking_others() {
    let scene = Scene::new();
    scene.deps.plaid.fail("accounts", no_answer());
    scene.link().await.unwrap_err();
    scene.has("due", |_| {}).await;
    scene.deps.plaid.fail("accounts", no_answer());
    let report = scene.run().await;
    assert_eq!((report.failed, report.done), (1, 1));
    assert_eq!(scene.due().await, 0);
    scene.deps.clock.advance_seconds(60);
    assert_eq!(scene.run().await, done(1));
}

#[tokio::test]
async fn a_due_item_is_read_again_and_gets_its_next_time() {
    let scene = Scene::new();
    scene.has("item", |_| {}).await;
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    assert_eq!(scene.run().await, done(1));
    let item = scene.item();
    assert_eq!(item.health, Health::LoginRequired);
    assert!(item.due_at.unwrap() > scene.now());
    let changes = scene.deps.store.records().changes.clone();
    assert_eq!(changes[0].cause, Cause::Reconciler);
}

const WEBHOOKS: &str = "https://api.example/v1/webhooks/plaid";

#[tokio::test]
async fn an_item_that_was_linked_under_another_address_is_moved_once() {
    let mut scene = Scene::new();
    scene.deps.webhook_url = Some(WEBHOOKS.to_owned());
    scene.deps.plaid.world().webhook = Some("https://old.example/v1/webhooks/plaid".to_owned());
    for _ in 0..2 {
        scene.has("item", |_| {}).await;
        assert_eq!(scene.run().await, done(1));
    }
    let world = scene.deps.plaid.world();
    assert_eq!(world.webhook.as_deref(), Some(WEBHOOKS));
    let moves = world.calls.iter().filter(|call| **call == "update_webhook");
    assert_eq!(moves.count(), 1);
}

#[tokio::test]
async fn an_item_that_could_not_be_moved_is_read_all_the_same_and_moved_soon() {
    let mut scene = Scene::new();
    scene.deps.webhook_url = Some(WEBHOOKS.to_owned());
    scene.has("item", |_| {}).await;
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    scene.deps.plaid.fail("update_webhook", no_answer());
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.item().health, Health::LoginRequired);
    assert_eq!(scene.deps.plaid.world().webhook, None);
    scene.deps.clock.advance_seconds(5 * 60);
    assert_eq!(scene.run().await.failed, 0);
    let world = scene.deps.plaid.world();
    assert_eq!(world.webhook.as_deref(), Some(WEBHOOKS));
}

#[tokio::test]
async fn what_plaid_does_not_tell_now_is_asked_later() {
    for (failure, minutes) in [
        (no_answer(), 1),
        (refusal("INSTITUTION_ERROR", "INSTITUTION_DOWN"), 60),
        (refusal("INVALID_INPUT", "INVALID_API_KEYS"), 60),
    ] {
        let scene = Scene::new();
        scene.has("item", |_| {}).await;
        scene.deps.plaid.fail("item", failure);
        assert_eq!(scene.run().await, failed(1));
        scene.deps.clock.advance_seconds(minutes * 60 - 1);
        assert_eq!(scene.run().await, Report::default(), "{minutes}");
        scene.deps.clock.advance_seconds(1);
        assert_eq!(scene.run().await, done(1), "{minutes}");
    }
}

#[tokio::test]
async fn a_removal_goes_on_until_the_item_is_gone() {
    let scene = Scene::new();
    scene
        .has("item", |item| item.lifecycle = Lifecycle::Removing)
        .await;
    scene.deps.plaid.fail("remove", no_answer());
    assert_eq!(scene.run().await, failed(1));
    assert_eq!(scene.live_items(), 1);
    scene.deps.clock.advance_seconds(15 * 60);
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.item().lifecycle, Lifecycle::Removed);
    assert_eq!((scene.live_items(), scene.due().await), (0, 0));
}

fn update_session(scene: &Scene, item_id: &str) -> LinkSession {
    LinkSession {
        link_id: LinkId::new("link"),
        user_id: UserId::new("user-1"),
        link_token_hash: Sha256::of(b"link"),
        link_token: Sealed::from_bytes(vec![1]),
        item_id: Some(ItemId::new(item_id)),
        hosted: false,
        exit: None,
        refreshed_at: None,
        results: None,
        expires_at: scene.now() - SignedDuration::from_mins(2),
        created_at: scene.now(),
    }
}

#[tokio::test]
async fn after_an_update_mode_that_nobody_ended_the_item_is_read_again() {
    let scene = Scene::new();
    scene
        .has("item", |item| {
            item.due_at = None;
            item.health = Health::LoginRequired;
        })
        .await;
    let session = update_session(&scene, "item");
    scene.deps.store.records().sessions.push(session);
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.item().health, Health::Good);
    assert_eq!(scene.due().await, 0);
}

#[tokio::test]
async fn an_update_mode_of_an_item_that_is_gone_does_not_stay_due() {
    let scene = Scene::new();
    let session = update_session(&scene, "nothing");
    scene.deps.store.records().sessions.push(session);
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.due().await, 0);
}

#[tokio::test]
async fn a_user_is_erased_when_all_items_are_gone() {
    let scene = Scene::new();
    scene.has("item", |_| {}).await;
    let user_id = UserId::new("user-1");
    scene
        .deps
        .store
        .wish_erasure(&user_id, scene.now())
        .await
        .unwrap();
    scene.deps.plaid.fail("remove", no_answer());
    scene.run().await;
    assert_eq!(scene.live_items(), 1, "Plaid was away");
    scene.deps.clock.advance_seconds(15 * 60);
    let report = scene.run().await;
    assert_eq!(report.failed, 0);
    let records = scene.deps.store.records().clone();
    assert!(records.items.is_empty() && records.erasures.is_empty());
    let receipt = &records.changes[..];
    assert_eq!(receipt.len(), 1, "nothing but the receipt is left");
    assert_eq!(
        (receipt[0].cause, &receipt[0].item_id),
        (Cause::Erasure, &None)
    );
    assert_eq!((scene.live_items(), scene.due().await), (0, 0));
}

#[tokio::test]
async fn an_operator_names_an_item_or_a_user() {
    for event in [r#"{"item_id": "item"}"#, r#"{"user_id": "user-1"}"#] {
        let scene = Scene::new();
        scene
            .has("item", |item| {
                item.due_at = None;
                item.health = Health::LoginRequired;
            })
            .await;
        let report = scene.run_with(event, Duration::from_mins(1)).await;
        assert_eq!(report, done(1), "{event}");
        assert_eq!(scene.item().health, Health::Good);
    }
}

#[tokio::test]
async fn an_operator_is_told_what_is_wrong() {
    let scene = Scene::new();
    for event in [
        r#"{"item_id": "nobody"}"#,
        r#"{"item_id": "a", "user_id": "b"}"#,
        r#"{"envelope": {"exchange": "e", "item_id": "i", "sealed": "no hex"}}"#,
    ] {
        let report = scene.run_with(event, Duration::from_mins(1)).await;
        assert!(report.refused.is_some(), "{event}");
    }
}

#[tokio::test]
async fn with_too_little_time_nothing_is_begun() {
    let scene = Scene::new();
    scene.has("item", |_| {}).await;
    let report = scene.run_with(SCHEDULE, Duration::from_secs(10)).await;
    assert!(report.unfinished);
    assert!(scene.deps.plaid.world().calls.is_empty());
}

#[tokio::test]
async fn a_change_that_the_stream_did_not_publish_is_published_here() {
    let scene = Scene::new();
    scene.has("item", |item| item.due_at = None).await;
    let user_id = UserId::new("user-1");
    let receipt = Change::erased(&user_id, scene.now());
    scene.deps.store.records().changes.push(receipt);
    assert_eq!(
        scene.run().await,
        Report::default(),
        "the stream comes first"
    );
    scene.deps.clock.advance_seconds(120);
    scene.deps.bus.refuse_after(0);
    assert_eq!(scene.run().await, failed(1));
    scene.deps.clock.advance_seconds(60);
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.deps.bus.events()[0].kind, "user.erased");
    scene.deps.clock.advance_seconds(86_400);
    assert_eq!(scene.run().await, Report::default());
}
