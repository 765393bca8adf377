//! Batches of the stream over in-memory ports: what reaches the bus, and what has to come
//! again.

#![cfg(test)]

use std::time::Duration;

use lambda_http::{Context, LambdaEvent};
use publish_changes::{Deps, handler};
use serde_json::{Value, json};
use shared::domain::{Cause, Change, ChangeId, Deadline, ItemStatus, RecordKey, Sealed, UserId};
use shared::ports::{Clock, DueRecords, Outbox, StoreError};
use shared::test_util::{
    FixedClock, MemoryBus, MemoryStore, account, linked_item, with_access_token,
};

const SAMPLE: &str = include_str!("../../../events/publish-changes.json");
const INBOX: &str = include_str!("../../../events/process-webhook.json");
const SAMPLE_CHANGE: &str = "01a20320-a200-7aab-9d4e-0123456789ab";
const NOW: i64 = 1_795_348_800;
const TIME: Duration = Duration::from_secs(30);

struct Scene<S = MemoryStore> {
    deps: Deps<S, MemoryBus, FixedClock>,
}

impl Scene {
    fn new() -> Self {
        Self::over(MemoryStore::default())
    }

    /// A new Item of user-1 with one ready account, as a change with this id.
    fn has(&self, id: &str) -> Change {
        let mut item = linked_item("user-1", "item", vec![account("a", "checking", None)]);
        item.accounts[0].give_token(Sealed::from_bytes(b"processor-sandbox-canary".to_vec()));
        let change = Change::between(None, &item, Cause::Exchange, None).unwrap();
        let change = Change {
            change_id: ChangeId::new(id),
            ..change
        };
        self.deps.store.records().changes.push(change.clone());
        change
    }

    async fn due(&self) -> usize {
        let later = Deadline::after(self.deps.clock.now(), Duration::from_hours(1)).moment();
        self.deps.store.due(later, 100).await.unwrap().keys.len()
    }
}

impl<S: Outbox> Scene<S> {
    fn over(store: S) -> Self {
        Self {
            deps: Deps {
                store,
                bus: MemoryBus::default(),
                clock: FixedClock::at_second(NOW),
            },
        }
    }

    /// The sequence numbers of what has to come again.
    async fn deliver(&self, event: Value) -> Vec<String> {
        self.deliver_in(event, TIME).await
    }

    async fn deliver_in(&self, event: Value, time: Duration) -> Vec<String> {
        let mut context = Context::default();
        let deadline = Deadline::after(self.deps.clock.now(), time).moment();
        context.deadline = u64::try_from(deadline.as_millisecond()).unwrap();
        let event = serde_json::from_value(event).unwrap();
        let answer = handler(&self.deps, LambdaEvent::new(event, context)).await;
        let answer = serde_json::to_value(&answer).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        let number = |failure: &Value| failure["itemIdentifier"].as_str().unwrap().to_owned();
        failures.map(number).collect()
    }

    /// Which kinds reached the bus, by change.
    fn told(&self) -> Vec<(String, &'static str)> {
        let events = self.deps.bus.events().into_iter();
        let change = |detail: &Value| detail["change_id"].as_str().unwrap().to_owned();
        events.map(|e| (change(&e.detail), e.kind)).collect()
    }
}

/// A batch with the inserts of these changes of user-1, numbered from 1.
fn batch(ids: &[&str]) -> Value {
    let key = |id: &str| RecordKey::change(&UserId::new("user-1"), &ChangeId::new(id));
    let records = (1..)
        .zip(ids)
        .map(|(number, id)| written("INSERT", number, &key(id)));
    json!({ "Records": records.collect::<Vec<_>>() })
}

fn written(event: &str, number: u32, key: &RecordKey) -> Value {
    json!({ "eventName": event, "dynamodb": {
        "Keys": { "pk": { "S": key.pk }, "sk": { "S": key.sk } },
        "SequenceNumber": number.to_string() } })
}

