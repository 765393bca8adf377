//! Sessions of Link over HTTP: update mode, Hosted Link, and what onExit tells.

#![cfg(test)]

use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use e2e::table;
use reqwest::Method;
use serde_json::json;
use shared::domain::token_hash;

#[tokio::test]
async fn update_mode_mends_a_broken_login() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let item = scene
        .post(
            &alice,
            "/v1/items",
            &json!({ "public_token": public_token }),
        )
        .await?;
    let item_id = item.json()["item_id"].as_str().unwrap().to_owned();
    let at_plaid = format!("/simulator/items/{item_id}");
    let broken = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" } });
    scene.plaid(&at_plaid, &broken).await?;

    let body = json!({ "item_id": item_id, "account_selection_enabled": false });
    let link = scene.post(&alice, "/v1/link-tokens", &body).await?;
    assert_eq!(link.status, 201, "{}", link.text);
    let session = json!({ "link_token": link.json()["link_token"] });
    scene.plaid("/simulator/link-sessions", &session).await?;
    let mended = scene.look_at_plaid(&at_plaid).await?;
    assert!(mended["error"].is_null(), "{mended}");

    let mallory = scene.sign_in("mallory").await?;
    let stolen = scene.post(&mallory, "/v1/link-tokens", &body).await?;
    assert_eq!(stolen.code().as_deref(), Some("not_found"));
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_on_exit_told_can_be_read_back_by_its_user() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let (alice, mallory) = (
        scene.sign_in("alice").await?,
        scene.sign_in("mallory").await?,
    );
    let link = scene
        .post(&alice, "/v1/link-tokens", &json!({}))
        .await?
        .json();
    let path = format!("/v1/links/{}", link["link_id"].as_str().unwrap());
    let open = scene.get(&alice, &path).await?;
    assert_eq!(
        open.json(),
        json!({ "link_id": link["link_id"], "status": "open", "item_ids": [] })
    );

    let report = json!({
        "error": { "error_type": "ITEM_ERROR", "error_code": "ITEM_LOCKED", "display_message": "Locked." },
        "metadata": { "status": "requires_credentials" },
    });
    let exit = format!("{path}/exit");
    assert_eq!(
        scene
            .post(&mallory, &exit, &report)
            .await?
            .code()
            .as_deref(),
        Some("not_found")
    );
    assert_eq!(
        scene.get(&mallory, &path).await?.code().as_deref(),
        Some("not_found")
    );
    let reported = scene.post(&alice, &exit, &report).await?;
    assert_eq!(
        (reported.status.as_u16(), reported.text.as_str()),
        (204, "")
    );
    let exited = scene.get(&alice, &path).await?.json();
    assert_eq!(exited["status"], "exited");
    assert_eq!(exited["problem"]["error_code"], "ITEM_LOCKED");
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_hosted_session_has_a_page_and_its_webhooks_are_kept() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let link = scene
        .post(&alice, "/v1/link-tokens", &json!({ "hosted_link": {} }))
        .await?;
    assert_eq!(link.status, 201, "{}", link.text);
    assert!(
        link.json()["hosted_link_url"]
            .as_str()
            .unwrap()
            .starts_with("http")
    );
    let session = json!({ "link_token": link.json()["link_token"],
        "institution_id": FIRST_PLATYPUS, "username": SINGLE_ACCOUNT });
    scene.plaid("/simulator/link-sessions", &session).await?;
    let token_hash = token_hash(link.json()["link_token"].as_str().unwrap());
    let of_session = format!("INBOX#{token_hash}");
    for code in ["ITEM_ADD_RESULT", "SESSION_FINISHED"] {
        let row = table::wait_for(&scene, &of_session, |row| {
            table::text(row, "webhook_code") == Some(code)
        });
        assert!(
            !format!("{:?}", row.await?).contains("public-sandbox-"),
            "{code}"
        );
    }
    let wrong = r#"{"hosted_link":{"url_lifetime_seconds":0}}"#;
    let reply = scene
        .send(Method::POST, "/v1/link-tokens", Some(&alice), Some(wrong))
        .await?;
    assert_eq!(reply.json()["field"], "hosted_link.url_lifetime_seconds");
    scene.stop().await;
    Ok(())
}
