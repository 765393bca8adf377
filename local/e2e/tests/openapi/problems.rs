//! Problems, and API Gateway's own answers, to the last field.

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, User};
use e2e::sides::assert_same;
use serde_json::{Value, json};

use crate::witness::{Witness, text};

/// The problems that are met here; the others need a table that fails, or a clock that moves.
const MET: [&str; 29] = [
    "account_not_eligible",
    "astra_code_refused",
    "astra_keeps_account",
    "astra_not_configured",
    "astra_not_connected",
    "astra_state_unknown",
    "astra_unavailable",
    "astra_user_differs",
    "body_too_large",
    "duplicate_item",
    "exchange_lost",
    "institution_unavailable",
    "invalid_field",
    "invalid_json",
    "invalid_parameter",
    "item_removed",
    "item_revoked",
    "not_found",
    "plaid_not_configured",
    "plaid_unavailable",
    "plaid_unintelligible",
    "public_token_refused",
    "too_often",
    "unauthenticated",
    "unknown_account",
    "unknown_field",
    "unsupported_media_type",
    "update_mode_required",
    "webhook_not_verified",
];

#[tokio::test]
async fn every_problem_looks_as_described() -> Result<(), Failure> {
    let witness = Witness::start().await?;
    let alice = witness.scene.sign_in("alice").await?;
    strangers(&witness, &alice).await?;
    bodies(&witness, &alice).await?;
    fields(&witness, &alice).await?;
    exchanges(&witness, &alice).await?;
    items(&witness, &alice).await?;
    at_astra(&witness).await?;
    let (_, codes) = witness.end().await;
    assert_same("what was met", codes, "MET", MET);
    Ok(())
}

async fn strangers(witness: &Witness, alice: &User) -> Result<(), Failure> {
    let server = witness.scene.sign_in_server().await?;
    let too_long = format!("GET /v1/server/users/{}/items", "x".repeat(257));
    for (user, route, status) in [
        (None, "GET /v1/items", 401),
        (Some(&server), "GET /v1/items", 401),
        (None, "GET /v1/server/users/alice/items", 403),
        (Some(alice), "GET /v1/server/users/alice/items", 403),
        (Some(&server), too_long.as_str(), 401),
        (Some(alice), "GET /v1/items/nothing", 404),
        (Some(alice), "GET /v1/items?limit=0", 400),
        (Some(alice), "GET /v1/items?cursor=made-up", 400),
        (Some(alice), "DELETE /v1/items/nothing?force=perhaps", 400),
        (Some(alice), "GET /v1/astra/connections", 404),
        (Some(alice), "DELETE /v1/astra/connections", 404),
    ] {
        let reply = witness.call(user, route, None).await?;
        assert_eq!(reply.status.as_u16(), status, "{route}: {}", reply.text);
    }
    let unsigned = witness.call_with_text(None, "POST /v1/webhooks/plaid", Some("{}"));
    assert_eq!(unsigned.await?.status, 401);
    Ok(())
}

