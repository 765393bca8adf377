//! Link sessions, however they end, and what the server learns of them.

use serde_json::{Value, json};

use super::{BANK, MICRODEPOSIT_BANK, MICRODEPOSIT_USER, USER};
use crate::contract::stage::text;
use crate::contract::{Failure, Stage};

/// Plays sessions of all kinds.
///
/// # Errors
/// The simulator refuses one.
pub async fn play(stage: &Stage) -> Result<(), Failure> {
    for hosted in [false, true] {
        for ending in endings() {
            let link_token = link_token(stage, hosted).await?;
            session(stage, &link_token, &ending).await?;
        }
    }
    several_sessions(stage).await?;
    update_mode(stage).await?;
    expired(stage).await
}

fn endings() -> [Value; 6] {
    [
        json!({}),
        json!({"institution_id": MICRODEPOSIT_BANK, "username": MICRODEPOSIT_USER}),
        json!({"institution_id": BANK, "username": "microdeposits_same_day"}),
        json!({"exit": true}),
        json!({"exit": true, "status": "requires_credentials"}),
        json!({"exit": true, "error_code": "INVALID_CREDENTIALS", "status": "requires_code"}),
    ]
}

async fn link_token(stage: &Stage, hosted: bool) -> Result<String, Failure> {
    let mut body = json!({
        "client_name": "Example", "language": "en", "country_codes": ["US"],
        "user": {"client_user_id": "u1"}, "products": ["auth"], "webhook": stage.webhook_url(),
    });
    if let Some(body) = body.as_object_mut().filter(|_| hosted) {
        body.insert("hosted_link".to_owned(), json!({}));
    }
    text(
        &stage.good("/link/token/create", &body).await?,
        "/link_token",
    )
}

async fn session(stage: &Stage, link_token: &str, ending: &Value) -> Result<(), Failure> {
    let mut body = ending.clone();
    if let Some(body) = body.as_object_mut() {
        body.insert("link_token".to_owned(), json!(link_token));
    }
    let ended = stage.control("POST", "/link-sessions", &body).await?;
    stage
        .good("/link/token/get", &json!({"link_token": link_token}))
        .await?;
    if let Ok(public_token) = text(&ended, "/public_token") {
        let body = json!({"public_token": public_token});
        stage.good("/item/public_token/exchange", &body).await?;
    }
    Ok(())
}

/// The Sandbox lets a link token be used again.
async fn several_sessions(stage: &Stage) -> Result<(), Failure> {
    let link_token = link_token(stage, true).await?;
    for ending in endings() {
        session(stage, &link_token, &ending).await?;
    }
    Ok(())
}

async fn update_mode(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    for hosted in [false, true] {
        let mut body = json!({
            "client_name": "Example", "language": "en", "country_codes": ["US"],
            "user": {"client_user_id": "u1"}, "access_token": item.access_token,
            "webhook": stage.webhook_url(),
        });
        if let Some(body) = body.as_object_mut().filter(|_| hosted) {
            body.insert("hosted_link".to_owned(), json!({}));
        }
        let answer = stage.good("/link/token/create", &body).await?;
        let link_token = text(&answer, "/link_token")?;
        session(stage, &link_token, &json!({})).await?;
        session(stage, &link_token, &json!({"exit": true})).await?;
    }
    Ok(())
}

async fn expired(stage: &Stage) -> Result<(), Failure> {
    let link_token = link_token(stage, false).await?;
    stage.pass_time(5, 0).await?;
    stage
        .good("/link/token/get", &json!({"link_token": link_token}))
        .await?;
    Ok(())
}
