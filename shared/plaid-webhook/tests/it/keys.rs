//! When Plaid is asked for a key, and when not.

use std::pin::pin;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{LookupError, Rejection};

use crate::support::{BODY, Down, KID, Plaid, Receiver, at, rejected, undecided};

const HOUR: i64 = 3600;

#[tokio::test]
async fn a_burst_of_webhooks_makes_one_lookup() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    let burst = (0..50).map(|n| receiver.genuine(&signer, n / 10));
    for verdict in join_all(burst).await {
        assert!(verdict.is_ok(), "{verdict:?}");
    }
    assert_eq!(receiver.plaid.lookups(), 1);
}

#[tokio::test]
async fn a_slow_lookup_holds_up_no_webhook_with_another_key() {
    let (slow, quick) = (WebhookSigner::new("slow"), WebhookSigner::new("quick"));
    let plaid = Plaid::with(&slow).gated("slow");
    plaid.put(quick.key());
    let receiver = Receiver::of(plaid);
    let mut waiting = pin!(receiver.genuine(&slow, 0));
    assert_eq!(waiting.as_mut().now_or_never(), None);
    let passed = soon(receiver.genuine(&quick, 0)).await.unwrap();
    assert!(passed.is_ok(), "{passed:?}");
    assert_eq!(waiting.as_mut().now_or_never(), None);
    receiver.plaid.open("slow");
    assert!(soon(waiting).await.unwrap().is_ok());
}

/// What comes of it without anybody else's doing; `None` if nothing does.
async fn soon<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..100 {
        if let Some(output) = future.as_mut().now_or_never() {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

#[tokio::test]
async fn a_key_is_looked_up_again_after_twelve_hours() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    for (second, lookups) in [(0, 1), (12 * HOUR, 1), (12 * HOUR + 1, 2), (24 * HOUR, 2)] {
        let verdict = receiver.genuine(&signer, second).await;
        assert!(verdict.is_ok(), "{verdict:?}");
        assert_eq!(receiver.plaid.lookups(), lookups, "after {second} s");
    }
}

#[tokio::test]
async fn an_expiry_is_noticed_when_the_key_is_looked_up_again() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    assert!(receiver.genuine(&signer, 0).await.is_ok());
    receiver.plaid.expire(KID, at(HOUR));
    assert!(receiver.genuine(&signer, 12 * HOUR).await.is_ok());
    let verdict = receiver.genuine(&signer, 12 * HOUR + 1).await;
    assert_eq!(verdict, rejected(Rejection::ExpiredKey));
}

#[tokio::test]
async fn a_key_replaced_under_its_id_is_fetched_before_refusing() {
    let (old, new) = (WebhookSigner::new(KID), WebhookSigner::new(KID));
    let receiver = Receiver::of(Plaid::with(&old));
    assert!(receiver.genuine(&old, 0).await.is_ok());
    receiver.plaid.put(new.key());
    assert!(receiver.genuine(&new, 60).await.is_ok());
    assert_eq!(receiver.plaid.lookups(), 2);
    let verdict = receiver.genuine(&old, 61).await;
    assert_eq!(verdict, rejected(Rejection::SignatureMismatch));
    assert_eq!(receiver.plaid.lookups(), 2, "that was just looked up");
}

#[tokio::test]
async fn forged_signatures_look_a_known_key_up_twice_a_minute_at_most() {
    let (signer, forger) = (WebhookSigner::new(KID), WebhookSigner::new(KID));
    let receiver = Receiver::of(Plaid::with(&signer));
    for second in 0..600 {
        let verdict = receiver.genuine(&forger, second).await;
        assert_eq!(verdict, rejected(Rejection::SignatureMismatch));
        assert!(receiver.genuine(&signer, second).await.is_ok());
    }
    let lookups = receiver.plaid.lookups();
    assert!((2..=20).contains(&lookups), "{lookups}");
}

