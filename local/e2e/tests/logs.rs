//! What a whole day's work writes to the log: enough to find things, and no secret.
//! One test, because it listens to the whole process.

#![cfg(test)]

use e2e::paper::Paper;
use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use serde_json::{Value, json};

#[tokio::test]
async fn the_log_names_ids_and_never_a_token_or_a_body() -> Result<(), Failure> {
    let paper = Paper::default();
    tracing_subscriber::fmt()
        .json()
        .with_writer(paper.clone())
        .init();
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice-canary-user").await?;
    let link = scene
        .post(&alice, "/v1/link-tokens", &json!({}))
        .await?
        .json();
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token, "institution": { "institution_id": "x", "name": "canary-name" } });
    let item = scene.post(&alice, "/v1/items", &body).await?.json();
    scene
        .post(
            &alice,
            "/v1/items",
            &json!({ "public_token": "public-sandbox-canary" }),
        )
        .await?;
    scene
        .post(
            &alice,
            "/v1/items",
            &json!({ "public_token": 5, "canary-field": 1 }),
        )
        .await?;
    let fault = json!({ "endpoint": "/item/public_token/exchange", "kind": "lose_answer" });
    scene.plaid("/simulator/faults", &fault).await?;
    let lost = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    scene
        .post(&alice, "/v1/items", &json!({ "public_token": lost }))
        .await?;
    let webhook = json!({ "item_id": item["item_id"], "webhook_type": "ITEM", "webhook_code": "LOGIN_REPAIRED" });
    scene.plaid("/simulator/webhooks/send", &webhook).await?;
    let answered = |answer: &Value| answer["webhooks"][0]["state"] == "delivered";
    scene
        .wait_for_plaid("/simulator/webhooks", answered)
        .await?;
    scene.stop().await;

    let log = paper.text();
    let wanted = [
        item["item_id"].as_str().unwrap(),
        link["request_id"].as_str().unwrap(),
        "exchange-and-processor-token",
        "POST /v1/items",
        "request_id",
        "plaid_request_id",
        "LOGIN_REPAIRED",
    ];
    for text in wanted {
        assert!(log.contains(text), "the log names {text}");
    }
    let secrets = [
        "access-sandbox-",
        "public-sandbox-",
        "link-sandbox-",
        "processor-sandbox-",
        "canary",
        "sandbox-secret",
    ];
    for line in log.lines() {
        for secret in secrets {
            assert!(!line.contains(secret), "{line}");
        }
    }
    Ok(())
}
