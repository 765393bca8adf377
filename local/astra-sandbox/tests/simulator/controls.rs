//! The controls.

use astra_sandbox::{Clock, Options};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::{Scene, Tokens};

fn sha256(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

#[tokio::test]
async fn users_show_what_of_their_tokens_works_and_no_tokens() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let tokens = astra.connect("ada@example.com").await;
    let user = astra.only_user().await;
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["access_token"]["sha256"], sha256(&tokens.access));
    assert_eq!(user["refresh_tokens"][0]["sha256"], sha256(&tokens.refresh));
    assert_eq!(user["account_ids"], json!([]));
    let text = user.to_string();
    assert!(!text.contains(&tokens.access) && !text.contains(&tokens.refresh));
    let next = Tokens::of(&astra.refresh(&tokens.refresh).await.ok());
    let user = astra.only_user().await;
    assert_eq!(user["access_token"]["sha256"], sha256(&next.access));
    assert_eq!(user["refresh_tokens"].as_array().unwrap().len(), 2);
    astra.later(864_000).await;
    let user = astra.only_user().await;
    assert_eq!(user["access_token"], Value::Null);
    assert_eq!(user["refresh_tokens"], json!([]));
}

#[tokio::test]
async fn accounts_show_whose_they_are_and_what_they_were_made_of() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    let id = made.await.ok()["id"].clone();
    let user = astra.only_user().await;
    assert_eq!(user["account_ids"], json!([id]));
    let accounts = astra.all_accounts().await;
    assert_eq!(accounts.len(), 1);
    let account = &accounts[0];
    assert_eq!(account["id"], id);
    assert_eq!(account["user_id"], user["user_id"]);
    let token = sha256(&linked.processor_token);
    assert_eq!(account["processor_token_sha256"], token);
    assert_eq!(account["deleted_at"], Value::Null);
    let path = format!("/accounts/{}", id.as_str().unwrap());
    let body = json!({"connection_status": "disconnected"});
    astra.control("POST", &path, body).await;
    let list = astra.get("/v1/accounts", &tokens.access).await.ok();
    assert_eq!(list["accounts"][0]["connection_status"], "disconnected");
}

#[tokio::test]
async fn what_is_not_there_is_a_404_and_what_is_not_known_a_400() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    for (method, path) in [
        ("GET", "/users/nobody"),
        ("POST", "/users/nobody"),
        ("GET", "/accounts/none"),
        ("POST", "/accounts/none"),
        ("GET", "/nothing"),
    ] {
        let answer = astra.try_control(method, path, Value::Null).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    for (path, body) in [
        ("/users/nobody", json!({"revoked": true})),
        ("/accounts/none", json!({"routine": true})),
        ("/clock", json!({"advance_seconds": -1})),
        ("/settings", json!({"unheard_of": 1})),
        ("/settings", json!({"account_repeat": "sometimes"})),
        ("/settings", json!({"deleted_account_status": 500})),
        ("/authorizations", json!({})),
    ] {
        let answer = astra.try_control("POST", path, body).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn settings_change_one_by_one() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let before = astra.control("GET", "/settings", Value::Null).await;
    astra.set(json!({"code_seconds": 60})).await;
    let mut expected = before;
    expected["code_seconds"] = json!(60);
    let after = astra.control("GET", "/settings", Value::Null).await;
    assert_eq!(after, expected);
}

#[tokio::test]
async fn requests_are_logged_without_secrets() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    made.await.ok();
    let again = astra.hand_over(&linked.processor_token, &tokens.access);
    again.await.refused();
    let log = astra.control("GET", "/requests", Value::Null).await;
    let endpoint = "POST /v1/accounts/processor_token";
    let counts = json!({"POST /v1/oauth/token": 1, endpoint: 2});
    assert_eq!(log["counts"], counts);
    let last = &log["requests"][2];
    assert_eq!(last["endpoint"], endpoint);
    assert_eq!(last["status"], 400);
    assert_eq!(last["error"], "Account Already Exists");
    assert_eq!(last["fault"], false);
    let text = log.to_string();
    for secret in [&tokens.access, &tokens.refresh, &linked.processor_token] {
        assert!(!text.contains(secret.as_str()));
    }
    astra.control("DELETE", "/requests", Value::Null).await;
    let log = astra.control("GET", "/requests", Value::Null).await;
    assert_eq!(log, json!({"counts": {}, "requests": []}));
}

#[tokio::test]
async fn reset_forgets_everything_but_the_time() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    made.await.ok();
    astra.set(json!({"code_seconds": 60})).await;
    astra.later(1000).await;
    let fault = json!({"endpoint": "*", "call": 9, "kind": "lose_answer"});
    astra.control("POST", "/faults", fault).await;
    let before = scene.simulator.clock().now();
    astra.control("POST", "/reset", Value::Null).await;
    assert_eq!(astra.get("/v1/user", &tokens.access).await.status, 401);
    assert_eq!(astra.refresh(&tokens.refresh).await.status, 400);
    for (path, list) in [
        ("/users", "users"),
        ("/accounts", "accounts"),
        ("/faults", "faults"),
    ] {
        let answer = astra.control("GET", path, Value::Null).await;
        assert_eq!(answer[list], json!([]), "{path}");
    }
    let settings = astra.control("GET", "/settings", Value::Null).await;
    assert_eq!(settings["code_seconds"], 300);
    assert!(scene.simulator.clock().now() >= before);
}

#[tokio::test]
async fn a_test_can_bring_its_own_clock() {
    let clock = Clock::frozen_at(Timestamp::constant(1_790_000_000, 0));
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let scene = Scene::with(options).await;
    let tokens = scene.astra.connect("ada@example.com").await;
    let user = scene.astra.only_user().await;
    assert_eq!(user["created_at"], "2026-09-21T14:13:20Z");
    assert_eq!(user["access_token"]["expires_at"], "2026-10-01T14:13:20Z");
    clock.advance(std::time::Duration::from_hours(240));
    let answer = scene.astra.get("/v1/user", &tokens.access).await;
    assert_eq!(answer.status, 401);
    let now = scene.astra.control("GET", "/clock", Value::Null).await;
    assert_eq!(now["now"], "2026-10-01T14:13:20Z");
}
