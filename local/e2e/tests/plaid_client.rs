//! How our client of Plaid behaves when things go wrong, against the simulator.

#![cfg(test)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use serde_json::{Value, json};
use shared::domain::{Deadline, PlaidCredentials, PlaidFailure, PublicToken};
use shared::plaid::PlaidClient;
use shared::ports::{Clock, CredentialSource, ExchangedItem, PublicTokens, SecretError};
use shared::system_clock::SystemClock;

const EXCHANGE: &str = "/item/public_token/exchange";

/// Credentials that are wrong until they are read again, if ever.
struct Credentials {
    current: Mutex<&'static str>,
    after_refusal: &'static str,
    rereads: AtomicU32,
}

impl Credentials {
    fn new(current: &'static str, after_refusal: &'static str) -> Self {
        Self {
            current: Mutex::new(current),
            after_refusal,
            rereads: AtomicU32::new(0),
        }
    }

    fn read(&self) -> PlaidCredentials {
        PlaidCredentials::new("sandbox-client-id", *self.current.lock().unwrap())
    }
}

impl CredentialSource for &Credentials {
    async fn credentials(&self) -> Result<PlaidCredentials, SecretError> {
        Ok(self.read())
    }

    async fn credentials_after(
        &self,
        _refused: &PlaidCredentials,
    ) -> Result<PlaidCredentials, SecretError> {
        self.rereads.fetch_add(1, Ordering::Relaxed);
        *self.current.lock().unwrap() = self.after_refusal;
        Ok(self.read())
    }
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
        credentials: &Credentials,
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
async fn refused_keys_are_read_again_once_and_the_call_repeated() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let rotated = Credentials::new("old-secret", "sandbox-secret");
    assert!(attempt.exchange(&rotated, PLENTY).await?.is_ok());
    assert_eq!(rotated.rereads.load(Ordering::Relaxed), 1);
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn keys_that_stay_wrong_are_not_tried_for_ever() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    for (after_refusal, calls) in [("old-secret", 1), ("another-wrong-one", 3)] {
        let wrong = Credentials::new("old-secret", after_refusal);
        let failure = attempt.exchange(&wrong, PLENTY).await?.unwrap_err();
        assert!(
            failure.plaid_error().unwrap().is("INVALID_API_KEYS"),
            "{failure}"
        );
        assert_eq!(wrong.rereads.load(Ordering::Relaxed), 1);
        assert_eq!(
            attempt.calls().await?,
            calls,
            "in all, after {after_refusal}"
        );
    }
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_passing_trouble_of_plaid_is_tried_three_times() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = Credentials::new("sandbox-secret", "sandbox-secret");
    let busy = |times| {
        json!({ "endpoint": EXCHANGE, "kind": "plaid_error", "times": times,
        "error_type": "RATE_LIMIT_EXCEEDED", "error_code": "RATE_LIMIT" })
    };
    attempt.fault(busy(3)).await?;
    let failure = attempt.exchange(&good, PLENTY).await?.unwrap_err();
    assert!(
        !failure.maybe_applied(),
        "a refusal for the rate has no effect"
    );
    assert_eq!(attempt.calls().await?, 3);
    attempt.fault(busy(2)).await?;
    assert!(attempt.exchange(&good, PLENTY).await?.is_ok());
    assert_eq!(attempt.calls().await?, 6);
    attempt.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_refusal_that_repeating_cannot_change_is_not_repeated() -> Result<(), Failure> {
    let attempt = Attempt::begin().await?;
    let good = Credentials::new("sandbox-secret", "sandbox-secret");
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
    let good = Credentials::new("sandbox-secret", "sandbox-secret");
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
    let good = Credentials::new("sandbox-secret", "sandbox-secret");
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
