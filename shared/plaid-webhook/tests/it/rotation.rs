//! Plaid changes its key while webhooks arrive.

use futures_util::future::join_all;
use plaid_webhook::Rejection;
use plaid_webhook::test_util::WebhookSigner;

use crate::support::{BODY, Plaid, Receiver, at, rejected};

#[tokio::test]
async fn both_keys_pass_while_webhooks_of_both_are_on_their_way() {
    let (old, new) = (WebhookSigner::new("old"), WebhookSigner::new("new"));
    let receiver = Receiver::of(Plaid::with(&old));
    assert!(receiver.genuine(&old, 0).await.is_ok());
    receiver.plaid.put(new.key());
    receiver.plaid.expire("old", at(100));
    let late = old.sign(BODY, at(99));
    let one = async |n: u32| match n % 3 {
        0 => receiver.genuine(&old, 90).await,
        1 => receiver.receive(&late, 130).await,
        _ => receiver.genuine(&new, 130).await,
    };
    let webhooks = (0..100).map(one);
    for verdict in join_all(webhooks).await {
        assert!(verdict.is_ok(), "{verdict:?}");
    }
    assert_eq!(receiver.plaid.lookups_of("new"), 1);
    assert_eq!(receiver.plaid.lookups_of("old"), 1);
}

#[tokio::test]
async fn an_expired_key_signs_nothing_new_once_that_is_known() {
    let old = WebhookSigner::new("old");
    let receiver = Receiver::of(Plaid::with(&old));
    receiver.plaid.expire("old", at(100));
    for (second, expected) in [(0, true), (99, true), (100, false), (101, false)] {
        let verdict = receiver.genuine(&old, second).await;
        assert_eq!(verdict.is_ok(), expected, "{second}: {verdict:?}");
        if !expected {
            assert_eq!(verdict, rejected(Rejection::ExpiredKey));
        }
    }
    let signed_before = old.sign(BODY, at(99));
    assert!(receiver.receive(&signed_before, 130).await.is_ok());
}

#[tokio::test]
async fn a_key_whose_end_is_taken_back_counts_again() {
    let signer = WebhookSigner::new("kid");
    let receiver = Receiver::of(Plaid::with(&signer));
    receiver.plaid.expire("kid", at(0));
    let verdict = receiver.genuine(&signer, 0).await;
    assert_eq!(verdict, rejected(Rejection::ExpiredKey));
    receiver.plaid.put(signer.key());
    assert!(receiver.genuine(&signer, 31).await.is_ok());
}

#[tokio::test]
async fn every_minute_a_new_key_for_an_hour_loses_nothing() {
    let receiver = Receiver::of(Plaid::without_keys());
    let mut previous: Option<WebhookSigner> = None;
    for minute in 0..60 {
        let signer = WebhookSigner::new(&format!("key-{minute}"));
        receiver.plaid.put(signer.key());
        for second in [0, 20, 40] {
            let verdict = receiver.genuine(&signer, minute * 60 + second).await;
            assert!(verdict.is_ok(), "{minute}:{second}: {verdict:?}");
        }
        if let Some(previous) = &previous {
            let kid = format!("key-{}", minute - 1);
            receiver.plaid.expire(&kid, at(minute * 60));
            let late = previous.sign(BODY, at(minute * 60 - 1));
            assert!(receiver.receive(&late, minute * 60 + 50).await.is_ok());
        }
        previous = Some(signer);
    }
    assert_eq!(receiver.plaid.lookups(), 60);
}
