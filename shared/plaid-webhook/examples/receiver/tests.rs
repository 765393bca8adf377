//! The receiver over HTTP, with a Plaid that has one key.

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use plaid_webhook::Timestamp;
use plaid_webhook::test_util::WebhookSigner;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::plaid::Plaid;
use super::router;

const BODY: &str = r#"{"webhook_type": "ITEM", "webhook_code": "LOGIN_REPAIRED"}"#;

/// Serves until the test ends; answers with the base URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A Plaid that has the key of `signer`, and no other.
fn plaid_with(signer: &WebhookSigner) -> Router {
    let key = signer.key();
    let answer = move |Json(question): Json<Value>| async move {
        if question["key_id"] != key.key_id {
            let problem = json!({"error_code": "INVALID_WEBHOOK_VERIFICATION_KEY_ID"});
            return (StatusCode::BAD_REQUEST, Json(problem));
        }
        let key = json!({
            "alg": key.algorithm, "crv": key.curve, "kid": key.key_id, "kty": key.key_type,
            "use": "sig", "x": key.x, "y": key.y, "expired_at": null,
        });
        (StatusCode::OK, Json(json!({"key": key})))
    };
    Router::new().route("/webhook_verification_key/get", post(answer))
}

/// A Plaid that refuses every call with this error.
fn plaid_saying(error_code: &'static str) -> Router {
    let answer = move || async move {
        let problem = json!({"error_code": error_code});
        (StatusCode::BAD_REQUEST, Json(problem))
    };
    Router::new().route("/webhook_verification_key/get", post(answer))
}

/// What Plaid gets for a webhook with this header.
async fn answer(plaid: Router, header: Option<String>) -> StatusCode {
    let plaid = Plaid::at(serve(plaid).await, "id".to_owned(), "secret".to_owned()).unwrap();
    let url = serve(router(plaid)).await + "/webhooks";
    let http = super::plaid::http_client().unwrap();
    let request = http.post(url).body(BODY);
    let request = match header {
        Some(header) => request.header("Plaid-Verification", header),
        None => request,
    };
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn a_webhook_that_plaid_signed_is_believed() {
    let signer = WebhookSigner::new("kid-1");
    let header = signer.sign(BODY.as_bytes(), Timestamp::now());
    let status = answer(plaid_with(&signer), Some(header)).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_webhook_that_nobody_signed_is_refused() {
    let signer = WebhookSigner::new("kid-1");
    let status = answer(plaid_with(&signer), None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_webhook_with_another_body_is_refused() {
    let signer = WebhookSigner::new("kid-1");
    let header = signer.sign(b"{}", Timestamp::now());
    let status = answer(plaid_with(&signer), Some(header)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_webhook_with_a_key_that_plaid_does_not_have_is_refused() {
    let (signer, stranger) = (WebhookSigner::new("kid-1"), WebhookSigner::new("kid-2"));
    let header = stranger.sign(BODY.as_bytes(), Timestamp::now());
    let status = answer(plaid_with(&signer), Some(header)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn while_plaid_tells_no_key_the_webhook_is_to_be_sent_again() {
    let signer = WebhookSigner::new("kid-1");
    for plaid in [plaid_saying("INVALID_API_KEYS"), Router::new()] {
        let header = signer.sign(BODY.as_bytes(), Timestamp::now());
        let status = answer(plaid, Some(header)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
