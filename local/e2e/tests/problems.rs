//! Every problem that a caller can meet, over HTTP.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use e2e::sides::assert_same;
use e2e::table::{self, Row, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::http::Code;

/// What only a test inside a function can bring about, with the test that does.
const ELSEWHERE: [(&str, &str); 5] = [
    ("storage_unavailable", EXCHANGE),
    ("out_of_time", EXCHANGE),
    ("too_many_items", DUPLICATES),
    ("account_not_verified", ANOTHER_ACCOUNT),
    ("item_linking", ANOTHER_ACCOUNT),
];
const EXCHANGE: &str =
    include_str!("../../../functions/exchange-and-processor-token/tests/function/exchange.rs");
const DUPLICATES: &str =
    include_str!("../../../functions/exchange-and-processor-token/tests/function/duplicates.rs");
const ANOTHER_ACCOUNT: &str = include_str!(
    "../../../functions/exchange-and-processor-token/tests/function/another_account.rs"
);

/// Where problem codes come from.
const CODES: &str = "shared/src/http/problem.rs";

fn known() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|code| code.as_str())
}

/// Collects which problems were seen.
struct Seen {
    scene: Scene,
    user: User,
    codes: BTreeSet<String>,
}

impl Seen {
    fn note(&mut self, reply: &Reply, expected: Code) {
        let body = reply.json();
        let code = reply.code();
        assert_eq!(code.as_deref(), Some(expected.as_str()), "{}", reply.text);
        assert_eq!(reply.status, expected.status(), "{}", reply.text);
        for member in ["type", "title", "detail", "request_id"] {
            assert!(
                body[member].as_str().is_some_and(|text| !text.is_empty()),
                "{member}: {body}"
            );
        }
        assert_eq!(body["status"], reply.status.as_u16());
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        self.codes.extend(code);
    }

    async fn link(&mut self, body: &Value, expected: Code) -> Result<Value, Failure> {
        let reply = self.scene.post(&self.user, "/v1/items", body).await?;
        self.note(&reply, expected);
        Ok(reply.json())
    }

    async fn fresh_token(&self, username: &str) -> Result<Value, Failure> {
        let public_token = self.scene.run_link(FIRST_PLATYPUS, username).await?;
        Ok(json!({ "public_token": public_token, "allow_duplicate": true }))
    }

    /// More than a minute's worth of readings.
    async fn refresh_too_often(&mut self, path: &str) -> Result<(), Failure> {
        for _ in 0..10 {
            let reply = self.scene.post(&self.user, path, &json!({})).await?;
            if reply.status != 200 {
                assert_eq!(reply.header("retry-after"), Some("60"));
                self.note(&reply, Code::TooOften);
                return Ok(());
            }
        }
        Err("nobody counts the readings of an Item".into())
    }

    async fn fault(&self, fault: Value) -> Result<(), Failure> {
        self.scene
            .plaid("/simulator/faults", &fault)
            .await
            .map(|_| ())
    }
}

#[tokio::test]
async fn every_problem_code_is_met() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let user = scene.sign_in("alice").await?;
    let mut seen = Seen {
        scene,
        user,
        codes: BTreeSet::new(),
    };
    problems_of_bodies(&mut seen).await?;
    problems_of_exchanges(&mut seen).await?;
    problems_of_plaid(&mut seen).await?;
    problems_of_items(&mut seen).await?;
    problems_of_astra(&mut seen).await?;
    problems_of_reading(&mut seen).await?;
    problems_of_webhooks(&mut seen).await?;

    let elsewhere = ELSEWHERE.iter().map(|(code, _)| (*code).to_owned());
    let mut met = seen.codes.clone();
    met.extend(elsewhere);
    // The gateway answers callers without a token before a function can.
    met.insert(Code::Unauthenticated.as_str().to_owned());
    assert_same("what was met", met, CODES, known());
    seen.scene.stop().await;
    Ok(())
}

#[test]
fn the_problems_left_out_here_are_met_where_it_says() {
    for (code, test) in ELSEWHERE {
        let variant = Code::ALL
            .iter()
            .find(|known| known.as_str() == code)
            .unwrap();
        assert!(test.contains(&format!("Code::{variant:?}")), "{code}");
    }
}

