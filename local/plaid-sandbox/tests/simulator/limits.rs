//! Rate limits: so many calls a minute, and what comes after is refused without effect.

use std::time::Duration;

use jiff::Timestamp;
use plaid_sandbox::{Clock, Options};
use serde_json::{Value, json};

use crate::support::{Plaid, Sandbox};

const EXCHANGE: &str = "/item/public_token/exchange";
const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

async fn limited(endpoint: &str, per_minute: u32) -> (Sandbox, Clock) {
    let clock = Clock::frozen_at(START);
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let sandbox = Sandbox::with(options).await;
    let limit = json!({"endpoint": endpoint, "per_minute": per_minute});
    sandbox.plaid.control("POST", "/limits", limit).await;
    (sandbox, clock)
}

async fn exchange_request(plaid: &Plaid) -> Value {
    json!({"public_token": plaid.public_token("ins_109508", json!({})).await})
}

async fn refused(plaid: &Plaid) -> Value {
    let limits = plaid.control("GET", "/limits", Value::Null).await;
    limits["limits"][0]["refused"].clone()
}

#[tokio::test]
async fn one_call_too_many_is_refused_as_plaid_refuses_it_and_has_no_effect() {
    let (sandbox, _) = limited(EXCHANGE, 2).await;
    let plaid = &sandbox.plaid;
    for _ in 0..2 {
        let request = exchange_request(plaid).await;
        plaid.call(EXCHANGE, request).await.ok();
    }
    let answer = plaid.call(EXCHANGE, exchange_request(plaid).await).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.body["error_type"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(answer.body["error_code"], "RATE_LIMIT");
    assert_eq!(plaid.live_items().await.len(), 2);
    assert_eq!(refused(plaid).await, 1);
}

#[tokio::test]
async fn refused_call_works_when_the_minute_is_over() {
    let (sandbox, clock) = limited(EXCHANGE, 1).await;
    let plaid = &sandbox.plaid;
    let first = exchange_request(plaid).await;
    plaid.call(EXCHANGE, first).await.ok();
    let second = exchange_request(plaid).await;
    clock.advance(Duration::from_secs(59));
    let early = plaid.call(EXCHANGE, second.clone()).await;
    assert_eq!(early.status, 429);
    // What was refused did not count: the minute began with the first.
    clock.advance(Duration::from_secs(1));
    plaid.call(EXCHANGE, second).await.ok();
    assert_eq!(plaid.live_items().await.len(), 2);
}

#[tokio::test]
async fn limit_is_for_its_endpoint_and_for_calls_that_are_well_formed() {
    let (sandbox, _) = limited("/accounts/get", 1).await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = json!({"access_token": linked.access_token});
    let malformed = plaid.call("/accounts/get", json!({})).await;
    assert_eq!(malformed.code(), "MISSING_FIELDS");
    plaid.call("/accounts/get", body.clone()).await.ok();
    let second = plaid.call("/accounts/get", body.clone()).await;
    assert_eq!(second.code(), "ACCOUNTS_LIMIT");
    plaid.call("/item/get", body).await.ok();
}

#[tokio::test]
async fn limits_are_lifted_and_wrong_ones_are_refused() {
    let (sandbox, _) = limited(EXCHANGE, 0).await;
    let plaid = &sandbox.plaid;
    let request = exchange_request(plaid).await;
    let answer = plaid.call(EXCHANGE, request.clone()).await;
    assert_eq!(answer.code(), "RATE_LIMIT");
    plaid.control("DELETE", "/limits", Value::Null).await;
    plaid.call(EXCHANGE, request).await.ok();
    for wrong in [
        json!({"endpoint": "/nothing", "per_minute": 1}),
        json!({"endpoint": "*", "per_minute": 1}),
        json!({"endpoint": EXCHANGE}),
        json!({"endpoint": EXCHANGE, "per_minute": -1}),
    ] {
        let answer = plaid.try_control("POST", "/limits", wrong).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
}
