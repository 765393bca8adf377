//! `POST /v1/webhooks/plaid` over in-memory ports and real signatures.

#![cfg(test)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::{Body, Response};
use shared::domain::{InboxRecord, PlaidFailure};
use shared::http::Code;
use shared::plaid::KeyCache;
use shared::ports::Clock;
use shared::test_util::{Event, FixedClock, MemoryPlaid, MemoryStore, WebhookSigner, json};
use webhook_receipt::{Deps, handler};

const EVENT: &str = include_str!("../../../events/webhook-receipt.json");
const SIGNATURE: &str = "/headers/plaid-verification";
const NOW: i64 = 1_795_348_800;

/// Plaid sends webhooks.
struct Scene {
    deps: Deps<MemoryPlaid, MemoryStore, FixedClock>,
    signer: WebhookSigner,
}

impl Scene {
    fn new() -> Self {
        let signer = WebhookSigner::new("example-key");
        let plaid = MemoryPlaid::default();
        plaid.world().keys.push(signer.key());
        let deps = Deps {
            keys: KeyCache::new(plaid),
            store: MemoryStore::default(),
            clock: FixedClock::at_second(NOW),
        };
        Self { deps, signer }
    }

    /// The event with this body, signed that many seconds ago.
    fn signed(&self, body: &str, age: i64) -> Event {
        let issued_at = self.deps.clock.now() - jiff::SignedDuration::from_secs(age);
        Event::read(EVENT)
            .body(body)
            .set(SIGNATURE, self.signer.sign(body.as_bytes(), issued_at))
    }

    async fn send(&self, event: Event) -> Response<Body> {
        handler(
            &self.deps,
            event.request(self.deps.clock.now().as_millisecond() + 8000),
        )
        .await
    }

    fn inbox(&self) -> Vec<InboxRecord> {
        self.deps.store.records().inbox.values().cloned().collect()
    }
}

const BODY: &str =
    "{\n  \"item_id\": \"I\",\n  \"webhook_code\": \"ERROR\",\n  \"webhook_type\": \"ITEM\"\n}";

fn refused(response: &Response<Body>) -> bool {
    response.status() == 401 && json(response)["code"] == Code::WebhookNotVerified.as_str()
}

#[tokio::test]
async fn a_signed_webhook_is_kept_and_answered_200() {
    let scene = Scene::new();
    let response = scene.send(scene.signed(BODY, 0)).await;
    assert_eq!(response.status(), 200);
    let inbox = scene.inbox();
    assert_eq!(
        (inbox.len(), inbox[0].subject.as_str(), inbox[0].stale),
        (1, "I", false)
    );
    assert_eq!(inbox[0].body, BODY);
}

#[tokio::test]
async fn the_sample_event_with_its_made_up_signature_is_refused() {
    let scene = Scene::new();
    assert!(refused(&scene.send(Event::read(EVENT)).await));
    assert!(scene.inbox().is_empty());
}

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
    assert_eq!(scene.send(scene.signed(BODY, 0)).await.status(), 200);
    assert_eq!(scene.inbox().len(), 2);
}

#[tokio::test]
async fn a_base64_encoded_body_is_verified_as_it_was_sent() {
    let scene = Scene::new();
    let event = scene
        .signed(BODY, 0)
        .body(STANDARD.encode(BODY))
        .set("/isBase64Encoded", true)
        .set("/headers/content-type", "application/octet-stream");
    assert_eq!(scene.send(event).await.status(), 200);
    assert_eq!(scene.inbox()[0].body, BODY);
}

