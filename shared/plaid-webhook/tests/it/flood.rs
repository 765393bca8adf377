//! Strangers name keys at random, as many as they like.

use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{LookupError, Rejection};

use crate::support::{KID, Plaid, Receiver, rejected, undecided};

const FLOOD: i64 = 10_000;
const MINUTES: i64 = 5;

/// 10,000 webhooks with keys that nobody has seen, spread over five minutes; calls `each`
/// after every one.
async fn flood<F: AsyncFnMut(i64)>(receiver: &Receiver, from: i64, mut each: F) {
    let stranger = WebhookSigner::new("stranger");
    for n in 0..FLOOD {
        let second = from + n * MINUTES * 60 / FLOOD;
        let kid = format!("random-{from}-{n}");
        let verdict = receiver.naming(&stranger, &kid, second).await;
        let paid = verdict == rejected(Rejection::UnknownKey)
            || verdict == undecided(LookupError::Source(crate::support::Down));
        assert!(
            paid || verdict == undecided(LookupError::BudgetUsedUp),
            "{verdict:?}"
        );
        each(second).await;
    }
}

#[tokio::test]
async fn ten_thousand_random_keys_cost_twenty_lookups_and_genuine_webhooks_pass() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    assert!(receiver.genuine(&signer, -100).await.is_ok());
    let mut passed = 0;
    flood(&receiver, 0, async |second| {
        if second > passed {
            let verdict = receiver.genuine(&signer, second).await;
            assert!(verdict.is_ok(), "after {second} s: {verdict:?}");
            passed = second;
        }
    })
    .await;
    assert_eq!(passed, MINUTES * 60 - 1);
    assert_eq!(receiver.plaid.lookups_of(KID), 1);
    let strangers = receiver.plaid.lookups() - 1;
    assert!((10..=20).contains(&strangers), "{strangers}");
}

#[tokio::test]
async fn all_at_once_they_cost_ten() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    let stranger = WebhookSigner::new("stranger");
    for n in 0..FLOOD {
        let verdict = receiver.naming(&stranger, &format!("r-{n}"), 0).await;
        assert!(verdict.is_err());
    }
    assert_eq!(receiver.plaid.lookups(), 10);
}

#[tokio::test]
async fn failing_lookups_are_paid_for_as_well() {
    let receiver = Receiver::of(Plaid::without_keys());
    receiver.plaid.set_down(true);
    flood(&receiver, 0, async |_| ()).await;
    let lookups = receiver.plaid.lookups();
    assert!((10..=20).contains(&lookups), "{lookups}");
}

#[tokio::test]
async fn a_key_that_is_known_is_renewed_in_the_middle_of_a_flood() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    let twelve_hours = 12 * 3600;
    assert!(receiver.genuine(&signer, 0).await.is_ok());
    flood(&receiver, twelve_hours - 150, async |second| {
        let verdict = receiver.genuine(&signer, second).await;
        assert!(verdict.is_ok(), "after {second} s: {verdict:?}");
    })
    .await;
    assert_eq!(receiver.plaid.lookups_of(KID), 2);
}

#[tokio::test]
async fn a_new_key_of_plaids_is_accepted_once_there_is_a_turn_for_it() {
    let (old, new) = (WebhookSigner::new("old"), WebhookSigner::new("new"));
    let receiver = Receiver::of(Plaid::with(&old));
    assert!(receiver.genuine(&old, -1).await.is_ok());
    flood(&receiver, 0, async |_| ()).await;
    receiver.plaid.put(new.key());
    let end = MINUTES * 60 - 1;
    let used_up = undecided(LookupError::BudgetUsedUp);
    assert_eq!(receiver.genuine(&new, end).await, used_up);
    // Plaid's first repetition comes 30 seconds later.
    assert!(receiver.genuine(&new, end + 30).await.is_ok());
    assert!(receiver.genuine(&old, end + 30).await.is_ok());
}

#[tokio::test]
async fn strangers_push_no_key_of_plaids_out_of_memory() {
    let signer = WebhookSigner::new(KID);
    let receiver = Receiver::of(Plaid::with(&signer));
    assert!(receiver.genuine(&signer, 0).await.is_ok());
    let stranger = WebhookSigner::new("stranger");
    for n in 1..=400 {
        let verdict = receiver.naming(&stranger, &format!("r-{n}"), n * 60).await;
        assert_eq!(verdict, rejected(Rejection::UnknownKey));
    }
    assert!(receiver.genuine(&signer, 400 * 60).await.is_ok());
    assert_eq!(receiver.plaid.lookups_of(KID), 1);
}
