//! Sessions of Link over HTTP: update mode, Hosted Link, and what onExit tells.

#![cfg(test)]

use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use e2e::table;
use reqwest::Method;
use serde_json::{Value, json};
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

/// A user on the page behind a `hosted_link_url`, step by step as its own script takes them.
struct Visitor<'a> {
    scene: &'a Scene,
    hosted_id: &'a str,
    session: Value,
}

impl<'a> Visitor<'a> {
    async fn opens(scene: &'a Scene, url: &'a str) -> Result<Self, Failure> {
        let (_, hosted_id) = url.rsplit_once('/').ok_or("no page")?;
        let mut visitor = Self {
            scene,
            hosted_id,
            session: Value::Null,
        };
        let opened = visitor.takes(json!({ "name": "open" })).await?;
        visitor.session = opened["link_session_id"].clone();
        Ok(visitor)
    }

    async fn takes(&self, step: Value) -> Result<Value, Failure> {
        let body = json!({ "hosted_id": self.hosted_id, "link_session_id": self.session,
            "step": step });
        self.scene.plaid("/link/v2/session", &body).await
    }

    /// To the end of update mode.
    async fn signs_in_again(&self) -> Result<Value, Failure> {
        let credentials = json!({ "name": "credentials", "username": SINGLE_ACCOUNT,
            "password": "pass_good" });
        for step in [json!({ "name": "consent" }), credentials] {
            self.takes(step).await?;
        }
        self.takes(json!({ "name": "done" })).await
    }
}

/// Waits for an event of the Item that says it went from one status to another.
async fn told(scene: &Scene, item_id: &str, [before, after]: [&str; 2]) -> Result<Value, Failure> {
    let server = scene.sign_in_server().await?;
    let is_told = |event: &Value| {
        let detail = &event["event"]["detail"];
        event["event"]["detail-type"] == "item.status_changed"
            && detail["item_id"] == item_id
            && (&detail["before"], &detail["after"]) == (&json!(before), &json!(after))
    };
    let events = scene.wait_for(&server, "/dev/events", |reply| {
        reply
            .json()
            .as_array()
            .is_some_and(|all| all.iter().any(is_told))
    });
    let events = events.await?.json();
    let found = events
        .as_array()
        .and_then(|all| all.iter().find(|one| is_told(one)));
    Ok(found.ok_or("it was there a moment ago")?["event"]["detail"].clone())
}

#[tokio::test]
async fn a_server_mails_a_page_to_the_user_whose_link_broke() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let body = json!({ "public_token": scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await? });
    let linked = scene.post(&alice, "/v1/items", &body).await?.json();
    let item_id = linked["item_id"].as_str().unwrap();
    let broken = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" }, "fire_webhook": true });
    scene
        .plaid(&format!("/simulator/items/{item_id}"), &broken)
        .await?;
    told(&scene, item_id, ["active", "login_required"]).await?;

    // The server heard of it, and asks for a page to mail.
    let server = scene.sign_in_server().await?;
    let wish = json!({ "item_id": item_id, "hosted_link": { "url_lifetime_seconds": 604_800,
        "completion_redirect_uri": "https://app.example.com/reconnected" } });
    let path = "/v1/server/users/alice/link-tokens";
    let link = scene.post(&server, path, &wish).await?;
    assert_eq!(link.status, 201, "{}", link.text);
    let link = link.json();
    let others = scene
        .post(&server, "/v1/server/users/bob/link-tokens", &wish)
        .await?;
    assert_eq!(others.code().as_deref(), Some("not_found"));

    // The user follows the link in the mail, signed in nowhere.
    let visitor = Visitor::opens(&scene, link["hosted_link_url"].as_str().unwrap()).await?;
    let left = visitor.signs_in_again().await?;
    let way_back = &left["completion_redirect_uri"];
    assert_eq!(way_back, "https://app.example.com/reconnected");

    // Nobody calls us but Plaid.
    let finished = told(&scene, item_id, ["login_required", "active"]).await?;
    assert_eq!(finished["cause"], "update_mode");
    let item = scene
        .get(&alice, &format!("/v1/items/{item_id}"))
        .await?
        .json();
    assert_eq!(
        (&item["status"], &item["action"]),
        (&json!("active"), &json!("none"))
    );
    let session = format!("/v1/links/{}", link["link_id"].as_str().unwrap());
    let session = scene.get(&alice, &session).await?.json();
    assert_eq!(session["status"], "finished");
    assert_eq!(session["item_ids"], json!([item_id]));
    scene.stop().await;
    Ok(())
}
