//! What time does: tokens expire, micro-deposits settle, logins end.

use std::time::Duration;

use jiff::Timestamp;
use plaid_sandbox::{Clock, Options};
use serde_json::{Value, json};

use crate::support::{Receiver, Sandbox};

const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

async fn frozen() -> (Sandbox, Clock) {
    let clock = Clock::frozen_at(START);
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    (Sandbox::with(options).await, clock)
}

#[tokio::test]
async fn public_token_lives_half_an_hour() {
    let (sandbox, clock) = frozen().await;
    let plaid = &sandbox.plaid;
    let early = json!({"public_token": plaid.public_token("ins_109508", json!({})).await});
    let late = json!({"public_token": plaid.public_token("ins_109508", json!({})).await});
    clock.advance(Duration::from_secs(30 * 60 - 1));
    plaid.call("/item/public_token/exchange", early).await.ok();
    clock.advance(Duration::from_secs(1));
    let answer = plaid.call("/item/public_token/exchange", late).await;
    assert_eq!(answer.code(), "INVALID_PUBLIC_TOKEN");
    assert_eq!(plaid.live_items().await.len(), 1);
}

#[tokio::test]
async fn link_token_lives_four_hours_or_half_an_hour_in_update_mode() {
    let (sandbox, clock) = frozen().await;
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    for (name, value, seconds) in [
        ("products", json!(["auth"]), 4 * 3600),
        ("access_token", json!(linked.access_token), 30 * 60),
    ] {
        let mut body = json!({
            "client_name": "Tests",
            "country_codes": ["US"],
            "language": "en",
            "user": {"client_user_id": "u1"},
        });
        body[name] = value;
        let answer = plaid.call("/link/token/create", body).await.ok();
        let expiration: Timestamp = answer["expiration"].as_str().unwrap().parse().unwrap();
        assert_eq!(
            expiration.duration_since(clock.now()).as_secs(),
            seconds,
            "{name}"
        );
        clock.advance(Duration::from_secs(seconds.unsigned_abs()));
        let finish = json!({"link_token": answer["link_token"]});
        let refused = plaid.try_control("POST", "/link-sessions", finish).await;
        assert!(
            refused.body["error"]
                .as_str()
                .unwrap()
                .contains("INVALID_LINK_TOKEN")
        );
    }
}

#[tokio::test]
async fn automated_micro_deposit_verifies_after_a_day_and_tells_it() {
    let receiver = Receiver::start().await;
    let (sandbox, clock) = frozen().await;
    let plaid = &sandbox.plaid;
    let options = json!({"override_username": "microdeposits_good", "webhook": receiver.url});
    let linked = plaid.link("ins_109512", options).await;
    clock.advance(Duration::from_secs(24 * 3600 - 1));
    let accounts = plaid.accounts(&linked).await;
    assert_eq!(
        accounts[0]["verification_status"],
        "pending_automatic_verification"
    );
    clock.advance(Duration::from_secs(1));
    let webhook = receiver.wait_for(1).await.json();
    assert_eq!(webhook["webhook_code"], "AUTOMATICALLY_VERIFIED");
    let accounts = plaid.accounts(&linked).await;
    assert_eq!(accounts[0]["verification_status"], "automatically_verified");
}

#[tokio::test]
async fn item_needs_a_login_after_thirty_days() {
    let receiver = Receiver::start().await;
    let (sandbox, clock) = frozen().await;
    let plaid = &sandbox.plaid;
    let linked = plaid
        .link("ins_109508", json!({"webhook": receiver.url}))
        .await;
    clock.advance(Duration::from_hours(30 * 24));
    let webhook = receiver.wait_for(1).await.json();
    assert_eq!(webhook["error"]["error_code"], "ITEM_LOGIN_REQUIRED");
    let body = json!({"access_token": linked.access_token});
    let answer = plaid.call("/item/get", body).await.ok();
    assert_eq!(answer["item"]["error"]["error_code"], "ITEM_LOGIN_REQUIRED");
}

#[tokio::test]
async fn time_moved_forward_does_not_put_answers_into_the_callers_future() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    plaid
        .control("POST", "/clock", json!({"advance_seconds": 100_000}))
        .await;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = json!({"access_token": linked.access_token});
    let answer = plaid.call("/item/get", body).await.ok();
    let created: Timestamp = answer["item"]["created_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        Timestamp::now().duration_since(created).as_secs().abs() < 60,
        "{created}"
    );
}

#[tokio::test]
async fn clock_refuses_to_run_backwards() {
    let sandbox = Sandbox::start().await;
    for change in [json!({"speed": -1}), json!({"advance_seconds": -1})] {
        assert_eq!(
            sandbox
                .plaid
                .try_control("POST", "/clock", change)
                .await
                .status,
            400
        );
    }
    let clock = sandbox.plaid.control("GET", "/clock", Value::Null).await;
    assert_eq!(clock["speed"], 1.0);
}
