//! How our client of Plaid behaves when things go wrong, against the simulator.

#![cfg(test)]

use std::time::Duration;

use e2e::keys::Keys;
use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use serde_json::{Value, json};
use shared::domain::{Deadline, PlaidFailure, PublicToken};
use shared::plaid::PlaidClient;
use shared::ports::{Clock, ExchangedItem, PublicTokens};
use shared::system_clock::SystemClock;

const EXCHANGE: &str = "/item/public_token/exchange";

fn keys(secrets: impl IntoIterator<Item = &'static str>) -> Keys {
    Keys::new("sandbox-client-id", secrets)
}

/// A stack, of which only the simulator is used, and a fresh public token.
struct Attempt {
    scene: Scene,
    public_token: PublicToken,
}

impl Attempt {
    async fn begin() -> Result<Self, Failure> {
        let scene = Scene::start().await?;
        let public_token = PublicToken::new(scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?);
        Ok(Self {
            scene,
            public_token,
        })
    }

    async fn fault(&self, fault: Value) -> Result<(), Failure> {
        self.scene
            .plaid("/simulator/faults", &fault)
            .await
            .map(|_| ())
    }

    async fn exchange(
        &self,
        credentials: &Keys,
        time: Duration,
    ) -> Result<Result<ExchangedItem, PlaidFailure>, Failure> {
        let url = self
            .scene
            .stack()
            .plaid_url()
            .ok_or("no simulator")?
            .parse()?;
        let client = PlaidClient::new(url, credentials, SystemClock)?;
        let deadline = Deadline::after(SystemClock.now(), time);
        Ok(client.exchange(&self.public_token, deadline).await)
    }

    async fn calls(&self) -> Result<Value, Failure> {
        let seen = self.scene.look_at_plaid("/simulator/requests").await?;
        Ok(seen["counts"][EXCHANGE].clone())
    }
}

const PLENTY: Duration = Duration::from_secs(20);

#[tokio::test]
async fn refused_keys_give_way_to_others_and_the_call_is_repeated() -> Result<(), Failure> {
    for secrets in [
        &["old-secret", "sandbox-secret"][..],
        &["old-secret", "wrong-secret", "sandbox-secret"],
    ] {
        let attempt = Attempt::begin().await?;
        let rotated = keys(secrets.iter().copied());
        assert!(attempt.exchange(&rotated, PLENTY).await?.is_ok());
        assert_eq!(attempt.calls().await?, secrets.len());
        assert_eq!(rotated.rereads(), secrets.len() - 1);
        attempt.scene.stop().await;
    }
    Ok(())
}

#[tokio::test]
async fn keys_that_stay_wrong_are_not_tried_for_ever() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let wrong = ["one", "two", "three", "four", "five"];
    for (secrets, calls, rereads) in [(1, 1, 1), (5, 1 + 3, 2)] {
        let wrong = keys(wrong.into_iter().take(secrets));
        let failure = attempt.exchange(&wrong, PLENTY).await?.unwrap_err();
        assert!(
            failure.plaid_error().unwrap().is("INVALID_API_KEYS"),
            "{failure}"
        );
        assert!(!failure.maybe_applied());
        assert_eq!(wrong.rereads(), rereads);
        assert_eq!(attempt.calls().await?, calls, "in all, after {secrets}");
    }
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_passing_trouble_of_plaid_is_tried_three_times() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = keys(["sandbox-secret"]);
    let trouble = |times| {
        json!({ "endpoint": EXCHANGE, "kind": "plaid_error", "times": times,
        "error_type": "API_ERROR", "error_code": "INTERNAL_SERVER_ERROR" })
    };
    attempt.fault(trouble(3)).await?;
    assert!(attempt.exchange(&good, PLENTY).await?.is_err());
    assert_eq!(attempt.calls().await?, 3);
    attempt.fault(trouble(2)).await?;
    assert!(attempt.exchange(&good, PLENTY).await?.is_ok());
    assert_eq!(attempt.calls().await?, 6);
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_limit_of_plaids_is_not_used_up_by_trying_again_at_once() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = keys(["sandbox-secret"]);
    let limit = json!({ "endpoint": EXCHANGE, "kind": "plaid_error",
        "error_type": "RATE_LIMIT_EXCEEDED", "error_code": "RATE_LIMIT" });
    attempt.fault(limit).await?;
    let failure = attempt.exchange(&good, PLENTY).await?.unwrap_err();
    assert!(
        !failure.maybe_applied(),
        "a refusal for the rate has no effect"
    );
    assert_eq!(attempt.calls().await?, 1);
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_refusal_that_repeating_cannot_change_is_not_repeated() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = keys(["sandbox-secret"]);
    let refusal = json!({ "endpoint": EXCHANGE, "kind": "plaid_error",
        "error_type": "ITEM_ERROR", "error_code": "ITEM_NOT_SUPPORTED" });
    attempt.fault(refusal).await?;
    assert!(attempt.exchange(&good, PLENTY).await?.is_err());
    assert_eq!(attempt.calls().await?, 1);
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_remembered_when_the_repeat_is_refused() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = keys(["sandbox-secret"]);
    attempt
        .fault(json!({ "endpoint": EXCHANGE, "kind": "lose_answer" }))
        .await?;
    let failure = attempt.exchange(&good, PLENTY).await?.unwrap_err();
    assert!(
        failure.plaid_error().unwrap().is("INVALID_PUBLIC_TOKEN"),
        "{failure}"
    );
    assert!(failure.maybe_applied(), "the first attempt made the Item");
    assert_eq!(attempt.scene.live_items().await?.len(), 1);
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_slow_plaid_is_given_up_at_the_deadline() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = keys(["sandbox-secret"]);
    attempt
        .fault(json!({ "endpoint": EXCHANGE, "kind": "delay_ms", "delay_ms": 60_000 }))
        .await?;
    let failure = attempt
        .exchange(&good, Duration::from_millis(600))
        .await?
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PlaidFailure::NoAnswer {
                maybe_applied: true,
                ..
            }
        ),
        "{failure}"
    );
    // Too little time is no attempt, and so has no effect.
    let failure = attempt
        .exchange(&good, Duration::from_millis(100))
        .await?
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PlaidFailure::NoAnswer {
                maybe_applied: false,
                ..
            }
        ),
        "{failure}"
    );
    attempt.scene.stop().await;
    Ok(())
}
