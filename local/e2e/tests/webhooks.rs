//! Webhooks from the simulator through the gateway into the inbox.

#![cfg(test)]

use std::time::{Duration, Instant};

use e2e::proxy::Proxy;
use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use e2e::table;
use local::Options;
use serde_json::{Value, json};

async fn linked_item(scene: &Scene) -> Result<String, Failure> {
    let alice = scene.sign_in("alice").await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let item = scene
        .post(
            &alice,
            "/v1/items",
            &json!({ "public_token": public_token }),
        )
        .await?;
    Ok(item.json()["item_id"]
        .as_str()
        .ok_or("no item_id")?
        .to_owned())
}

/// Every webhook that was sent has its last answer.
fn all_answered(answer: &Value) -> bool {
    let webhooks = answer["webhooks"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    !webhooks.is_empty()
        && webhooks
            .iter()
            .all(|w| !w["attempts"].as_array().unwrap().is_empty())
}

async fn answers(scene: &Scene) -> Result<Vec<u64>, Failure> {
    let answer = scene
        .wait_for_plaid("/simulator/webhooks", all_answered)
        .await?;
    let webhooks = answer["webhooks"].as_array().cloned().unwrap_or_default();
    Ok(webhooks
        .iter()
        .filter_map(|w| w["attempts"][0]["status"].as_u64())
        .collect())
}

#[tokio::test]
async fn a_webhook_of_the_sandbox_is_verified_and_kept() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let item_id = linked_item(&scene).await?;
    let body =
        json!({ "item_id": item_id, "webhook_type": "ITEM", "webhook_code": "LOGIN_REPAIRED" });
    scene.plaid("/simulator/webhooks/send", &body).await?;
    assert_eq!(answers(&scene).await?, [200]);
    let inbox = table::records_of(&scene, &format!("INBOX#{item_id}")).await?;
    assert_eq!(inbox.len(), 1);
    assert_eq!(
        table::text(&inbox[0], "webhook_code"),
        Some("LOGIN_REPAIRED")
    );
    assert!(inbox[0].contains_key("due_at"), "it waits to be processed");
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_webhook_for_an_item_that_nobody_knows_yet_is_kept_too() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let exchange = json!({ "public_token": public_token });
    let item = scene
        .plaid("/item/public_token/exchange", &exchange)
        .await?;
    let fire =
        json!({ "access_token": item["access_token"], "webhook_code": "NEW_ACCOUNTS_AVAILABLE" });
    let fired = scene.plaid("/sandbox/item/fire_webhook", &fire).await?;
    assert_eq!(fired["webhook_fired"], true);
    assert_eq!(answers(&scene).await?, [200]);
    let inbox = format!("INBOX#{}", item["item_id"].as_str().unwrap());
    assert_eq!(table::records_of(&scene, &inbox).await?.len(), 1);
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_key_rotation_does_not_lose_a_webhook() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let item_id = linked_item(&scene).await?;
    for code in [
        "LOGIN_REPAIRED",
        "NEW_ACCOUNTS_AVAILABLE",
        "PENDING_DISCONNECT",
    ] {
        let body = json!({ "item_id": item_id, "webhook_type": "ITEM", "webhook_code": code });
        scene.plaid("/simulator/webhooks/send", &body).await?;
        answers(&scene).await?;
        scene
            .plaid("/simulator/webhooks/rotate-key", &json!({}))
            .await?;
    }
    assert_eq!(answers(&scene).await?, [200, 200, 200]);
    assert_eq!(table::records_of(&scene, "INBOX#").await?.len(), 3);
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn tampered_webhooks_are_refused_and_leave_no_trace() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let item_id = linked_item(&scene).await?;
    let tampering = ["signature", "body", "kid", "alg", "no_header"];
    for tamper in tampering {
        let body = json!({ "item_id": item_id, "webhook_type": "ITEM",
            "webhook_code": "LOGIN_REPAIRED", "tamper": tamper });
        scene.plaid("/simulator/webhooks/send", &body).await?;
    }
    assert_eq!(answers(&scene).await?, [401; 5]);
    assert!(table::records_of(&scene, "INBOX#").await?.is_empty());
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_stale_signature_is_refused_and_kept_as_a_hint() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let item_id = linked_item(&scene).await?;
    let body = json!({ "item_id": item_id, "webhook_type": "ITEM",
        "webhook_code": "LOGIN_REPAIRED", "iat_offset_seconds": -400 });
    scene.plaid("/simulator/webhooks/send", &body).await?;
    assert_eq!(answers(&scene).await?, [401]);
    let inbox = table::records_of(&scene, "INBOX#").await?;
    assert_eq!(inbox.len(), 1);
    assert!(table::text(&inbox[0], "sk").unwrap().starts_with("stale#"));
    scene.stop().await;
    Ok(())
}

