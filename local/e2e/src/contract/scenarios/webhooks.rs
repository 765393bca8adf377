//! Webhooks of every kind: as they come by themselves, and as they are asked for.

use serde_json::{Value, json};

use super::{BANK, MICRODEPOSIT_BANK, MICRODEPOSIT_USER, USER};
use crate::contract::{Failure, Linked, SCHEMAS, Stage};

/// What `/sandbox/item/fire_webhook` fires of that which the description describes. It
/// names no schema for `AUTHORIZATION_GRANTED`, and none for the webhooks of products
/// that we do not use.
const FIRED: &[(&str, &str)] = &[
    ("ITEM", "ERROR"),
    ("ITEM", "LOGIN_REPAIRED"),
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"),
    ("ITEM", "PENDING_DISCONNECT"),
    ("ITEM", "USER_ACCOUNT_REVOKED"),
    ("ITEM", "USER_PERMISSION_REVOKED"),
    ("AUTH", "DEFAULT_UPDATE"),
    ("AUTH", "SMS_MICRODEPOSITS_VERIFICATION"),
];

/// Plays all of it.
///
/// # Errors
/// The simulator refuses to send one.
pub async fn play(stage: &Stage) -> Result<(), Failure> {
    asked_for(stage).await?;
    fired(stage).await?;
    changes_of_items(stage).await?;
    changes_of_accounts(stage).await?;
    changed_urls(stage).await?;
    ended_micro_deposits(stage).await?;
    passing_time(stage).await
}

/// Each kind from the simulator's own controls.
async fn asked_for(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    for (webhook_type, webhook_code, _) in SCHEMAS {
        let mut body = json!({"webhook_type": webhook_type, "webhook_code": webhook_code});
        let (name, value) = match *webhook_type {
            "LINK" | "BANK_TRANSFERS" => ("url", stage.webhook_url()),
            _ => ("item_id", item.item_id.as_str()),
        };
        if let Some(body) = body.as_object_mut() {
            body.insert(name.to_owned(), json!(value));
        }
        stage.control("POST", "/webhooks/send", &body).await?;
    }
    Ok(())
}

async fn fired(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    for (webhook_type, webhook_code) in FIRED {
        let body = json!({"access_token": item.access_token, "webhook_code": webhook_code});
        stage.good("/sandbox/item/fire_webhook", &body).await?;
        let body = json!({
            "access_token": item.access_token,
            "webhook_type": webhook_type,
            "webhook_code": webhook_code,
        });
        stage.good("/sandbox/item/fire_webhook", &body).await?;
    }
    stage
        .good(
            "/sandbox/item/reset_login",
            &json!({"access_token": item.access_token}),
        )
        .await?;
    // Once it is delivered, the Item knows its last webhook.
    stage.webhooks().await?;
    stage
        .good("/item/get", &json!({"access_token": item.access_token}))
        .await?;
    Ok(())
}

async fn changes_of_items(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    for change in [
        json!({"error": {"error_code": "ITEM_LOGIN_REQUIRED"}, "fire_webhook": true}),
        json!({"error": null, "fire_webhook": true}),
        json!({"error": {"error_code": "NEXT_YEARS_CODE"}, "fire_webhook": true}),
        json!({"revoke": true, "fire_webhook": true}),
    ] {
        stage
            .control("POST", &format!("/items/{}", item.item_id), &change)
            .await?;
    }
    Ok(())
}

async fn changes_of_accounts(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    let accounts = format!("/items/{}/accounts", item.item_id);
    stage
        .control("POST", &accounts, &json!({"fire_webhook": true}))
        .await?;
    let account = format!("{accounts}/{}", stage.account(&item, "checking").await?);
    for change in [
        json!({"renumber": true, "fire_webhook": true}),
        json!({"verification_status": "automatically_verified", "fire_webhook": true}),
        json!({"verification_status": "verification_expired", "fire_webhook": true}),
        json!({"verification_status": "manually_verified", "fire_webhook": true}),
        json!({"verification_status": "verification_failed", "fire_webhook": true}),
    ] {
        stage.control("POST", &account, &change).await?;
    }
    stage
        .control("DELETE", &account, &json!({"fire_webhook": true}))
        .await?;
    Ok(())
}

async fn changed_urls(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    let url = format!("{}/elsewhere", stage.webhook_url());
    let body = json!({"access_token": item.access_token, "webhook": url});
    stage.good("/item/webhook/update", &body).await?;
    let token = stage.processor_token(&item).await?;
    let body = json!({"processor_token": token, "webhook": url});
    stage.good("/processor/token/webhook/update", &body).await?;
    Ok(())
}

async fn ended_micro_deposits(stage: &Stage) -> Result<(), Failure> {
    for status in ["automatically_verified", "verification_expired"] {
        let item = pending(stage).await?;
        let body: Value = json!({
            "access_token": item.access_token,
            "account_id": stage.account(&item, "checking").await?,
            "verification_status": status,
        });
        stage
            .good("/sandbox/item/set_verification_status", &body)
            .await?;
    }
    Ok(())
}

async fn pending(stage: &Stage) -> Result<Linked, Failure> {
    stage.link(MICRODEPOSIT_BANK, MICRODEPOSIT_USER).await
}

/// A day verifies micro-deposits, a month ends logins.
async fn passing_time(stage: &Stage) -> Result<(), Failure> {
    let item = pending(stage).await?;
    stage.pass_time(25, 0).await?;
    stage
        .good("/auth/get", &json!({"access_token": item.access_token}))
        .await?;
    stage.pass_time(31 * 24, 0).await?;
    let body = json!({"access_token": item.access_token});
    stage
        .bad("/accounts/get", &body, "ITEM_LOGIN_REQUIRED")
        .await?;
    stage.good("/item/get", &body).await?;
    Ok(())
}
