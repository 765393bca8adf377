//! What Plaid, and whoever pretends to be Plaid, is answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::ports::Clock as _;
use shared::test_util::{Event, WebhookSigner};

use crate::scene::{BODY, EVENT, SIGNATURE, Scene, problem, refused};

#[tokio::test]
async fn a_signed_webhook_is_kept_and_answered_200() {
    let scene = Scene::new();
    assert_eq!(scene.post(BODY).await, 200);
    let inbox = scene.inbox();
    assert_eq!(inbox.len(), 1);
    assert_eq!((inbox[0].subject.as_str(), inbox[0].stale), ("I", false));
    assert_eq!(inbox[0].body, BODY);
}

#[tokio::test]
async fn whatever_plaid_signs_is_answered_200() {
    let scene = Scene::new();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies = [
        r#"{"webhook_type":"NEXT_YEAR","webhook_code":"NEW"}"#,
        r#"{"webhook_type":5,"webhook_code":null,"item_id":[]}"#,
        "{}",
        "",
        "not json",
        "[1]",
        "null",
        "\u{0}",
        &deep,
    ];
    for body in bodies {
        assert_eq!(scene.post(body).await, 200, "{body}");
    }
    assert_eq!(scene.inbox().len(), bodies.len());
}

#[tokio::test]
async fn an_event_without_a_body_has_an_empty_one() {
    let scene = Scene::new();
    let event = scene.signed("", 0).set("/body", serde_json::Value::Null);
    assert_eq!(scene.send(event).await.status(), 200);
    let taken_away = scene.signed(BODY, 0).set("/body", serde_json::Value::Null);
    assert!(refused(&scene.send(taken_away).await));
}

#[tokio::test]
async fn the_sample_event_with_its_made_up_signature_is_refused() {
    let scene = Scene::new();
    assert!(refused(&scene.send(Event::read(EVENT)).await));
    assert!(scene.inbox().is_empty());
}

#[tokio::test]
async fn a_base64_encoded_body_is_verified_as_it_was_sent() {
    let scene = Scene::new();
    let encoded = |body: &str, of: &str| {
        scene
            .signed(of, 0)
            .body(STANDARD.encode(body))
            .set("/isBase64Encoded", true)
            .set("/headers/content-type", "application/octet-stream")
    };
    assert_eq!(scene.send(encoded(BODY, BODY)).await.status(), 200);
    assert_eq!(scene.inbox()[0].body, BODY);
    // The text of the encoding is not what Plaid signed, nor the other way round.
    assert!(refused(
        &scene.send(encoded(BODY, &STANDARD.encode(BODY))).await
    ));
    let plain = scene.signed(BODY, 0).body(STANDARD.encode(BODY));
    assert!(refused(&scene.send(plain).await));
    assert_eq!(scene.inbox().len(), 1);
}

#[tokio::test]
async fn the_headers_name_may_be_written_in_any_case() {
    for name in [
        "Plaid-Verification",
        "PLAID-VERIFICATION",
        "plaid-Verification",
    ] {
        let scene = Scene::new();
        let token = scene.token(BODY, 0);
        let event = Event::read(EVENT).body(BODY);
        let event = event.set("/headers", json!({ name: token }));
        assert_eq!(scene.send(event).await.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn two_headers_are_refused_even_if_both_are_good() {
    let scene = Scene::new();
    let good = scene.token(BODY, 0);
    for several in [
        json!([good, good]),
        json!([good, "x"]),
        json!(["", good]),
        json!(format!("{good},{good}")),
        json!(format!("{good}, {good}")),
    ] {
        let event = scene.signed(BODY, 0).set(SIGNATURE, several);
        assert!(refused(&scene.send(event).await));
    }
    assert_eq!(scene.lookups(), 0);
    let once = scene.signed(BODY, 0).set(SIGNATURE, json!([good]));
    assert_eq!(scene.send(once).await.status(), 200);
}

#[tokio::test]
async fn forged_webhooks_change_nothing_and_are_not_told_why() {
    let scene = Scene::new();
    let impostor = WebhookSigner::new("example-key");
    let stranger = WebhookSigner::new("unknown");
    let unsigned = r#"{"alg":"none","kid":"example-key"}"#;
    let now = scene.deps.clock.now();
    let none = scene
        .signer
        .sign_with_header(unsigned, BODY.as_bytes(), now);
    let event = || Event::read(EVENT).body(BODY);
    let altered = BODY.replace("ERROR", "LOGIN_REPAIRED");
    let forged = [
        scene.signed(BODY, 0).body(altered),
        scene.signed(BODY, 0).body(format!("{BODY}\n")),
        scene.signed(BODY, -61),
        event().set(SIGNATURE, ""),
        event().set(SIGNATURE, "a.b.c"),
        event().set(SIGNATURE, "é"),
        event().set(SIGNATURE, none),
        event().set("/headers", json!({})),
        scene.signed_by(&impostor, BODY, 0),
        scene.signed_by(&stranger, BODY, 0),
    ];
    let mut answers = Vec::new();
    for (number, event) in forged.into_iter().enumerate() {
        let response = scene.send(event).await;
        assert!(refused(&response), "forgery {number}");
        answers.push(format!("{:?}", response.body()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "a stranger learns only that it failed");
    assert!(scene.inbox().is_empty());
}

#[tokio::test]
async fn a_webhook_of_256_kib_is_read_and_a_larger_one_is_not() {
    let scene = Scene::new();
    let largest = "x".repeat(256 * 1024);
    assert_eq!(scene.post(&largest).await, 200);
    let larger = format!("{largest}x");
    let too_large = (413, "body_too_large".to_owned());
    let signed = scene.send(scene.signed(&larger, 0)).await;
    assert_eq!(problem(&signed), too_large);
    let unsigned = scene.send(Event::read(EVENT).body(larger)).await;
    assert_eq!(problem(&unsigned), too_large);
    assert_eq!(scene.inbox().len(), 1);
}
