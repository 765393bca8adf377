//! An account goes to Astra, and is sent once.

use std::time::Duration;

use serde_json::json;
use shared::domain::AstraFailureClass::{AlreadyThere, Gone, Reauthorize, Refused, Retry};
use shared::domain::ProcessorToken;
use shared::ports::AstraHandOver;

use crate::scene::{HAND_OVER, Scene, in_time, soon};

#[tokio::test]
async fn an_account_is_made_and_found_again() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    for wrapped in [false, true] {
        scene
            .set(json!({"wrap_in_array": wrapped, "account_repeat": "second_account"}))
            .await;
        let id = scene.hand_over(&access, &token).await.unwrap();
        assert!(scene.accounts().await.contains(&id.as_str().to_owned()));
        let there = scene.client.astra_account_exists(&access, &id, soon());
        assert!(there.await.unwrap(), "wrapped: {wrapped}");
        let listed = scene.client.astra_accounts(&access, soon()).await.unwrap();
        assert_eq!(listed.first(), Some(&id), "wrapped: {wrapped}");
    }
    let unknown_bank = scene.client.hand_over(&access, &token, None, soon());
    assert!(unknown_bank.await.is_ok());
}

#[tokio::test]
async fn an_account_that_is_there_already_is_told_as_such() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    scene.hand_over(&access, &token).await.unwrap();
    let failure = scene.hand_over(&access, &token).await.unwrap_err();
    assert_eq!(failure.class(), AlreadyThere, "{failure}");
    assert!(!failure.maybe_applied());
    let id = failure.request_id().unwrap().as_str();
    assert_eq!(id, scene.latest_request_id().await);
    scene.set(json!({"account_repeat": "same_account"})).await;
    let id = scene.hand_over(&access, &token).await.unwrap();
    assert_eq!(scene.accounts().await, [id.as_str()]);
}

#[tokio::test]
async fn a_token_that_plaid_does_not_take_is_refused_with_the_reason() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let dead = ProcessorToken::new("processor-sandbox-00000000-0000-4000-8000-000000000000");
    let failure = scene.hand_over(&access, &dead).await.unwrap_err();
    assert_eq!(failure.class(), Refused, "{failure}");
    assert!(!failure.maybe_applied());
    let reason = failure.description().unwrap();
    assert!(reason.contains("INVALID_"), "{reason}");
}

#[tokio::test]
async fn a_hand_over_is_sent_once_whatever_happens() {
    let html = "<html>404 Not Found</html>";
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    scene.set(json!({"account_repeat": "second_account"})).await;
    // The fault, its class, whether it may have had its effect, and whether it had.
    let faults = [
        (json!({"kind": "lose_answer"}), Retry, true, 1),
        (json!({"kind": "cut_connection"}), Retry, true, 0),
        (json!({"kind": "malformed_body"}), Retry, true, 1),
        (
            json!({"kind": "http_status", "status": 503}),
            Retry,
            true,
            0,
        ),
        (
            json!({"kind": "http_status", "status": 502, "after_effect": true}),
            Retry,
            true,
            1,
        ),
        (
            json!({"kind": "http_status", "status": 404, "body": html}),
            Retry,
            true,
            0,
        ),
        (
            json!({"kind": "http_status", "status": 200, "after_effect": true}),
            Retry,
            true,
            1,
        ),
        (
            json!({"kind": "http_status", "status": 201, "body": "{\"name\": \"x\"}"}),
            Retry,
            true,
            0,
        ),
        (
            json!({"kind": "http_status", "status": 302}),
            Retry,
            true,
            0,
        ),
        (
            json!({"kind": "astra_error", "status": 500, "after_effect": true}),
            Retry,
            true,
            1,
        ),
        (
            json!({"kind": "astra_error", "status": 429}),
            Retry,
            false,
            0,
        ),
        (
            json!({"kind": "astra_error", "status": 401}),
            Reauthorize,
            false,
            0,
        ),
        (
            json!({"kind": "astra_error", "status": 403}),
            Refused,
            false,
            0,
        ),
        (
            json!({"kind": "astra_error", "status": 410}),
            Gone,
            false,
            0,
        ),
        (
            json!({"kind": "astra_error", "status": 400, "description": "account already exists"}),
            AlreadyThere,
            false,
            0,
        ),
    ];
    let mut made = 0;
    for (mut fault, class, maybe_applied, effect) in faults {
        scene.forget().await;
        fault["endpoint"] = json!(HAND_OVER);
        scene.fault(fault.clone()).await;
        let outcome = scene.hand_over(&access, &token).await;
        let failure = outcome.unwrap_err();
        assert_eq!(failure.class(), class, "{fault}: {failure}");
        assert_eq!(failure.maybe_applied(), maybe_applied, "{fault}: {failure}");
        assert_eq!(scene.calls(HAND_OVER).await, 1, "{fault}");
        made += effect;
        assert_eq!(scene.accounts().await.len(), made, "{fault}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up_and_not_asked_for_again() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    scene.set(json!({"account_repeat": "second_account"})).await;
    let slow = json!({"endpoint": HAND_OVER, "kind": "delay_ms", "delay_ms": 60_000, "times": 9});
    scene.fault(slow).await;
    let soon = in_time(Duration::from_secs(1));
    let outcome = scene.client.hand_over(&access, &token, None, soon).await;
    let failure = outcome.unwrap_err();
    assert_eq!((failure.class(), failure.maybe_applied()), (Retry, true));
    assert_eq!(scene.accounts().await.len(), 1);
}

#[tokio::test]
async fn half_of_a_refusal_is_not_taken_for_one() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    scene.hand_over(&access, &token).await.unwrap();
    let fault = json!({"endpoint": HAND_OVER, "kind": "malformed_body"});
    scene.fault(fault).await;
    let failure = scene.hand_over(&access, &token).await.unwrap_err();
    assert_eq!((failure.class(), failure.maybe_applied()), (Retry, true));
    let id = failure.request_id().unwrap().as_str();
    assert_eq!(id, scene.latest_request_id().await);
    let failure = scene.hand_over(&access, &token).await.unwrap_err();
    assert_eq!(failure.class(), AlreadyThere);
}

#[tokio::test]
async fn no_time_is_no_hand_over() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    let late = in_time(Duration::from_millis(100));
    let failure = scene.client.hand_over(&access, &token, None, late).await;
    assert!(!failure.unwrap_err().maybe_applied());
    assert_eq!(scene.calls(HAND_OVER).await, 0);
    assert_eq!(scene.accounts().await, Vec::<String>::new());
}
