//! Defects of aws-samples/aws-plaid-demo-app in receiving webhooks (read in its code, July
//! 2026), each as a test that its receiver would fail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use shared::domain::WebhookSubject;
use shared::ports::Clock as _;
use shared::test_util::{Event, WebhookSigner};

use crate::scene::{BODY, EVENT, SIGNATURE, Scene, refused};

/// Its queue knows webhooks by type and code alone.
#[tokio::test]
async fn two_events_of_one_kind_for_one_item_are_both_kept() {
    let scene = Scene::new();
    for account in ["A", "B"] {
        let body = format!(
            r#"{{"item_id":"I","account_id":"{account}","webhook_type":"AUTH","webhook_code":"AUTOMATICALLY_VERIFIED"}}"#
        );
        assert_eq!(scene.post(&body).await, 200);
    }
    assert_eq!(scene.inbox().len(), 2);
}

/// It answers 400 to whatever has no `item_id`, which counts towards Plaid's 90 % rule.
#[tokio::test]
async fn a_webhook_without_an_item_is_accepted() {
    let scene = Scene::new();
    for body in [
        r#"{"webhook_type":"LINK","webhook_code":"SESSION_FINISHED","link_token":"link-sandbox-1"}"#,
        r#"{"webhook_type":"BANK_TRANSFERS","webhook_code":"BANK_TRANSFERS_EVENTS_UPDATE"}"#,
        r#"{"webhook_type":"ISSUES","webhook_code":"ISSUE_RESOLVED"}"#,
    ] {
        assert_eq!(scene.post(body).await, 200, "{body}");
    }
    assert_eq!(scene.inbox().len(), 3);
}

/// It drops webhooks for Items that it does not know yet.
#[tokio::test]
async fn a_webhook_for_an_item_that_nobody_knows_yet_waits() {
    let scene = Scene::new();
    let body = r#"{"item_id":"not-yet","webhook_type":"ITEM","webhook_code":"ERROR"}"#;
    assert_eq!(scene.post(body).await, 200);
    let subject = &scene.inbox()[0].subject;
    assert!(matches!(subject, WebhookSubject::Item(id) if id.as_str() == "not-yet"));
}

/// It hashes the body without decoding it.
#[tokio::test]
async fn an_encoded_body_is_decoded_before_it_is_hashed() {
    let scene = Scene::new();
    let event = scene
        .signed(BODY, 0)
        .body(STANDARD.encode(BODY))
        .set("/isBase64Encoded", true);
    assert_eq!(scene.send(event).await.status(), 200);
}

/// It asks Plaid every time for a key that Plaid does not have.
#[tokio::test]
async fn an_unknown_key_is_asked_for_once() {
    let scene = Scene::new();
    let stranger = WebhookSigner::new("unknown");
    for _ in 0..20 {
        scene.deps.clock.advance_seconds(6);
        assert!(refused(
            &scene.send(scene.signed_by(&stranger, BODY, 0)).await
        ));
    }
    assert_eq!(scene.lookups(), 1);
}

/// A header that is no JWT is an unhandled exception there, and so a 500.
#[tokio::test]
async fn a_header_that_is_no_jwt_is_refused() {
    let scene = Scene::new();
    for header in ["x", "..", "e30.e30.", "eyJ.eyJ.x", "{}", "null"] {
        let event = Event::read(EVENT).body(BODY).set(SIGNATURE, header);
        assert!(refused(&scene.send(event).await), "{header}");
    }
}

/// It believes signatures of any future.
#[tokio::test]
async fn a_signature_of_next_year_is_refused() {
    let scene = Scene::new();
    let a_year = 365 * 24 * 3600;
    assert!(refused(&scene.send(scene.signed(BODY, -a_year)).await));
    assert!(refused(&scene.send(scene.signed(BODY, -61)).await));
    assert!(scene.inbox().is_empty());
}

/// It looks the key up before it looks at the algorithm.
#[tokio::test]
async fn a_wrong_algorithm_costs_no_lookup() {
    let scene = Scene::new();
    for alg in ["none", "HS256", "RS256"] {
        let header = format!(r#"{{"alg":"{alg}","kid":"example-key"}}"#);
        let now = scene.deps.clock.now();
        let token = scene.signer.sign_with_header(&header, BODY.as_bytes(), now);
        let event = Event::read(EVENT).body(BODY).set(SIGNATURE, token);
        assert!(refused(&scene.send(event).await), "{alg}");
    }
    assert_eq!(scene.lookups(), 0);
}

/// It refuses every key that has an `expired_at`, even one to come.
#[tokio::test]
async fn a_key_that_will_expire_counts_until_then() {
    let scene = Scene::new();
    let in_a_day = scene.deps.clock.now() + SignedDuration::from_hours(24);
    scene.deps.plaid.world().keys[0].expired_at = Some(in_a_day);
    assert_eq!(scene.post(BODY).await, 200);
    scene.deps.clock.advance_seconds(24 * 3600);
    assert!(refused(&scene.send(scene.signed(BODY, 0)).await));
}
