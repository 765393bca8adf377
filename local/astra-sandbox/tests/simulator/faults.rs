//! Every kind of fault, at the call it was armed for.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Astra, HAND_OVER, Scene, Tokens};

const ENDPOINT: &str = "POST /v1/accounts/processor_token";

async fn arm(astra: &Astra, fault: Value) {
    astra.control("POST", "/faults", fault).await;
}

#[tokio::test]
async fn astra_error_strikes_the_chosen_call_without_effect() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let fault = json!({"endpoint": ENDPOINT, "call": 2, "kind": "astra_error", "status": 503});
    arm(astra, fault).await;
    let unknown = astra.hand_over("unknown", &tokens.access).await;
    assert_eq!(unknown.status, 400, "the first call is not struck");
    let struck = astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await;
    assert!(struck.request_id.is_some());
    let body = json!({
        "code": 503,
        "name": "Service Unavailable",
        "description": "offline for maintenance",
    });
    assert_eq!((struck.status, struck.json()), (503, body));
    assert!(astra.all_accounts().await.is_empty());
    astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await
        .ok();
}

#[tokio::test]
async fn error_after_the_effect_leaves_the_effect() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    for fault in [
        json!({"kind": "astra_error", "status": 500, "description": "oops"}),
        json!({"kind": "http_status", "status": 502}),
    ] {
        astra.set(json!({"account_repeat": "second_account"})).await;
        let mut fault = fault;
        fault["endpoint"] = json!(ENDPOINT);
        fault["after_effect"] = json!(true);
        arm(astra, fault).await;
        let struck = astra
            .hand_over(&linked.processor_token, &tokens.access)
            .await;
        assert!(struck.status >= 500);
    }
    assert_eq!(astra.all_accounts().await.len(), 2);
}

#[tokio::test]
async fn http_status_answers_what_no_astra_would() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let fault = json!({
        "endpoint": ENDPOINT, "kind": "http_status", "status": 502, "body": "<html>bad</html>",
    });
    arm(astra, fault).await;
    let struck = astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await;
    assert_eq!(
        (struck.status, struck.text.as_str()),
        (502, "<html>bad</html>")
    );
    assert_eq!(struck.request_id, None);
    assert!(astra.all_accounts().await.is_empty());
}

#[tokio::test]
async fn lost_answer_leaves_an_account_and_no_answer() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    arm(astra, json!({"endpoint": ENDPOINT, "kind": "lose_answer"})).await;
    let request = astra.hand_over_request(&linked.processor_token, &tokens.access);
    assert!(request.send().await.is_err());
    assert_eq!(astra.account_ids(&tokens.access).await.len(), 1);
    let log = astra.control("GET", "/requests", Value::Null).await;
    assert_eq!(
        log["counts"][ENDPOINT], 1,
        "the client must not have tried again by itself"
    );
}

#[tokio::test]
async fn lost_refresh_ends_the_token_that_the_caller_has() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let tokens = astra.connect("ada@example.com").await;
    let fault = json!({"endpoint": "POST /v1/oauth/token", "kind": "lose_answer"});
    arm(astra, fault).await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("redirect_uri", crate::support::URI),
    ];
    assert!(astra.token_request(&fields).send().await.is_err());
    assert_eq!(astra.get("/v1/user", &tokens.access).await.status, 401);
    let next = Tokens::of(&astra.refresh(&tokens.refresh).await.ok());
    astra.get("/v1/user", &next.access).await.ok();
}

#[tokio::test]
async fn cut_connection_leaves_nothing() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    arm(astra, json!({"endpoint": "*", "kind": "cut_connection"})).await;
    let request = astra.hand_over_request(&linked.processor_token, &tokens.access);
    assert!(request.send().await.is_err());
    assert!(astra.all_accounts().await.is_empty());
    astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await
        .ok();
}

#[tokio::test]
async fn malformed_body_is_half_of_one_and_the_effect_is_whole() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    arm(
        astra,
        json!({"endpoint": ENDPOINT, "kind": "malformed_body"}),
    )
    .await;
    let struck = astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await;
    assert_eq!(struck.status, 201);
    assert!(struck.text.starts_with('{') && !struck.text.ends_with('}'));
    assert!(serde_json::from_str::<Value>(&struck.text).is_err());
    assert_eq!(astra.account_ids(&tokens.access).await.len(), 1);
}

