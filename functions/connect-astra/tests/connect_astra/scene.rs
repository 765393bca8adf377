//! Our API for a user who connects Astra, and Astra in memory.

use connect_astra::{Deps, handler};
use lambda_http::{Body, Response};
use serde_json::Value;
use shared::domain::{AstraAuthorizationCode, AstraConnection, AstraState, UserId};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, FakeAstra, FixedClock, MemoryStore, MemoryVault, json};
use shared::use_cases::astra::Desk;
use shared::use_cases::publish::events_of;

const BEGIN: &str = include_str!("../../../../events/connect-astra-authorization.json");
const CONNECT: &str = include_str!("../../../../events/connect-astra.json");
const SHOW: &str = include_str!("../../../../events/connect-astra-shown.json");
const END: &str = include_str!("../../../../events/connect-astra-ended.json");
const SUB: &str = "/requestContext/authorizer/jwt/claims/sub";
const NOW: i64 = 1_795_348_800;
pub(crate) const PAGE: &str = "https://astra.example/login/oauth/authorize";
pub(crate) const URI: &str = "https://app.example/astra?from=astra";
pub(crate) const USER: &str = "user-1";

pub(crate) type TestDeps = Deps<FakeAstra, MemoryStore, MemoryVault, FixedClock>;

pub(crate) struct Scene {
    pub(crate) deps: TestDeps,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let clock = FixedClock::at_second(NOW);
        Self {
            deps: Deps {
                astra: FakeAstra::new(&clock),
                store: MemoryStore::default(),
                vault: MemoryVault,
                clock,
                authorize_url: PAGE.parse().unwrap(),
                redirect_uri: URI.to_owned(),
            },
        }
    }

    pub(crate) fn desk(&self) -> Desk<'_, FakeAstra, MemoryStore, MemoryVault, FixedClock> {
        Desk {
            astra: &self.deps.astra,
            store: &self.deps.store,
            vault: &self.deps.vault,
            clock: &self.deps.clock,
        }
    }

    async fn send(&self, user: &str, event: &str, body: Option<&str>) -> Response<Body> {
        let mut event = Event::read(event).set(SUB, user);
        if let Some(body) = body {
            event = event.body(body);
        }
        let deadline = self.deps.clock.now().as_millisecond() + 20_000;
        handler(&self.deps, event.request(deadline)).await
    }

    pub(crate) async fn begin(&self, user: &str) -> Response<Body> {
        self.send(user, BEGIN, None).await
    }

    /// The state with which the user is sent away.
    pub(crate) async fn state(&self, user: &str) -> AstraState {
        let response = self.begin(user).await;
        assert_eq!(response.status(), 201, "{:?}", response.body());
        AstraState::new(parameter(&json(&response), "state"))
    }

    pub(crate) async fn come_back(
        &self,
        user: &str,
        code: &AstraAuthorizationCode,
        state: &AstraState,
    ) -> Response<Body> {
        let body = serde_json::json!({ "code": code.expose(), "state": state.expose() });
        self.send_body(user, &body.to_string()).await
    }

    pub(crate) async fn send_body(&self, user: &str, body: &str) -> Response<Body> {
        self.send(user, CONNECT, Some(body)).await
    }

    /// The user goes all the way, as this user of Astra's.
    pub(crate) async fn connect(&self, user: &str, astra_user: &str) -> Response<Body> {
        let state = self.state(user).await;
        let code = self.deps.astra.authorize(astra_user, URI);
        self.come_back(user, &code, &state).await
    }

    pub(crate) async fn show(&self, user: &str) -> Response<Body> {
        self.send(user, SHOW, None).await
    }

    pub(crate) async fn end(&self, user: &str) -> Response<Body> {
        self.send(user, END, None).await
    }

    pub(crate) async fn anonymously(&self) -> Response<Body> {
        let deadline = self.deps.clock.now().as_millisecond() + 20_000;
        let event = Event::read(SHOW).anonymous();
        handler(&self.deps, event.request(deadline)).await
    }

    pub(crate) fn connection(&self, user: &str) -> Option<AstraConnection> {
        let records = self.deps.store.records();
        records.connections.get(&UserId::new(user)).cloned()
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.deps.astra.world().calls.clone()
    }

    /// The kinds of all events so far.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        let records = self.deps.store.records();
        let events = records.changes.iter().flat_map(events_of);
        events.map(|event| event.kind).collect()
    }
}

/// A parameter of the address that the user is sent to.
pub(crate) fn parameter(body: &Value, name: &str) -> String {
    let url: url::Url = body["url"].as_str().unwrap().parse().unwrap();
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(key, _)| key == name).unwrap();
    value.into_owned()
}

pub(crate) fn assert_problem(response: &Response<Body>, code: Code) {
    let body = json(response);
    assert_eq!(body["code"], code.as_str(), "{body}");
    assert_eq!(response.status(), code.status());
}
