//! What is logged of a webhook: why it was refused, and nothing of what was sent. One test,
//! because it listens to the whole process.

#![cfg(test)]

#[path = "function/scene.rs"]
#[allow(
    dead_code,
    reason = "the other tests' scene, of which little is needed here"
)]
mod scene;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use plaid_webhook::VerificationKey;
use serde_json::{Value, json};
use shared::domain::PlaidFailure;
use shared::ports::Clock as _;
use shared::test_util::{Event, WebhookSigner};
use tracing_subscriber::fmt::MakeWriter;

use scene::{EVENT, SIGNATURE, Scene};

const BODY: &str = r#"{"item_id":"I","webhook_type":"canary","other":"canary-2"}"#;

/// Keeps what is written, without the redaction that deployed functions have on top.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The reasons in the log, in order.
    fn reasons(&self) -> Vec<String> {
        let lines = self.text();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter_map(|line: Value| Some(line["fields"]["reason"].as_str()?.to_owned()))
            .collect()
    }
}

fn event(token: &str) -> Event {
    Event::read(EVENT).body(BODY).set(SIGNATURE, token)
}

/// One webhook for each reason, in the order of the checks.
fn refused_ones(scene: &Scene) -> Vec<Event> {
    let signer = &scene.signer;
    let now = scene.deps.clock.now();
    let with_header = |header: &str| event(&signer.sign_with_header(header, BODY.as_bytes(), now));
    let good = scene.token(BODY, 0);
    vec![
        event("x").set("/headers", json!({})),
        event("x.y.z"),
        with_header(r#"{"alg":"none","kid":"example-key"}"#),
        with_header(r#"{"alg":"ES256","kid":"example-key","jku":"x"}"#),
        with_header(r#"{"alg":"ES256","kid":""}"#),
        event(&signer.sign_claims("{}")),
        event(&good[..good.len() - 2]),
        scene.signed(BODY, -3600),
        event(&good).body("{}"),
        scene.signed_by(&WebhookSigner::new("unknown"), BODY, 0),
        scene.signed_by(&WebhookSigner::new("example-key"), BODY, 0),
        scene.signed(BODY, 3600),
    ]
}

#[tokio::test]
async fn the_log_tells_why_and_nothing_of_what_was_sent() {
    let paper = Paper::default();
    tracing_subscriber::fmt()
        .json()
        .with_writer(paper.clone())
        .init();
    let scene = Scene::new();
    for event in refused_ones(&scene) {
        assert_eq!(scene.send(event).await.status(), 401);
    }
    let ended = |key: &mut VerificationKey| key.expired_at = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(with_key(ended).await, 401);
    assert_eq!(with_key(|key| key.curve.clear()).await, 401);
    let expected = [
        "missing_header",
        "malformed_token",
        "algorithm_not_allowed",
        "header_not_allowed",
        "malformed_key_id",
        "malformed_claims",
        "malformed_signature",
        "from_the_future",
        "body_hash_mismatch",
        "unknown_key",
        "signature_mismatch",
        "too_old",
        "expired_key",
        "unusable_key",
    ];
    assert_eq!(paper.reasons(), expected);

    let scene = Scene::new();
    scene
        .deps
        .plaid
        .fail("verification_key", PlaidFailure::NoCredentials);
    assert_eq!(scene.post(BODY).await, 503);
    assert_eq!(scene.post(BODY).await, 503);
    for n in 0..10 {
        let stranger = WebhookSigner::new(&format!("stranger-{n}"));
        scene.send(scene.signed_by(&stranger, BODY, 0)).await;
    }
    let reasons = paper.reasons();
    let (_, undecided) = reasons.split_at(expected.len());
    assert_eq!(undecided[0], "lookup_failed");
    assert_eq!(undecided[1], "lookup_cooling_down");
    assert_eq!(undecided.last().unwrap(), "lookup_budget_used_up");

    scene.deps.clock.advance_seconds(30);
    assert_eq!(scene.post(BODY).await, 200);
    let text = paper.text();
    assert!(text.contains("kept a webhook"));
    assert!(!text.contains("canary-2"), "no body: {text}");
    assert!(!text.contains("eyJ"), "no header: {text}");
}

/// The status of a genuine webhook where Plaid's key is a spoiled one.
async fn with_key(spoil: impl FnOnce(&mut VerificationKey)) -> u16 {
    let scene = Scene::new();
    spoil(&mut scene.deps.plaid.world().keys[0]);
    scene.post(BODY).await
}
