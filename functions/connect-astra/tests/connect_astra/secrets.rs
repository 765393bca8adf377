//! Tokens, codes and states stand nowhere in clear.

use std::time::Duration;

use lambda_http::{Body, Response};
use shared::domain::{AstraFailure, Deadline, UserId};
use shared::ports::Clock;
use shared::test_util::{Log, MemoryStore, astra_token_refusal};

use crate::scene::{Scene, URI, USER};

/// In every token and code of the fake's.
const CANARY: &str = "canary";

fn text(response: &Response<Body>) -> String {
    format!("{:?} {:?}", response.headers(), response.body())
}

/// Everything that is stored, as it is printed and as it is sealed.
fn stored(store: &MemoryStore) -> String {
    let records = store.records();
    let mut text = format!(
        "{:?} {:?} {:?}",
        records.authorizations, records.connections, records.changes
    );
    for connection in records.connections.values() {
        let tokens = [
            Some(&connection.access_token),
            connection.refresh_token.as_ref(),
        ];
        for sealed in tokens.into_iter().flatten() {
            text.push_str(&String::from_utf8_lossy(sealed.as_bytes()));
        }
    }
    text
}

#[tokio::test]
async fn no_token_code_or_state_is_stored_answered_or_logged() {
    let (log, _guard) = Log::listen();
    let scene = Scene::new();
    let state = scene.state(USER).await;
    let code = scene.deps.astra.authorize("ada", URI);
    assert!(
        code.expose().contains(CANARY),
        "the fake's secrets are canaries"
    );
    let answers = [
        scene.come_back("user-2", &code, &state).await,
        scene.come_back(USER, &code, &state).await,
        scene.come_back(USER, &code, &state).await,
        scene.show(USER).await,
    ];
    let record = scene.connection(USER).unwrap();
    assert!(!record.access_token.as_bytes().is_empty() && record.refresh_token.is_some());
    let stored = stored(&scene.deps.store);
    let log = log.text().clone();
    assert!(
        log.contains("a user is connected to Astra"),
        "something is logged"
    );
    let answers = answers.iter().map(text).collect::<String>();
    for (place, text) in [
        ("a record", &stored),
        ("an answer", &answers),
        ("the log", &log),
    ] {
        assert!(!text.contains(CANARY), "in {place}: {text}");
        assert!(!text.contains(state.expose()), "in {place}: {text}");
    }
}

#[tokio::test]
async fn neither_does_a_failure_tell_of_them() {
    for failure in [
        astra_token_refusal("invalid_grant"),
        AstraFailure::NoAnswer {
            reason: "the test took it away",
            maybe_applied: true,
        },
    ] {
        let (log, _guard) = Log::listen();
        let scene = Scene::new();
        let state = scene.state(USER).await;
        let code = scene.deps.astra.authorize("ada", URI);
        scene.deps.astra.fail("redeem", failure);
        let response = scene.come_back(USER, &code, &state).await;
        let bodies = [
            format!(r#"{{"code": "{} ", "state": "s"}}"#, code.expose()),
            format!(
                r#"{{"code": "{}", "state": "{} "}}"#,
                code.expose(),
                state.expose()
            ),
            format!(r#"{{"code": "{}", "{}": 1}}"#, code.expose(), "state "),
        ];
        let mut told = text(&response);
        for body in bodies {
            told.push_str(&text(&scene.send_body(USER, &body).await));
        }
        told.push_str(&log.text());
        assert!(
            !told.contains(CANARY) && !told.contains(state.expose()),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_token_is_sealed_for_its_user() {
    let scene = Scene::new();
    scene.connect(USER, "ada").await;
    let mut stolen = scene.connection(USER).unwrap();
    let thief = UserId::new("user-2");
    stolen.user_id = thief.clone();
    scene
        .deps
        .store
        .records()
        .connections
        .insert(thief.clone(), stolen);
    let deadline = Deadline::after(scene.deps.clock.now(), Duration::from_secs(20));
    assert!(scene.desk().renew(&thief, deadline).await.is_err());
}
