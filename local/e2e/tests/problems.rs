//! Every problem that a caller can meet, over HTTP.

#![cfg(test)]

use std::collections::BTreeSet;

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use e2e::table::{self, Row, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::http::Code;

/// What only a test inside a function can bring about, with the test that does.
const ELSEWHERE: [(&str, &str); 3] = [
    (
        "storage_unavailable",
        include_str!("../../../functions/exchange-and-processor-token/tests/exchange.rs"),
    ),
    (
        "out_of_time",
        include_str!("../../../functions/exchange-and-processor-token/tests/exchange.rs"),
    ),
    (
        "item_removed",
        include_str!("../../../functions/exchange-and-processor-token/tests/exchange.rs"),
    ),
];

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
        self.codes.extend(code);
    }

    async fn link(&mut self, body: &Value, expected: Code) -> Result<Value, Failure> {
        let reply = self.scene.post(&self.user, "/v1/items", body).await?;
        self.note(&reply, expected);
        Ok(reply.json())
    }

    async fn fresh_token(&self, username: &str) -> Result<Value, Failure> {
        let public_token = self.scene.run_link(FIRST_PLATYPUS, username).await?;
        Ok(json!({ "public_token": public_token }))
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
    problems_of_reading(&mut seen).await?;
    problems_of_webhooks(&mut seen).await?;

    let elsewhere = ELSEWHERE.iter().map(|(code, _)| (*code).to_owned());
    let mut met = seen.codes.clone();
    met.extend(elsewhere);
    // The gateway answers callers without a token before a function can.
    met.insert(Code::Unauthenticated.as_str().to_owned());
    let all: BTreeSet<_> = Code::ALL
        .iter()
        .map(|code| code.as_str().to_owned())
        .collect();
    assert_eq!(met, all);
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

#[tokio::test]
async fn every_route_but_the_webhook_wants_a_signed_in_user() -> Result<(), Failure> {
    let template: serde_norway::Value =
        serde_norway::from_str(include_str!("../../../template.yaml"))?;
    let scene = Scene::start().await?;
    let mut open = Vec::new();
    let mut routes = 0;
    let resources = template["Resources"].as_mapping().ok_or("no resources")?;
    let events = resources
        .values()
        .filter_map(|r| r["Properties"].get("Events")?.as_mapping());
    for event in events.flat_map(|events| events.values()) {
        let route = &event["Properties"];
        let path = route["Path"].as_str().ok_or("a route has a path")?;
        let method: Method = route["Method"]
            .as_str()
            .ok_or("a route has a method")?
            .parse()?;
        let address = path.replace("{item_id}", "x").replace("{link_id}", "x");
        let reply = scene.send(method, &address, None, Some("{}")).await?;
        routes += 1;
        if reply.json() != json!({ "message": "Unauthorized" }) {
            open.push(path.to_owned());
        }
    }
    assert!(routes >= 7, "the routes were found");
    assert_eq!(open, ["/v1/webhooks/plaid"]);
    scene.stop().await;
    Ok(())
}