#[tokio::test]
async fn forged_webhooks_change_nothing() {
    let scene = Scene::new();
    let impostor = WebhookSigner::new("example-key").sign(BODY.as_bytes(), scene.deps.clock.now());
    let stranger = WebhookSigner::new("unknown").sign(BODY.as_bytes(), scene.deps.clock.now());
    let none = scene.signer.sign_with_header(
        r#"{"alg":"none","kid":"example-key"}"#,
        BODY.as_bytes(),
        scene.deps.clock.now(),
    );
    let forged = [
        scene
            .signed(BODY, 0)
            .body(BODY.replace("ERROR", "LOGIN_REPAIRED")),
        scene.signed(BODY, -61),
        Event::read(EVENT).body(BODY).set(SIGNATURE, ""),
        Event::read(EVENT).body(BODY).set(SIGNATURE, "a.b.c"),
        Event::read(EVENT).body(BODY).set(SIGNATURE, impostor),
        Event::read(EVENT).body(BODY).set(SIGNATURE, stranger),
        Event::read(EVENT).body(BODY).set(SIGNATURE, none),
        Event::read(EVENT)
            .body(BODY)
            .set("/headers", serde_json::json!({})),
    ];
    for (number, event) in forged.into_iter().enumerate() {
        assert!(refused(&scene.send(event).await), "forgery {number}");
    }
    assert!(scene.inbox().is_empty());
}

#[tokio::test]
async fn an_old_signature_is_refused_and_remembered_as_a_hint() {
    let scene = Scene::new();
    assert!(refused(&scene.send(scene.signed(BODY, 301)).await));
    let inbox = scene.inbox();
    assert_eq!((inbox.len(), inbox[0].stale), (1, true));
    assert!(refused(&scene.send(scene.signed(BODY, 3000)).await));
    assert_eq!(scene.inbox().len(), 1, "one hint an hour is enough");
}

#[tokio::test]
async fn unknown_kinds_of_webhooks_are_kept_like_any_other() {
    let scene = Scene::new();
    for body in [
        "{}",
        "not json",
        r#"{"webhook_type":"NEXT_YEAR","webhook_code":"NEW"}"#,
    ] {
        assert_eq!(
            scene.send(scene.signed(body, 0)).await.status(),
            200,
            "{body}"
        );
    }
    assert_eq!(scene.inbox().len(), 3);
}

#[tokio::test]
async fn tokens_in_a_webhook_are_not_kept() {
    let scene = Scene::new();
    let body = r#"{"webhook_type":"LINK","webhook_code":"SESSION_FINISHED","link_token":"link-sandbox-canary-1",
        "public_token":"public-sandbox-canary-2","public_tokens":["public-sandbox-canary-2"]}"#;
    assert_eq!(scene.send(scene.signed(body, 0)).await.status(), 200);
    let kept = format!("{:?}", scene.inbox());
    assert!(!kept.contains("canary"), "{kept}");
    assert!(kept.contains("SESSION_FINISHED"));
}

#[tokio::test]
async fn what_cannot_be_decided_or_kept_now_is_asked_for_again() {
    let scene = Scene::new();
    let away = PlaidFailure::NoAnswer {
        reason: "away",
        maybe_applied: false,
    };
    scene.deps.keys.source().fail("verification_key", away);
    let response = scene.send(scene.signed(BODY, 0)).await;
    assert_eq!(
        (response.status().as_u16(), &json(&response)["code"]),
        (503, &"plaid_unavailable".into())
    );
    scene.deps.store.go_down(0, 1);
    let response = scene.send(scene.signed(BODY, 0)).await;
    assert_eq!(
        (response.status().as_u16(), &json(&response)["code"]),
        (503, &"storage_unavailable".into())
    );
    assert_eq!(scene.send(scene.signed(BODY, 0)).await.status(), 200);
}

#[tokio::test]
async fn a_webhook_of_256_kib_is_read_and_a_larger_one_is_not() {
    let scene = Scene::new();
    let largest = "x".repeat(256 * 1024);
    assert_eq!(scene.send(scene.signed(&largest, 0)).await.status(), 200);
    let larger = format!("{largest}x");
    let response = scene.send(scene.signed(&larger, 0)).await;
    assert_eq!(
        (response.status().as_u16(), &json(&response)["code"]),
        (413, &"body_too_large".into())
    );
    assert_eq!(scene.inbox().len(), 1);
}
