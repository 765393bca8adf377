//! Users who cannot be connected.

use lambda_http::{Body, Response};
use shared::domain::{AstraAuthorizationCode, AstraFailure, AstraState};
use shared::http::Code;
use shared::test_util::{astra_refusal, astra_token_refusal, json};

use crate::scene::{Scene, URI, USER, assert_problem};

fn away(maybe_applied: bool) -> AstraFailure {
    AstraFailure::NoAnswer {
        reason: "the test took it away",
        maybe_applied,
    }
}

/// A user with a fresh state and code, whom something meets.
async fn meets(trouble: impl FnOnce(&Scene)) -> (Scene, Response<Body>) {
    let scene = Scene::new();
    let state = scene.state(USER).await;
    let code = scene.deps.astra.authorize("ada", URI);
    trouble(&scene);
    let response = scene.come_back(USER, &code, &state).await;
    assert_eq!(scene.connection(USER), None);
    assert!(scene.events().is_empty());
    (scene, response)
}

#[tokio::test]
async fn a_state_is_good_once() {
    let scene = Scene::new();
    let state = scene.state(USER).await;
    let code = scene.deps.astra.authorize("ada", URI);
    assert_eq!(scene.come_back(USER, &code, &state).await.status(), 201);
    let calls = scene.calls();
    let before = scene.connection(USER);
    let code = scene.deps.astra.authorize("ada", URI);
    let response = scene.come_back(USER, &code, &state).await;
    assert_problem(&response, Code::AstraStateUnknown);
    assert_eq!((scene.calls(), scene.connection(USER)), (calls, before));
}

#[tokio::test]
async fn a_state_is_used_up_even_where_astra_fails() {
    let scene = Scene::new();
    let state = scene.state(USER).await;
    let code = scene.deps.astra.authorize("ada", URI);
    scene.deps.astra.fail("redeem", away(true));
    let response = scene.come_back(USER, &code, &state).await;
    assert_problem(&response, Code::AstraUnavailable);
    assert!(
        !response.headers().contains_key("retry-after"),
        "it is of no use"
    );
    let response = scene.come_back(USER, &code, &state).await;
    assert_problem(&response, Code::AstraStateUnknown);
    assert_eq!(scene.calls(), ["astra_client_id", "redeem"]);
}

#[tokio::test]
async fn a_state_of_somebody_else_is_unknown_and_stays_good() {
    let scene = Scene::new();
    let state = scene.state(USER).await;
    let code = scene.deps.astra.authorize("ada", URI);
    let response = scene.come_back("user-2", &code, &state).await;
    assert_problem(&response, Code::AstraStateUnknown);
    assert_eq!(scene.connection("user-2"), None);
    assert_eq!(scene.calls(), ["astra_client_id"]);
    assert_eq!(scene.come_back(USER, &code, &state).await.status(), 201);
}

#[tokio::test]
async fn a_state_is_good_for_ten_minutes() {
    for (seconds, status) in [(599, 201), (600, 422), (601, 422)] {
        let scene = Scene::new();
        let state = scene.state(USER).await;
        scene.deps.clock.advance_seconds(seconds);
        let code = scene.deps.astra.authorize("ada", URI);
        let response = scene.come_back(USER, &code, &state).await;
        assert_eq!(response.status(), status, "after {seconds} s");
        if status == 422 {
            assert_problem(&response, Code::AstraStateUnknown);
            assert_eq!(scene.calls(), ["astra_client_id"]);
        }
    }
}

#[tokio::test]
async fn a_state_that_nobody_gave_out_is_unknown() {
    let scene = Scene::new();
    let (code, state) = (AstraAuthorizationCode::new("c"), AstraState::new("s"));
    let response = scene.come_back(USER, &code, &state).await;
    assert_problem(&response, Code::AstraStateUnknown);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn a_code_that_astra_refuses_is_the_users_to_get_anew() {
    let (_, response) = meets(|scene| {
        let refusal = astra_token_refusal("invalid_grant");
        scene.deps.astra.fail("redeem", refusal);
    })
    .await;
    assert_problem(&response, Code::AstraCodeRefused);
    assert!(!response.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn keys_that_astra_refuses_are_the_operators() {
    let (_, response) = meets(|scene| {
        let refusal = astra_token_refusal("invalid_client");
        scene.deps.astra.fail("redeem", refusal);
    })
    .await;
    assert_problem(&response, Code::AstraNotConfigured);
}

#[tokio::test]
async fn astra_that_is_away_or_asked_too_often_is_not_available() {
    for failure in [
        away(false),
        away(true),
        astra_refusal(429, "slow down"),
        astra_refusal(503, ""),
    ] {
        for call in ["redeem", "astra_user"] {
            let (_, response) = meets(|scene| scene.deps.astra.fail(call, failure.clone())).await;
            assert_problem(&response, Code::AstraUnavailable);
        }
    }
}

#[tokio::test]
async fn without_the_table_nothing_is_asked_of_astra() {
    let (scene, response) = meets(|scene| scene.deps.store.go_down(0, 1)).await;
    assert_problem(&response, Code::StorageUnavailable);
    assert_eq!(scene.calls(), ["astra_client_id"]);
}

#[tokio::test]
async fn tokens_that_cannot_be_recorded_are_no_connection() {
    let (_, response) = meets(|scene| scene.deps.store.go_down(2, 9)).await;
    assert_problem(&response, Code::StorageUnavailable);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_named() {
    let scene = Scene::new();
    for (body, field) in [
        (r#"{"code": "", "state": "s"}"#, "code"),
        (r#"{"code": "a b", "state": "s"}"#, "code"),
        (r#"{"code": "c", "state": ""}"#, "state"),
        (r#"{"code": "c", "state": "\u00e9"}"#, "state"),
    ] {
        let response = scene.send_body(USER, body).await;
        assert_problem(&response, Code::InvalidField);
        assert_eq!(json(&response)["field"], field, "{body}");
    }
    for (body, named) in [
        (r#"{"state": "s"}"#, "code"),
        (r#"{"code": "c"}"#, "state"),
        (r#"{"code": "c", "state": "s", "user_id": "u"}"#, "user_id"),
        (r#"{"code": 1, "state": "s"}"#, "code"),
        ("no JSON", ""),
    ] {
        let response = scene.send_body(USER, body).await;
        assert_eq!(response.status(), 400, "{body}");
        assert!(
            json(&response).to_string().contains(named),
            "{}",
            json(&response)
        );
    }
    assert!(scene.calls().is_empty());
}