/// Plaid's keys can be read again, and the key that could not be read has cooled down.
async fn until_one_is_accepted(scene: &Scene, item_id: &str) -> Result<(), Failure> {
    let body =
        json!({ "item_id": item_id, "webhook_type": "ITEM", "webhook_code": "PENDING_DISCONNECT" });
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        scene.plaid("/simulator/webhooks/send", &body).await?;
        if answers(scene).await?.contains(&200) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err("no webhook was accepted in half a minute".into())
}

/// Plaid repeats what was answered 503, half a minute later for the first time.
async fn let_plaid_repeat(scene: &Scene) -> Result<(), Failure> {
    let later = json!({ "advance_seconds": 31 });
    scene.plaid("/simulator/clock", &later).await?;
    let delivered = |answer: &Value| {
        let webhooks = answer["webhooks"].as_array();
        webhooks.is_some_and(|all| all.iter().all(|one| one["state"] == "delivered"))
    };
    let webhooks = scene.wait_for_plaid("/simulator/webhooks", delivered);
    webhooks.await.map(|_| ())
}

#[tokio::test]
async fn while_plaids_keys_cannot_be_read_webhooks_are_asked_for_again() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let item_id = linked_item(&scene).await?;
    // Plaid's rule about receivers that refuse too much is another matter.
    let never = json!({ "rejection_rule_minimum": 1_000 });
    scene.plaid("/simulator/settings", &never).await?;
    let fault = json!({ "endpoint": "/webhook_verification_key/get", "kind": "http_status",
        "status": 500, "times": 3 });
    scene.plaid("/simulator/faults", &fault).await?;
    let body =
        json!({ "item_id": item_id, "webhook_type": "ITEM", "webhook_code": "LOGIN_REPAIRED" });
    scene.plaid("/simulator/webhooks/send", &body).await?;
    assert_eq!(answers(&scene).await?, [503]);
    until_one_is_accepted(&scene, &item_id).await?;
    let_plaid_repeat(&scene).await?;
    let inbox = table::records_of(&scene, "INBOX#").await?;
    let code = |record| table::text(record, "webhook_code");
    assert!(
        inbox
            .iter()
            .any(|record| code(record) == Some("LOGIN_REPAIRED"))
    );
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn while_the_table_does_not_answer_webhooks_are_asked_for_again() -> Result<(), Failure> {
    let proxy = Proxy::start().await?;
    let options = Options {
        dynamodb_proxy: Some(proxy.url().parse()?),
        ..Options::default()
    };
    let scene = Scene::start_with(options).await?;
    proxy.lead_to(scene.stack().dynamodb_url());
    let item_id = linked_item(&scene).await?;

    proxy.break_down(true);
    let broken = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" }, "fire_webhook": true });
    let control = format!("/simulator/items/{item_id}");
    scene.plaid(&control, &broken).await?;
    assert_eq!(answers(&scene).await?, [503]);
    proxy.break_down(false);
    assert!(table::records_of(&scene, "INBOX#").await?.is_empty());

    let_plaid_repeat(&scene).await?;
    let is_over = |row: &table::Row| table::text(row, "outcome") == Some("applied");
    table::wait_for(&scene, "INBOX#", is_over).await?;
    let alice = scene.sign_in("alice").await?;
    let item = scene.get(&alice, &format!("/v1/items/{item_id}")).await?;
    assert_eq!(item.json()["status"], "login_required");
    scene.stop().await;
    Ok(())
}