async fn problems_of_bodies(seen: &mut Seen) -> Result<(), Failure> {
    for path in ["/v1/items", "/v1/link-tokens", "/v1/links/x/exit"] {
        let cases = [
            ("{", Code::InvalidJson),
            ("[]", Code::InvalidField),
            (
                r#"{"public_token":"public-sandbox-1","nonsense":1}"#,
                Code::UnknownField,
            ),
        ];
        for (body, code) in cases {
            let reply = seen
                .scene
                .send(Method::POST, path, Some(&seen.user), Some(body))
                .await?;
            seen.note(&reply, code);
        }
        let oversized = format!(r#"{{"public_token":"{}"}}"#, "x".repeat(64 * 1024));
        let reply = seen
            .scene
            .send(Method::POST, path, Some(&seen.user), Some(&oversized))
            .await?;
        seen.note(&reply, Code::BodyTooLarge);
        let reply = seen
            .scene
            .send(Method::POST, path, Some(&seen.user), None)
            .await?;
        seen.note(&reply, Code::UnsupportedMediaType);
    }
    let missing = seen.link(&json!({}), Code::InvalidField).await?;
    assert_eq!(missing["field"], "public_token");
    Ok(())
}

async fn problems_of_exchanges(seen: &mut Seen) -> Result<(), Failure> {
    let unknown = json!({ "public_token": "public-sandbox-00000000-0000-0000-0000-000000000000" });
    let refused = seen.link(&unknown, Code::PublicTokenRefused).await?;
    assert_eq!(refused["plaid"]["error_code"], "INVALID_PUBLIC_TOKEN");

    let mut body = seen.fresh_token("user_good").await?;
    body["account_id"] = json!("nobody");
    let refused = seen.link(&body, Code::UnknownAccount).await?;
    let path = format!("/v1/items/{}", refused["item_id"].as_str().unwrap());
    let item = seen.scene.get(&seen.user, &path).await?.json();
    let accounts = item["accounts"].as_array().unwrap();
    let useless = accounts
        .iter()
        .find(|a| a["status"] == "not_eligible")
        .unwrap();
    body["account_id"] = useless["account_id"].clone();
    seen.link(&body, Code::AccountNotEligible).await?;

    let other = seen.scene.sign_in("mallory").await?;
    let reply = seen.scene.post(&other, "/v1/items", &body).await?;
    seen.note(&reply, Code::NotFound);

    let body = seen.fresh_token(SINGLE_ACCOUNT).await?;
    seen.fault(
        json!({ "endpoint": "/item/public_token/exchange", "kind": "delay_ms", "delay_ms": 1500 }),
    )
    .await?;
    let waiting = seen.scene.post(&seen.user, "/v1/items", &body);
    let meanwhile = async {
        let claimed = |row: &Row| text(row, "step") == Some("claimed");
        table::wait_for(&seen.scene, "EXCHANGE#", claimed).await?;
        seen.scene.post(&seen.user, "/v1/items", &body).await
    };
    let (first, second) = tokio::join!(waiting, meanwhile);
    assert_eq!(first?.status, 201);
    let second = second?;
    assert!(second.header("retry-after").is_some());
    seen.note(&second, Code::ExchangeInProgress);
    Ok(())
}

async fn problems_of_plaid(seen: &mut Seen) -> Result<(), Failure> {
    let exchange = "/item/public_token/exchange";
    let down = json!({ "endpoint": exchange, "kind": "plaid_error",
        "error_code": "INSTITUTION_DOWN", "error_type": "INSTITUTION_ERROR" });
    let keys = json!({ "endpoint": exchange, "kind": "plaid_error", "error_code": "INVALID_PRODUCT",
        "error_type": "INVALID_INPUT" });
    let html = json!({ "endpoint": exchange, "kind": "http_status", "status": 502,
        "body": "<html>", "times": 3 });
    let busy = json!({ "endpoint": exchange, "kind": "plaid_error", "times": 3,
        "error_code": "INTERNAL_SERVER_ERROR", "error_type": "API_ERROR" });
    for (fault, code) in [
        (down, Code::InstitutionUnavailable),
        (keys, Code::PlaidNotConfigured),
        (html, Code::PlaidUnintelligible),
        (busy, Code::PlaidUnavailable),
    ] {
        let body = seen.fresh_token(SINGLE_ACCOUNT).await?;
        seen.fault(fault).await?;
        seen.link(&body, code).await?;
        let retried = seen.scene.post(&seen.user, "/v1/items", &body).await?;
        assert_eq!(
            retried.status,
            201,
            "after {}: {}",
            code.as_str(),
            retried.text
        );
    }

    let body = seen.fresh_token(SINGLE_ACCOUNT).await?;
    seen.fault(json!({ "endpoint": exchange, "kind": "lose_answer" }))
        .await?;
    seen.link(&body, Code::ExchangeLost).await?;
    Ok(())
}

async fn problems_of_items(seen: &mut Seen) -> Result<(), Failure> {
    let mut body = seen.fresh_token("user_good").await?;
    let item = seen
        .scene
        .post(&seen.user, "/v1/items", &body)
        .await?
        .json();
    let accounts = item["accounts"].as_array().unwrap();
    let mut usable = accounts.iter().filter(|a| a["status"] == "available");
    let account = json!({ "account_id": usable.next().unwrap()["account_id"] });
    let path = format!("/v1/items/{}", item["item_id"].as_str().unwrap());
    let tokens = format!("{path}/processor-tokens");

    let public_token = seen.fresh_token("user_good").await?["public_token"].clone();
    let again = json!({ "public_token": public_token });
    let duplicate = seen.link(&again, Code::DuplicateItem).await?;
    assert!(duplicate["item_id"].is_string() && duplicate["action"].is_string());

    let control = format!("/simulator/items/{}", item["item_id"].as_str().unwrap());
    seen.fault(
        json!({ "endpoint": "/processor/token/create", "kind": "plaid_error",
        "error_type": "ITEM_ERROR", "error_code": "ITEM_LOGIN_REQUIRED" }),
    )
    .await?;
    let reply = seen.scene.post(&seen.user, &tokens, &account).await?;
    seen.note(&reply, Code::UpdateModeRequired);

    let revoked = json!({ "revoke": true });
    seen.scene.plaid(&control, &revoked).await?;
    let refresh = format!("{path}/refresh");
    let reply = seen.scene.post(&seen.user, &refresh, &json!({})).await?;
    assert_eq!(reply.json()["status"], "revoked", "{}", reply.text);
    let reply = seen.scene.post(&seen.user, &tokens, &account).await?;
    seen.note(&reply, Code::ItemRevoked);
    seen.refresh_too_often(&refresh).await?;

    let removed = seen.scene.delete(&seen.user, &path).await?;
    assert_eq!(removed.status, 204, "{}", removed.text);
    body["account_id"] = account["account_id"].clone();
    seen.link(&body, Code::ItemRemoved).await?;
    Ok(())
}

async fn problems_of_astra(seen: &mut Seen) -> Result<(), Failure> {
    let bob = seen.scene.sign_in("bob").await?;
    let connections = "/v1/astra/connections";
    let made_up = json!({ "code": "c", "state": "s" });
    let reply = seen.scene.post(&bob, connections, &made_up).await?;
    seen.note(&reply, Code::AstraStateUnknown);
    let removed = seen.scene.delete(&bob, connections).await?;
    seen.note(&removed, Code::NotFound);

    let token = "POST /v1/oauth/token";
    let refused = |error: &str, status: u16| json!({ "endpoint": token, "kind": "astra_error", "error": error, "status": status });
    let cut = json!({ "endpoint": token, "kind": "cut_connection" });
    for (fault, code) in [
        (refused("invalid_grant", 400), Code::AstraCodeRefused),
        (refused("invalid_client", 401), Code::AstraNotConfigured),
        (cut, Code::AstraUnavailable),
    ] {
        let back = seen.scene.come_back_from_astra(&bob, "bob@example.com");
        let back = back.await?;
        seen.scene.astra("/simulator/faults", &fault).await?;
        let reply = seen.scene.post(&bob, connections, &back).await?;
        seen.note(&reply, code);
        // Whatever Astra said, the state is used up.
        let reply = seen.scene.post(&bob, connections, &back).await?;
        seen.note(&reply, Code::AstraStateUnknown);
    }

    seen.scene.connect_astra(&bob, "bob@example.com").await?;
    let other = seen.scene.come_back_from_astra(&bob, "eve@example.com");
    let other = other.await?;
    let reply = seen.scene.post(&bob, connections, &other).await?;
    seen.note(&reply, Code::AstraUserDiffers);
    problems_of_leaving_astra(seen, &bob).await
}

/// Astra keeps an account; then nobody can ask Astra any more.
async fn problems_of_leaving_astra(seen: &mut Seen, bob: &User) -> Result<(), Failure> {
    let body = seen.fresh_token(SINGLE_ACCOUNT).await?;
    let item = seen.scene.post(bob, "/v1/items", &body).await?.json();
    let item_id = item["item_id"].as_str().unwrap();
    let there = seen.scene.wait_for_astra(bob, item_id, "linked").await?;
    let id = &there["accounts"][0]["at_astra"]["astra_account_id"];
    let control = format!("/simulator/accounts/{}", id.as_str().unwrap());
    let used = json!({ "active_routines": 1 });
    seen.scene.astra(&control, &used).await?;
    let path = format!("/v1/items/{item_id}");
    let reply = seen.scene.delete(bob, &path).await?;
    seen.note(&reply, Code::AstraKeepsAccount);

    let gone = seen.scene.delete(bob, "/v1/astra/connections").await?;
    assert_eq!(gone.status, 204, "{}", gone.text);
    let reply = seen.scene.delete(bob, &path).await?;
    seen.note(&reply, Code::AstraNotConnected);
    assert!(
        seen.scene
            .live_items()
            .await?
            .iter()
            .any(|id| id == item_id)
    );
    let reply = seen
        .scene
        .delete(bob, &format!("{path}?force=true"))
        .await?;
    assert_eq!(reply.status, 204, "{}", reply.text);
    assert!(
        !seen
            .scene
            .live_items()
            .await?
            .iter()
            .any(|id| id == item_id)
    );
    Ok(())
}

async fn problems_of_reading(seen: &mut Seen) -> Result<(), Failure> {
    for path in [
        "/v1/items?limit=0",
        "/v1/items?limit=many",
        "/v1/items?cursor=made-up",
    ] {
        let reply = seen.scene.get(&seen.user, path).await?;
        seen.note(&reply, Code::InvalidParameter);
    }
    let reply = seen.scene.get(&seen.user, "/v1/items/nothing").await?;
    seen.note(&reply, Code::NotFound);
    damage_an_item(seen).await
}

/// A record that is not what we write is our bug, and says so.
async fn damage_an_item(seen: &mut Seen) -> Result<(), Failure> {
    let rows = table::records_of(&seen.scene, "USER#alice").await?;
    let is_item = |row: &&Row| text(row, "sk").is_some_and(|sk| sk.starts_with("ITEM#"));
    let mut row = rows.iter().find(is_item).unwrap().clone();
    row.remove("accounts");
    let path = format!("/v1/items/{}", text(&row, "item_id").unwrap());
    table::put(&seen.scene, row.clone()).await?;
    let reply = seen.scene.get(&seen.user, &path).await?;
    seen.note(&reply, Code::InternalError);
    Ok(())
}

async fn problems_of_webhooks(seen: &mut Seen) -> Result<(), Failure> {
    let path = "/v1/webhooks/plaid";
    let reply = seen
        .scene
        .send(Method::POST, path, None, Some("{}"))
        .await?;
    seen.note(&reply, Code::WebhookNotVerified);
    let oversized = "x".repeat(256 * 1024 + 1);
    let reply = seen
        .scene
        .send(Method::POST, path, None, Some(&oversized))
        .await?;
    seen.note(&reply, Code::BodyTooLarge);
    Ok(())
}

#[test]
fn every_problem_code_has_its_status_its_cause_and_its_mend_written_down() {
    let page = include_str!("../../../docs/problems.md");
    let sections: BTreeMap<_, _> = page
        .split("\n### ")
        .skip(1)
        .filter_map(|section| section.split_once("\n\n"))
        .collect();
    assert_same("docs/problems.md", sections.keys(), CODES, known());
    for code in Code::ALL {
        let section = sections[code.as_str()];
        let (status, rest) = section.split_once("\n\n- **Cause**: ").unwrap();
        assert_eq!(status, code.status().as_str(), "{}", code.as_str());
        let (cause, mend) = rest.split_once("\n- **Mend**: ").unwrap();
        for told in [cause, mend] {
            let sentence = told.split("\n\n").next().unwrap_or_default().trim();
            assert!(sentence.len() > 10 && sentence.ends_with('.'), "{sentence}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_no_loss_where_plaid_repeats_it() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    scene
        .plaid(
            "/simulator/settings",
            &json!({ "second_exchange": "same_item" }),
        )
        .await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let fault = json!({ "endpoint": "/item/public_token/exchange", "kind": "lose_answer" });
    scene.plaid("/simulator/faults", &fault).await?;
    let reply = scene
        .post(
            &alice,
            "/v1/items",
            &json!({ "public_token": public_token }),
        )
        .await?;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(scene.live_items().await?.len(), 1);
    scene.stop().await;
    Ok(())
}
