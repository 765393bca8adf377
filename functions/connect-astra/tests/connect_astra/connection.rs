//! A connection is made, shown and ended.

use std::sync::Arc;
use std::time::Duration;

use connect_astra::Deps;
use shared::domain::{AstraState, AstraUserId, ConnectionState, Deadline, UserId};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::faults::{Call, Effect, Fate, Fault, Faulty, Plan};
use shared::test_util::json;
use shared::use_cases::astra::Desk;

use crate::scene::{Scene, URI, USER, assert_problem};

const A_WEEK: i64 = 7 * 86_400;

#[tokio::test]
async fn a_user_who_comes_back_is_connected() {
    let scene = Scene::new();
    let response = scene.connect(USER, "ada").await;
    assert_eq!(response.status(), 201, "{:?}", response.body());
    let expected = serde_json::json!({
        "status": "connected",
        "astra_user_id": "ada",
        "connected_at": "2026-11-22T12:00:00Z",
    });
    assert_eq!(json(&response), expected);
    assert_eq!(json(&scene.show(USER).await), expected);
    assert_eq!(scene.calls(), ["astra_client_id", "redeem", "astra_user"]);
    assert_eq!(scene.events(), ["astra.connected"]);
    let connection = scene.connection(USER).unwrap();
    assert_eq!(
        (connection.version, connection.redirect_uri.as_str()),
        (1, URI)
    );
    let left = connection.refresh_at.duration_since(scene.deps.clock.now());
    assert_eq!(left.as_secs(), A_WEEK);
}

/// That both tokens can be opened again is seen when they are renewed.
#[tokio::test]
async fn the_tokens_that_are_kept_are_those_that_astra_gave() {
    let scene = Scene::new();
    scene.connect(USER, "ada").await;
    scene.deps.clock.advance_seconds(A_WEEK);
    let deadline = Deadline::after(scene.deps.clock.now(), Duration::from_secs(20));
    let user_id = UserId::new(USER);
    scene.desk().renew(&user_id, deadline).await.unwrap();
    assert_eq!(scene.calls().last(), Some(&"refresh"));
    assert_eq!(scene.connection(USER).unwrap().version, 2);
}

#[tokio::test]
async fn a_user_may_connect_again_as_the_same_user_of_astras() {
    let scene = Scene::new();
    scene.connect(USER, "ada").await;
    let refused = scene
        .connection(USER)
        .unwrap()
        .refused(scene.deps.clock.now());
    assert_eq!(refused.state, ConnectionState::ReauthorizationRequired);
    scene
        .deps
        .store
        .records()
        .connections
        .insert(UserId::new(USER), refused);
    assert_eq!(
        json(&scene.show(USER).await)["status"],
        "reauthorization_required"
    );
    assert_eq!(scene.connect(USER, "ada").await.status(), 201);
    let connection = scene.connection(USER).unwrap();
    assert_eq!(
        (connection.state, connection.version),
        (ConnectionState::Connected, 3)
    );
    assert_eq!(scene.events(), ["astra.connected", "astra.connected"]);
}

#[tokio::test]
async fn another_user_of_astras_has_to_wait_until_the_first_is_gone() {
    let scene = Scene::new();
    scene.connect(USER, "ada").await;
    let before = scene.connection(USER);
    assert_problem(&scene.connect(USER, "bob").await, Code::AstraUserDiffers);
    assert_eq!(scene.connection(USER), before);
    assert_eq!(scene.end(USER).await.status(), 204);
    assert_eq!(scene.connect(USER, "bob").await.status(), 201);
    assert_eq!(
        scene.connection(USER).unwrap().astra_user_id,
        AstraUserId::new("bob")
    );
}

#[tokio::test]
async fn a_connection_that_ends_leaves_no_token() {
    let scene = Scene::new();
    scene.connect(USER, "ada").await;
    let response = scene.end(USER).await;
    assert_eq!(response.status(), 204);
    assert!(response.body().is_empty());
    assert_eq!(scene.connection(USER), None);
    assert_eq!(scene.events(), ["astra.connected", "astra.disconnected"]);
    assert_problem(&scene.show(USER).await, Code::NotFound);
    assert_problem(&scene.end(USER).await, Code::NotFound);
}

#[tokio::test]
async fn somebody_elses_connection_is_not_found() {
    let scene = Scene::new();
    scene.connect(USER, "ada").await;
    assert_problem(&scene.show("user-2").await, Code::NotFound);
    assert_problem(&scene.end("user-2").await, Code::NotFound);
    assert!(scene.connection(USER).is_some());
    assert_problem(&scene.anonymously().await, Code::Unauthenticated);
}

#[tokio::test]
async fn a_write_that_was_lost_on_its_way_back_makes_no_second_connection() {
    let Deps {
        astra,
        store,
        vault,
        clock,
        ..
    } = Scene::new().deps;
    let store = Arc::new(store);
    let plan = Arc::new(Plan::new(&clock, Box::new(FirstWriteIsLost(false))));
    let faulty = Faulty::new(&store, &plan);
    let desk = Desk {
        astra: &astra,
        store: &faulty,
        vault: &vault,
        clock: &clock,
    };
    let (user_id, state) = (UserId::new(USER), AstraState::random());
    desk.send_away(&user_id, &state).await.unwrap();
    let code = astra.authorize("ada", URI);
    let deadline = Deadline::after(clock.now(), Duration::from_secs(20));
    let made = desk.connect(&user_id, &state, &code, URI, deadline);
    assert_eq!(made.await.unwrap().version, 1);
    let records = store.records();
    assert_eq!((records.connections.len(), records.changes.len()), (1, 1));
}

/// The first write of a connection has its effect, and nobody is told.
struct FirstWriteIsLost(bool);

impl Fate for FirstWriteIsLost {
    fn pace(&mut self, _call: &Call) -> u32 {
        0
    }

    fn fault(&mut self, _number: usize, call: &Call) -> Option<Fault> {
        let first = call.name == "put_astra_connection" && !self.0;
        self.0 |= first;
        first.then_some(Fault::LoseAnswer)
    }

    fn effect(&mut self, _effect: &Effect) {}
}
