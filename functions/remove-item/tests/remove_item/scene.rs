//! One user with one Item, and whoever removes it.

use jiff::SignedDuration;
use lambda_http::{Body, Response};
use remove_item::{Deps, handler};
use shared::domain::{Exchange, ExchangeStep, Item, Lifecycle, OwnerToken, Sealed};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{
    Event, FakeAstra, FixedClock, MemoryPlaid, MemoryStore, MemoryVault, account, json,
    linked_item, with_access_token,
};

pub(crate) const EVENT: &str = include_str!("../../../../events/remove-item.json");
const NOW: i64 = 1_795_348_800;
const ACCESS_TOKEN: &str = "access-sandbox-canary-1";

/// A linked Item with a token, and its finished exchange.
pub(crate) struct Scene {
    pub(crate) deps: Deps<MemoryPlaid, FakeAstra, MemoryStore, MemoryVault, FixedClock>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let event: serde_json::Value = serde_json::from_str(EVENT).unwrap();
        let item_id = event["pathParameters"]["item_id"].as_str().unwrap();
        let mut item = linked_item("user-1", item_id, vec![account("a", "checking", None)]);
        item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
        let item = with_access_token(item, ACCESS_TOKEN).await;
        let deps = Deps {
            plaid: MemoryPlaid::default(),
            astra: None,
            store: MemoryStore::default(),
            vault: MemoryVault,
            clock: FixedClock::at_second(NOW),
        };
        let exchange = finished_exchange(&item, deps.clock.now());
        deps.plaid
            .world()
            .items
            .insert(ACCESS_TOKEN.to_owned(), item.item_id.clone());
        {
            let mut records = deps.store.records();
            let key = (item.user_id.to_string(), item.item_id.to_string());
            records
                .exchanges
                .insert(exchange.key.as_str().to_owned(), exchange);
            records.items.insert(key, item);
        }
        Self { deps }
    }

    pub(crate) async fn remove(&self) -> Response<Body> {
        self.send(Event::read(EVENT)).await
    }

    pub(crate) async fn send(&self, event: Event) -> Response<Body> {
        let deadline = self.deps.clock.now().as_millisecond() + 20_000;
        handler(&self.deps, event.request(deadline)).await
    }

    pub(crate) fn item(&self) -> Item {
        let records = self.deps.store.records();
        records.items.values().next().unwrap().clone()
    }

    pub(crate) fn exchange(&self) -> Exchange {
        let records = self.deps.store.records();
        records.exchanges.values().next().unwrap().clone()
    }

    pub(crate) fn lifecycle(&self, lifecycle: Lifecycle) {
        let mut records = self.deps.store.records();
        records
            .items
            .values_mut()
            .for_each(|item| item.lifecycle = lifecycle);
    }

    pub(crate) fn live_items(&self) -> usize {
        self.deps.plaid.world().items.len()
    }
}

fn finished_exchange(item: &Item, now: jiff::Timestamp) -> Exchange {
    Exchange {
        key: item.exchange.clone(),
        user_id: item.user_id.clone(),
        owner: OwnerToken::random(),
        lease_until: now,
        step: ExchangeStep::Finished,
        attempt: 1,
        public_token: None,
        account_id: None,
        allow_duplicate: false,
        duplicate_of: None,
        item_id: Some(item.item_id.clone()),
        access_token: None,
        answer: Some(Sealed::from_bytes(vec![1])),
        answer_until: Some(now + SignedDuration::from_hours(24)),
        created_at: now,
    }
}

pub(crate) fn assert_problem(response: &Response<Body>, code: Code) {
    let body = json(response);
    assert_eq!(body["code"], code.as_str(), "{body}");
    assert_eq!(response.status(), code.status());
}
