//! A user links a bank, over in-memory ports.

use exchange_and_processor_token::{Deps, handler};
use lambda_http::{Body, Response};
use shared::domain::{ExchangeStep, PlaidAccount, PlaidEnvironment, PlaidFailure};
use shared::http::{Code, render_item_with_tokens};
use shared::ports::Clock;
use shared::test_util::{
    Event, FixedClock, MemoryPlaid, MemoryStore, MemoryVault, Records, account, json,
};
use shared::use_cases::exchange::ExchangeSettings;

pub(crate) const EVENT: &str = include_str!("../../../../events/exchange-and-processor-token.json");
pub(crate) const CHECKING: &str = "BxBXxLj1m4HMXBm9WZZmCWVbPjX16EHwv99vp";
const NOW: i64 = 1_795_348_800;
const TIMEOUT_SECONDS: i64 = 25;
pub(crate) const MAX_ITEMS: u32 = 3;

/// A user links a bank.
pub(crate) struct Scene {
    pub(crate) deps: Deps<MemoryPlaid, MemoryStore, MemoryVault, FixedClock>,
}

impl Scene {
    pub(crate) fn with_accounts(accounts: Vec<PlaidAccount>) -> Self {
        let settings = ExchangeSettings {
            processor: "astra".parse().unwrap(),
            render: render_item_with_tokens,
            max_items: MAX_ITEMS,
        };
        let deps = Deps {
            plaid: MemoryPlaid::with_accounts(accounts),
            store: MemoryStore::default(),
            vault: MemoryVault,
            clock: FixedClock::at_second(NOW),
            settings,
            environment: PlaidEnvironment::Sandbox,
        };
        Self { deps }
    }

    pub(crate) fn with_checking() -> Self {
        Self::with_accounts(vec![account(CHECKING, "checking", None)])
    }

    pub(crate) async fn send(&self, event: Event) -> Response<Body> {
        let deadline = self.deps.clock.now().as_millisecond() + TIMEOUT_SECONDS * 1000;
        handler(&self.deps, event.request(deadline)).await
    }

    pub(crate) async fn link(&self) -> Response<Body> {
        self.send(Event::read(EVENT)).await
    }

    pub(crate) fn step(&self) -> Option<ExchangeStep> {
        self.deps
            .store
            .records()
            .exchanges
            .values()
            .next()
            .map(|exchange| exchange.step)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Records)) {
        change(&mut self.deps.store.records());
    }

    pub(crate) fn live_items(&self) -> usize {
        self.deps.plaid.world().items.len()
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.deps.plaid.world().calls.clone()
    }
}

pub(crate) fn plain(body: &str) -> Event {
    Event::read(EVENT).body(body)
}

pub(crate) fn no_answer(maybe_applied: bool) -> PlaidFailure {
    PlaidFailure::NoAnswer {
        reason: "the test took it away",
        maybe_applied,
    }
}

pub(crate) fn assert_problem(response: &Response<Body>, code: Code) {
    let body = json(response);
    assert_eq!(body["code"], code.as_str(), "{body}");
    assert_eq!(response.status(), code.status());
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(body["request_id"], "test-request");
}