#[tokio::test]
async fn delayed_answer_has_had_its_effect_when_the_caller_gives_up() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let fault = json!({"endpoint": ENDPOINT, "kind": "delay_ms", "delay_ms": 60_000});
    arm(astra, fault).await;
    let request = astra.hand_over_request(&linked.processor_token, &tokens.access);
    let impatient = request.timeout(Duration::from_secs(1)).send().await;
    assert!(impatient.unwrap_err().is_timeout());
    assert_eq!(astra.account_ids(&tokens.access).await.len(), 1);
}

#[tokio::test]
async fn every_endpoint_can_be_struck_by_its_name() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    let id = made.await.ok()["id"].as_str().unwrap().to_owned();
    let account = format!("/v1/accounts/{id}");
    let user = |method, path: &str| astra.user_request(method, path, &tokens.access);
    let calls = [
        ("POST /v1/oauth/token", astra.token_request(&[])),
        (ENDPOINT, user(Method::POST, HAND_OVER)),
        ("GET /v1/accounts", user(Method::GET, "/v1/accounts")),
        ("GET /v1/accounts/{id}", user(Method::GET, &account)),
        ("DELETE /v1/accounts/{id}", user(Method::DELETE, &account)),
        ("GET /v1/user", user(Method::GET, "/v1/user")),
    ];
    for (endpoint, _) in &calls {
        let fault = json!({"endpoint": endpoint, "kind": "astra_error", "status": 429});
        arm(astra, fault).await;
    }
    for (endpoint, request) in calls {
        let (status, said) = astra.send(request).await.refused();
        assert_eq!(status, 429, "{endpoint}");
        assert_eq!(said, "too many requests: slow down");
    }
    assert_eq!(astra.account_ids(&tokens.access).await, [id]);
    let faults = astra.control("GET", "/faults", Value::Null).await;
    assert_eq!(faults["faults"], json!([]));
}

#[tokio::test]
async fn the_token_endpoint_can_refuse_in_its_own_words() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let tokens = astra.connect("ada@example.com").await;
    let fault = json!({
        "endpoint": "POST /v1/oauth/token", "kind": "astra_error", "error": "invalid_grant",
    });
    arm(astra, fault).await;
    let struck = astra.refresh(&tokens.refresh).await;
    assert_eq!(struck.status, 400);
    assert_eq!(struck.json()["error"], "invalid_grant");
    astra.refresh(&tokens.refresh).await.ok();
}

#[tokio::test]
async fn latency_is_that_of_every_answer() {
    let scene = Scene::start().await;
    scene.astra.set(json!({"latency_ms": 120})).await;
    let start = Instant::now();
    scene.astra.refresh("unknown").await.refused();
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn faults_are_listed_until_used_up_or_removed() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let first = json!({"endpoint": "GET /v1/user", "times": 2, "kind": "lose_answer"});
    arm(astra, first).await;
    let second = json!({"endpoint": "*", "call": 3, "kind": "cut_connection"});
    arm(astra, second).await;
    let faults = astra.control("GET", "/faults", Value::Null).await;
    assert_eq!(faults["faults"].as_array().unwrap().len(), 2);
    assert_eq!(faults["faults"][1]["call"], 3);
    assert_eq!(faults["faults"][0]["kind"], "lose_answer");
    let removed = astra.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(removed, json!({"removed": 2}));
    let faults = astra.control("GET", "/faults", Value::Null).await;
    assert_eq!(faults["faults"], json!([]));
}

#[tokio::test]
async fn fault_that_cannot_strike_is_refused() {
    let scene = Scene::start().await;
    for fault in [
        json!({"endpoint": "/v1/user", "kind": "lose_answer"}),
        json!({"endpoint": "GET /v1/user", "kind": "lose_answer", "when": "now"}),
        json!({"endpoint": "GET /v1/user", "kind": "explode"}),
    ] {
        let answer = scene.astra.try_control("POST", "/faults", fault).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
}
