//! What is in the inbox afterwards.

use shared::ports::Clock as _;
use shared::test_util::Event;

use crate::scene::{BODY, EVENT, SIGNATURE, Scene, refused};

#[tokio::test]
async fn an_exact_replay_is_kept_once_and_a_later_equal_webhook_again() {
    let scene = Scene::new();
    let issued_at = scene.deps.clock.now();
    let token = scene.signer.sign(BODY.as_bytes(), issued_at);
    for _ in 0..3 {
        let event = Event::read(EVENT).body(BODY).set(SIGNATURE, token.as_str());
        assert_eq!(scene.send(event).await.status(), 200);
    }
    assert_eq!(scene.inbox().len(), 1);
    scene.deps.clock.advance_seconds(3600);
    assert_eq!(scene.post(BODY).await, 200);
    assert_eq!(scene.inbox().len(), 2);
}

#[tokio::test]
async fn an_old_signature_is_refused_and_remembered_as_a_hint_once_an_hour() {
    let scene = Scene::new();
    assert!(refused(&scene.send(scene.signed(BODY, 301)).await));
    let inbox = scene.inbox();
    assert_eq!((inbox.len(), inbox[0].stale), (1, true));
    let age = inbox[0].received_at.duration_since(inbox[0].issued_at);
    assert_eq!(age.as_secs(), 301);
    for age in [302, 3000, 30_000] {
        assert!(refused(&scene.send(scene.signed(BODY, age)).await));
    }
    assert_eq!(scene.inbox().len(), 1, "one hint an hour is enough");
    let other = BODY.replace('I', "J");
    assert!(refused(&scene.send(scene.signed(&other, 301)).await));
    assert_eq!(scene.inbox().len(), 2, "but for each Item");
    scene.deps.clock.advance_seconds(3600);
    assert!(refused(&scene.send(scene.signed(BODY, 301)).await));
    assert_eq!(scene.inbox().len(), 3);
}

#[tokio::test]
async fn an_old_hint_and_a_webhook_signed_now_are_two() {
    let scene = Scene::new();
    assert!(refused(&scene.send(scene.signed(BODY, 301)).await));
    assert_eq!(scene.post(BODY).await, 200);
    let inbox = scene.inbox();
    let stale = inbox.iter().filter(|record| record.stale).count();
    assert_eq!((inbox.len(), stale), (2, 1));
}

#[tokio::test]
async fn tokens_in_a_webhook_are_not_kept() {
    let scene = Scene::new();
    let body = r#"{"webhook_type":"LINK","webhook_code":"SESSION_FINISHED","link_token":"link-sandbox-canary-1",
        "public_token":"public-sandbox-canary-2","public_tokens":["public-sandbox-canary-2","\u0070ublic-production-canary-3"],
        "item_id":"access-sandbox-canary-4","link_session_id":"processor-sandbox-canary-5"}"#;
    assert_eq!(scene.post(body).await, 200);
    let kept = format!("{:?}", scene.inbox());
    assert!(!kept.contains("canary"), "{kept}");
    assert!(kept.contains("SESSION_FINISHED"));
    assert!(scene.inbox()[0].webhook.link_token_hash.is_some());
}