fn linked(id: &str) -> [(String, &'static str); 2] {
    ["item.linked", "account.ready"].map(|kind| (id.to_owned(), kind))
}

#[tokio::test]
async fn a_new_change_reaches_the_bus_and_is_not_due_any_more() {
    let scene = Scene::new();
    scene.has(SAMPLE_CHANGE);
    assert_eq!(scene.due().await, 1);
    let sample = serde_json::from_str(SAMPLE).unwrap();
    assert_eq!(scene.deliver(sample).await, [] as [&str; 0]);
    assert_eq!(scene.told(), linked(SAMPLE_CHANGE));
    assert_eq!(scene.due().await, 0);
}

#[tokio::test]
async fn no_token_reaches_the_bus() {
    let scene = Scene::new();
    let item = linked_item("user-1", "item", vec![account("a", "checking", None)]);
    let mut before = with_access_token(item, "access-sandbox-canary").await;
    before.accounts[0].give_token(Sealed::from_bytes(b"processor-sandbox-canary".to_vec()));
    let mut after = before.clone();
    after.accounts[0].give_token(Sealed::from_bytes(b"processor-sandbox-canary-2".to_vec()));
    for (id, (before, after)) in [(None, &before), (Some(&before), &after)]
        .into_iter()
        .enumerate()
    {
        let change = Change::between(before, after, Cause::Webhook, None).unwrap();
        let change_id = ChangeId::new(id.to_string());
        let change = Change {
            change_id,
            ..change
        };
        scene.deps.store.records().changes.push(change);
    }
    scene.deliver(batch(&["0", "1"])).await;
    assert_eq!(scene.told().len(), 3);
    let told = format!("{:?}", scene.deps.bus.events());
    let sealed = format!("{:?}", after.access_token.unwrap().as_bytes());
    for secret in ["canary", "access-", "processor-", "sealed", &sealed] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}

#[tokio::test]
async fn changes_are_told_in_the_order_of_the_stream() {
    let scene = Scene::new();
    for id in ["1", "2", "3"] {
        scene.has(id);
    }
    scene.deliver(batch(&["3", "1", "2"])).await;
    assert_eq!(scene.told(), ["3", "1", "2"].map(linked).concat());
}

#[tokio::test]
async fn what_the_bus_refuses_comes_again_alone_and_stays_due() {
    let scene = Scene::new();
    for id in ["1", "2", "3"] {
        scene.has(id);
    }
    scene.deps.bus.take_whole(1);
    scene.deps.bus.refuse_after(1);
    assert_eq!(scene.deliver(batch(&["1", "2", "3"])).await, ["2"]);
    let [two, _] = linked("2");
    let told = [linked("1").to_vec(), vec![two], linked("3").to_vec()];
    assert_eq!(scene.told(), told.concat());
    assert_eq!(scene.due().await, 1);

    assert_eq!(scene.deliver(batch(&["2"])).await, [] as [&str; 0]);
    assert_eq!(scene.due().await, 0);
    let ids: Vec<String> = scene
        .deps
        .bus
        .events()
        .into_iter()
        .map(|e| e.event_id)
        .collect();
    let expected = ["1/0", "1/1", "2/0", "3/0", "3/1", "2/0", "2/1"];
    assert_eq!(ids, expected, "what comes again has its id");
}

#[tokio::test]
async fn a_change_that_cannot_be_read_or_recorded_comes_again() {
    let scene = Scene::new();
    for id in ["1", "2"] {
        scene.has(id);
    }
    scene.deps.store.go_down(0, 1);
    assert_eq!(scene.deliver(batch(&["1", "2"])).await, ["1"]);
    assert_eq!(scene.told(), linked("2"));
    scene.deps.store.go_down(1, 1);
    assert_eq!(scene.deliver(batch(&["1"])).await, ["1"]);
    assert_eq!(scene.told(), ["2", "1"].map(linked).concat());
    assert_eq!(scene.due().await, 1, "told, but nobody knows");
}

#[tokio::test]
async fn a_change_that_was_erased_is_over() {
    let scene = Scene::new();
    assert_eq!(scene.deliver(batch(&["1"])).await, [] as [&str; 0]);
    assert_eq!(scene.told(), []);
}

#[tokio::test]
async fn a_change_that_tells_nothing_is_over() {
    let scene = Scene::new();
    let change = scene.has("1");
    scene.deps.store.records().changes = vec![Change {
        after: Some(ItemStatus::Linking),
        accounts: Vec::new(),
        ..change
    }];
    assert_eq!(scene.deliver(batch(&["1"])).await, [] as [&str; 0]);
    assert_eq!((scene.told(), scene.due().await), (vec![], 0));
}

#[tokio::test]
async fn only_new_changes_are_looked_at() {
    let scene = Scene::new();
    scene.has("1");
    let key = RecordKey::change(&UserId::new("user-1"), &ChangeId::new("1"));
    let seen = json!({ "Records": [written("MODIFY", 1, &key), written("REMOVE", 2, &key)] });
    for event in [seen, serde_json::from_str(INBOX).unwrap(), json!({})] {
        assert_eq!(scene.deliver(event).await, [] as [&str; 0]);
    }
    assert_eq!(scene.told(), []);
}

#[tokio::test]
async fn what_there_is_no_time_for_comes_again() {
    let scene = Scene::new();
    scene.has("1");
    let short = Duration::from_secs(9);
    assert_eq!(scene.deliver_in(batch(&["1"]), short).await, ["1"]);
    assert_eq!(scene.told(), []);
}

/// A table whose records nobody can read.
struct Unreadable;

impl Outbox for Unreadable {
    async fn unpublished(&self, _: &UserId, _: &ChangeId) -> Result<Option<Change>, StoreError> {
        Err(StoreError::Corrupt("the test".to_owned()))
    }

    async fn published(&self, _: &Change) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_change_that_nobody_can_read_does_not_hold_up_the_stream() {
    let scene = Scene::over(Unreadable);
    assert_eq!(scene.deliver(batch(&["1"])).await, [] as [&str; 0]);
}