#[tokio::test]
async fn an_old_signature_is_no_reason_to_look_the_key_up_again() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    let old = signer.sign(BODY, at(0));
    for second in (0..20).map(|n| HOUR + n * 60) {
        let verdict = receiver.receive(&old, second).await;
        assert_eq!(verdict, rejected(Rejection::TooOld { issued_at: at(0) }));
    }
    assert_eq!(receiver.plaid.lookups(), 1);
}

#[tokio::test]
async fn that_there_is_no_such_key_is_remembered_for_five_minutes() {
    let stranger = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::without_keys());
    for (second, lookups) in [(0, 1), (1, 1), (31, 1), (300, 1), (301, 2)] {
        let verdict = receiver.genuine(&stranger, second).await;
        assert_eq!(verdict, rejected(Rejection::UnknownKey));
        assert_eq!(receiver.plaid.lookups(), lookups, "after {second} s");
    }
    receiver.plaid.put(stranger.key());
    assert!(receiver.genuine(&stranger, 700).await.is_ok(), "it is now");
}

#[tokio::test]
async fn a_failed_lookup_is_shared_and_not_repeated_for_five_seconds() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    receiver.plaid.set_down(true);
    let burst = join_all((0..20).map(|_| receiver.genuine(&signer, 0))).await;
    let failed = undecided(LookupError::Source(Down));
    assert_eq!(burst.iter().filter(|one| **one == failed).count(), 1);
    let cooling = undecided(LookupError::CoolingDown);
    assert_eq!(burst.iter().filter(|one| **one == cooling).count(), 19);
    receiver.plaid.set_down(false);
    assert_eq!(receiver.genuine(&signer, 4).await, cooling);
    assert_eq!(receiver.plaid.lookups(), 1);
    assert!(receiver.genuine(&signer, 5).await.is_ok());
}

#[tokio::test]
async fn a_known_key_counts_on_while_its_second_look_fails() {
    let (signer, forger) = (WebhookSigner::new(KID), WebhookSigner::new(KID));
    let receiver = Receiver::of(Plaid::with(&signer));
    assert!(receiver.genuine(&signer, 0).await.is_ok());
    receiver.plaid.set_down(true);
    for second in 60..90 {
        // Perhaps the key was replaced; nobody knows.
        assert!(receiver.genuine(&forger, second).await.is_err());
        assert!(receiver.genuine(&signer, second).await.is_ok());
    }
    assert_eq!(receiver.plaid.lookups(), 1 + 6, "one in five seconds");
}

#[tokio::test]
async fn a_lookup_that_was_given_up_counts_as_one() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer).gated(KID));
    assert!(receiver.genuine(&signer, 0).now_or_never().is_none());
    assert_eq!(receiver.plaid.lookups(), 1);
    receiver.plaid.open(KID);
    let cooling = undecided(LookupError::CoolingDown);
    assert_eq!(receiver.genuine(&signer, 0).await, cooling);
    assert!(receiver.genuine(&signer, 5).await.is_ok());
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_lookups() {
    let (old, new) = (WebhookSigner::new("old"), WebhookSigner::new("new"));
    let receiver = Receiver::of(Plaid::with(&old));
    receiver.plaid.put(new.key());
    let ahead = 10 * 24 * HOUR;
    assert!(receiver.genuine(&old, ahead).await.is_ok());
    assert!(receiver.genuine(&old, 0).await.is_ok());
    assert_eq!(receiver.plaid.lookups_of("old"), 2, "too far away to count");
    let stranger = WebhookSigner::new("x");
    for n in 0..20 {
        let verdict = receiver.naming(&stranger, &format!("s-{n}"), ahead).await;
        assert!(verdict.is_err());
    }
    let soon = receiver.genuine(&new, 1).await;
    assert_eq!(soon, undecided(LookupError::BudgetUsedUp));
    assert!(receiver.genuine(&new, 31).await.is_ok());
}
