//! Every kind of fault, at the call it was armed for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Plaid, Sandbox};

const EXCHANGE: &str = "/item/public_token/exchange";

async fn arm(plaid: &Plaid, fault: Value) {
    plaid.control("POST", "/faults", fault).await;
}

async fn exchange_request(plaid: &Plaid) -> Value {
    json!({"public_token": plaid.public_token("ins_109508", json!({})).await})
}

#[tokio::test]
async fn plaid_error_strikes_the_chosen_call_without_effect() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let fault = json!({
        "endpoint": EXCHANGE,
        "call": 2,
        "kind": "plaid_error",
        "error_code": "INTERNAL_SERVER_ERROR",
    });
    arm(plaid, fault).await;
    let first = exchange_request(plaid).await;
    plaid.call(EXCHANGE, first).await.ok();
    let second = exchange_request(plaid).await;
    let struck = plaid.call(EXCHANGE, second.clone()).await;
    assert_eq!(struck.status, 500);
    assert_eq!(struck.body["error_type"], "API_ERROR");
    assert_eq!(plaid.live_items().await.len(), 1);
    plaid.call(EXCHANGE, second).await.ok();
}

#[tokio::test]
async fn error_after_the_effect_leaves_the_effect() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let fault = json!({
        "endpoint": EXCHANGE,
        "kind": "plaid_error",
        "error_type": "API_ERROR",
        "error_code": "SOMETHING_NEW",
        "status": 502,
        "after_effect": true,
    });
    arm(plaid, fault).await;
    let struck = plaid.call(EXCHANGE, exchange_request(plaid).await).await;
    assert_eq!(
        (struck.status, struck.body["error_code"].as_str()),
        (502, Some("SOMETHING_NEW"))
    );
    assert_eq!(plaid.live_items().await.len(), 1);
}

#[tokio::test]
async fn http_status_answers_what_no_plaid_would() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let fault = json!({
        "endpoint": EXCHANGE,
        "kind": "http_status",
        "status": 502,
        "body": "<html>bad gateway</html>",
    });
    arm(plaid, fault).await;
    let request = exchange_request(plaid).await;
    let answer = plaid.request(EXCHANGE, &request).send().await.unwrap();
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.text().await.unwrap(), "<html>bad gateway</html>");
    assert!(plaid.live_items().await.is_empty());
}

#[tokio::test]
async fn lost_answer_leaves_an_item_and_no_answer() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    arm(plaid, json!({"endpoint": EXCHANGE, "kind": "lose_answer"})).await;
    let request = exchange_request(plaid).await;
    assert!(plaid.request(EXCHANGE, &request).send().await.is_err());
    assert_eq!(plaid.live_items().await.len(), 1);
    let log = plaid.control("GET", "/requests", Value::Null).await;
    assert_eq!(
        log["counts"][EXCHANGE], 1,
        "the client must not have tried again by itself"
    );
}

#[tokio::test]
async fn cut_connection_leaves_nothing() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    arm(
        plaid,
        json!({"endpoint": "*", "call": 2, "kind": "cut_connection"}),
    )
    .await;
    let request = exchange_request(plaid).await;
    assert!(plaid.request(EXCHANGE, &request).send().await.is_err());
    assert!(plaid.live_items().await.is_empty());
    plaid.call(EXCHANGE, request).await.ok();
}

#[tokio::test]
async fn delayed_answer_has_had_its_effect_when_the_caller_gives_up() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    arm(
        plaid,
        json!({"endpoint": EXCHANGE, "kind": "delay_ms", "delay_ms": 60_000}),
    )
    .await;
    let request = exchange_request(plaid).await;
    let call = plaid
        .request(EXCHANGE, &request)
        .timeout(Duration::from_millis(300));
    assert!(call.send().await.unwrap_err().is_timeout());
    assert_eq!(plaid.live_items().await.len(), 1);
}

#[tokio::test]
async fn latency_is_that_of_every_answer() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    plaid
        .control("POST", "/settings", json!({"latency_ms": 120}))
        .await;
    let start = Instant::now();
    plaid.public_token("ins_109508", json!({})).await;
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn faults_are_listed_until_used_up_or_removed() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    arm(
        plaid,
        json!({"endpoint": "/item/get", "times": 2, "kind": "lose_answer"}),
    )
    .await;
    arm(
        plaid,
        json!({"endpoint": "/accounts/get", "call": 3, "kind": "cut_connection"}),
    )
    .await;
    let faults = plaid.control("GET", "/faults", Value::Null).await;
    assert_eq!(faults["faults"].as_array().unwrap().len(), 2);
    assert_eq!(faults["faults"][1]["call"], 3);
    assert_eq!(faults["faults"][0]["kind"], "lose_answer");
    plaid.control("DELETE", "/faults", Value::Null).await;
    let faults = plaid.control("GET", "/faults", Value::Null).await;
    assert_eq!(faults["faults"], json!([]));
}

#[tokio::test]
async fn fault_at_an_endpoint_that_does_not_exist_is_refused() {
    let sandbox = Sandbox::start().await;
    let fault = json!({"endpoint": "/item/exchange", "kind": "lose_answer"});
    assert_eq!(
        sandbox
            .plaid
            .try_control("POST", "/faults", fault)
            .await
            .status,
        400
    );
    let fault = json!({"endpoint": "/item/get", "kind": "lose_answer", "when": "now"});
    assert_eq!(
        sandbox
            .plaid
            .try_control("POST", "/faults", fault)
            .await
            .status,
        400
    );
}