async fn bodies(witness: &Witness, alice: &User) -> Result<(), Failure> {
    let oversized = format!(r#"{{"public_token":"{}"}}"#, "x".repeat(64 * 1024));
    let gateways = "x".repeat(10 * 1024 * 1024 + 1);
    for route in [
        "POST /v1/items",
        "POST /v1/link-tokens",
        "POST /v1/links/x/exit",
        "POST /v1/items/x/processor-tokens",
        "POST /v1/astra/connections",
    ] {
        for (body, status) in [
            (Some("{"), 400),
            (Some(oversized.as_str()), 413),
            (Some(gateways.as_str()), 413),
            (None, 415),
        ] {
            let reply = witness.call_with_text(Some(alice), route, body).await?;
            assert_eq!(reply.status.as_u16(), status, "{route}: {}", reply.text);
        }
    }
    Ok(())
}

/// Each is described as wrong, and refused.
async fn fields(witness: &Witness, alice: &User) -> Result<(), Failure> {
    let link_tokens = [
        json!([]),
        json!({ "nonsense": 1 }),
        json!({ "account_selection_enabled": false }),
        json!({ "account_selection_enabled": false, "item_id": null }),
        json!({ "language": "english" }),
        json!({ "redirect_uri": "http://app.example.com" }),
        json!({ "redirect_uri": "https://app.example.com/?query" }),
        json!({ "redirect_uri": "https://app.example.com", "android_package_name": "a.b" }),
        json!({ "android_package_name": "com example" }),
        json!({ "hosted_link": true }),
        json!({ "hosted_link": { "url_lifetime_seconds": 0 } }),
        json!({ "hosted_link": { "url_lifetime_seconds": 1_814_401 } }),
        json!({ "hosted_link": { "nonsense": 1 } }),
    ];
    let token = "public-sandbox-1";
    let items = [
        json!({}),
        json!({ "public_token": 1 }),
        json!({ "public_token": "link-sandbox-1" }),
        json!({ "public_token": token, "account_id": "" }),
        json!({ "public_token": token, "account_id": "a b" }),
        json!({ "public_token": token, "allow_duplicate": "yes" }),
        json!({ "public_token": token, "link_session_id": "a", "linkSessionId": "b" }),
        json!({ "public_token": token, "linkSessionID": "a", "linkSessionId": "b" }),
    ];
    let exits = [json!({ "status": "x" }), json!("left")];
    let connections = [
        json!({}),
        json!({ "code": "c" }),
        json!({ "code": "", "state": "s" }),
        json!({ "code": "c", "state": "two words" }),
        json!({ "code": "c", "state": "s", "user_id": "u" }),
    ];
    let link_tokens = link_tokens
        .iter()
        .map(|body| ("POST /v1/link-tokens", body));
    let items = items.iter().map(|body| ("POST /v1/items", body));
    let exits = exits.iter().map(|body| ("POST /v1/links/x/exit", body));
    let connections = connections
        .iter()
        .map(|body| ("POST /v1/astra/connections", body));
    for (route, body) in link_tokens.chain(items).chain(exits).chain(connections) {
        let reply = witness.call(Some(alice), route, Some(body)).await?;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    Ok(())
}

async fn link(witness: &Witness, alice: &User, body: &Value, code: &str) -> Result<Value, Failure> {
    let reply = witness
        .call(Some(alice), "POST /v1/items", Some(body))
        .await?;
    assert_eq!(reply.code().as_deref(), Some(code), "{}", reply.text);
    Ok(reply.json())
}

async fn exchanges(witness: &Witness, alice: &User) -> Result<(), Failure> {
    let refused = json!({ "public_token": "public-sandbox-00000000-0000-0000-0000-000000000000" });
    link(witness, alice, &refused, "public_token_refused").await?;

    let exchange = "/item/public_token/exchange";
    let error = |kind: &str, code: &str, times: u32| {
        json!({ "endpoint": exchange, "kind": "plaid_error", "times": times,
            "error_type": kind, "error_code": code })
    };
    let html = json!({ "endpoint": exchange, "kind": "http_status", "status": 502, "times": 3 });
    // Only what time may mend is tried three times.
    for (fault, code) in [
        (
            error("INSTITUTION_ERROR", "INSTITUTION_DOWN", 1),
            "institution_unavailable",
        ),
        (
            error("INVALID_INPUT", "INVALID_PRODUCT", 1),
            "plaid_not_configured",
        ),
        (
            error("API_ERROR", "INTERNAL_SERVER_ERROR", 3),
            "plaid_unavailable",
        ),
        (html, "plaid_unintelligible"),
        (
            json!({ "endpoint": exchange, "kind": "lose_answer" }),
            "exchange_lost",
        ),
    ] {
        let public_token = witness.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT);
        let body = json!({ "public_token": public_token.await? });
        witness.scene.plaid("/simulator/faults", &fault).await?;
        let problem = link(witness, alice, &body, code).await?;
        assert_eq!(problem["plaid"].is_object(), fault["kind"] == "plaid_error");
    }
    Ok(())
}

async fn items(witness: &Witness, alice: &User) -> Result<(), Failure> {
    let public_token = witness.scene.run_link(FIRST_PLATYPUS, "user_good").await?;
    let mut body = json!({ "public_token": public_token, "account_id": "nobody" });
    let item_id = link(witness, alice, &body, "unknown_account").await?;
    let item_id = text(&item_id, "item_id").to_owned();
    let path = format!("/v1/items/{item_id}");
    let route = format!("GET {path}");
    let item = witness.call(Some(alice), &route, None).await?.json();
    let account = |status: &str| {
        let accounts = item["accounts"].as_array().into_iter().flatten();
        let mut found = accounts.filter(|account| account["status"] == status);
        found
            .next()
            .map_or(Value::Null, |account| account["account_id"].clone())
    };
    body["account_id"] = account("not_eligible");
    link(witness, alice, &body, "account_not_eligible").await?;
    let again = witness.scene.run_link(FIRST_PLATYPUS, "user_good").await?;
    let again = json!({ "public_token": again });
    link(witness, alice, &again, "duplicate_item").await?;

    let tokens = format!("POST {path}/processor-tokens");
    let available = json!({ "account_id": account("available") });
    let error = json!({ "endpoint": "/processor/token/create", "kind": "plaid_error",
        "error_type": "ITEM_ERROR", "error_code": "ITEM_LOGIN_REQUIRED" });
    witness.scene.plaid("/simulator/faults", &error).await?;
    let reply = witness.call(Some(alice), &tokens, Some(&available)).await?;
    is(&reply, "update_mode_required");

    witness
        .change_at_plaid(&item_id, &json!({ "revoke": true }))
        .await?;
    let refresh = format!("POST {path}/refresh");
    while witness.call(Some(alice), &refresh, None).await?.status == 200 {}
    let reply = witness.call(Some(alice), &refresh, None).await?;
    is(&reply, "too_often");
    let reply = witness.call(Some(alice), &tokens, Some(&available)).await?;
    is(&reply, "item_revoked");

    witness
        .call(Some(alice), &format!("DELETE {path}"), None)
        .await?;
    let reply = witness.call(Some(alice), &tokens, Some(&available)).await?;
    is(&reply, "item_removed");
    Ok(())
}

/// A way back from Astra's page that is none, one that Astra does not take, and an Item that
/// Astra keeps.
async fn at_astra(witness: &Witness) -> Result<(), Failure> {
    let scene = &witness.scene;
    let bob = scene.sign_in("bob").await?;
    let route = "POST /v1/astra/connections";
    let made_up = json!({ "code": "c", "state": "s" });
    let reply = witness.call(Some(&bob), route, Some(&made_up)).await?;
    is(&reply, "astra_state_unknown");

    let mut back = scene.come_back_from_astra(&bob, "bob@example.com").await?;
    back["code"] = json!("another");
    let reply = witness.call(Some(&bob), route, Some(&back)).await?;
    is(&reply, "astra_code_refused");

    let token = "POST /v1/oauth/token";
    for (fault, code) in [
        (
            json!({ "endpoint": token, "kind": "http_status", "status": 502 }),
            "astra_unavailable",
        ),
        (
            json!({ "endpoint": token, "kind": "astra_error", "error": "invalid_client",
                "status": 401, "times": 3 }),
            "astra_not_configured",
        ),
    ] {
        let back = scene.come_back_from_astra(&bob, "bob@example.com").await?;
        scene.astra("/simulator/faults", &fault).await?;
        let reply = witness.call(Some(&bob), route, Some(&back)).await?;
        is(&reply, code);
        scene.disarm_astra().await?;
    }

    scene.connect_astra(&bob, "bob@example.com").await?;
    let back = scene.come_back_from_astra(&bob, "eve@example.com").await?;
    let reply = witness.call(Some(&bob), route, Some(&back)).await?;
    is(&reply, "astra_user_differs");

    let item = witness.link(&bob, SINGLE_ACCOUNT).await?;
    let item_id = text(&item, "item_id");
    let there = scene.wait_for_astra(&bob, item_id, "linked").await?;
    let account = text(&there["accounts"][0]["at_astra"], "astra_account_id");
    let used = json!({ "active_routines": 1 });
    let control = format!("/simulator/accounts/{account}");
    scene.astra(&control, &used).await?;
    let removal = format!("DELETE /v1/items/{item_id}");
    let reply = witness.call(Some(&bob), &removal, None).await?;
    is(&reply, "astra_keeps_account");
    let gone = scene.delete(&bob, "/v1/astra/connections").await?;
    assert_eq!(gone.status, 204, "{}", gone.text);
    let reply = witness.call(Some(&bob), &removal, None).await?;
    is(&reply, "astra_not_connected");
    let forced = format!("{removal}?force=true");
    let reply = witness.call(Some(&bob), &forced, None).await?;
    assert_eq!(reply.status, 204, "{}", reply.text);
    Ok(())
}

fn is(reply: &Reply, code: &str) {
    assert_eq!(reply.code().as_deref(), Some(code), "{}", reply.text);
}
