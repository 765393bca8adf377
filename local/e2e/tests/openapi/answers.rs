//! A user's story and a server's, to the last field of every answer.

use std::collections::BTreeSet;

use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, User};
use serde_json::{Value, json};

use crate::witness::{Witness, text};

#[tokio::test]
async fn every_operation_answers_as_described() -> Result<(), Failure> {
    let witness = Witness::start().await?;
    let alice = witness.scene.sign_in("alice").await?;
    let server = witness.scene.sign_in_server().await?;
    let item_id = a_bank_is_linked(&witness, &alice).await?;
    astra_is_connected(&witness, &alice, &item_id).await?;
    deposits_are_waited_for(&witness, &alice).await?;
    the_bank_breaks(&witness, &alice, &item_id).await?;
    a_page_of_plaids_own(&witness, &alice).await?;
    a_server_looks(&witness, &server, &item_id).await?;
    everything_goes(&witness, &alice, &server, &item_id).await?;
    let operations = witness.description.operations();
    let all: BTreeSet<_> = operations.into_iter().map(|one| one.key).collect();
    let (good, _) = witness.end().await;
    let never: Vec<_> = all.difference(&good).collect();
    assert!(never.is_empty(), "never went well: {never:?}");
    Ok(())
}

fn with_status<'a>(item: &'a Value, status: &str) -> &'a Value {
    let accounts = item["accounts"].as_array().into_iter().flatten();
    let mut found = accounts.filter(|account| account["status"] == status);
    found
        .next()
        .map_or(&Value::Null, |account| &account["account_id"])
}

async fn a_bank_is_linked(witness: &Witness, alice: &User) -> Result<String, Failure> {
    let user = Some(alice);
    let link = witness.open_link(alice, &json!({})).await?;
    let session = format!("/v1/links/{}", text(&link, "link_id"));
    witness.call(user, &format!("GET {session}"), None).await?;
    let exit = json!({ "error": { "error_code": "INVALID_CREDENTIALS" }, "metadata": null });
    let route = format!("POST {session}/exit");
    witness.call(user, &route, Some(&exit)).await?;
    let left = witness.call(user, &format!("GET {session}"), None).await?;
    assert_eq!(left.json()["status"], "exited");

    let item = witness.link(alice, "user_good").await?;
    assert_eq!(item["action"], "select_account");
    let path = format!("/v1/items/{}", text(&item, "item_id"));
    let account = json!({ "account_id": with_status(&item, "available") });
    let route = format!("POST {path}/processor-tokens");
    let ready = witness.call(user, &route, Some(&account)).await?;
    assert!(ready.text.contains("processor-sandbox-"), "{}", ready.text);

    let body = witness.finish_link(alice, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": body["public_token"], "institution": body["institution"],
        "accounts": body["accounts"], "allow_duplicate": true });
    for replayed in [None, Some("true")] {
        let reply = witness.call(user, "POST /v1/items", Some(&body)).await?;
        assert_eq!(reply.header("idempotency-replayed"), replayed);
    }
    let page = witness.call(user, "GET /v1/items?limit=1", None).await?;
    let route = format!("GET /v1/items?cursor={}", text(&page.json(), "next_cursor"));
    witness.call(user, &route, None).await?;
    Ok(text(&item, "item_id").to_owned())
}

async fn astra_is_connected(witness: &Witness, alice: &User, item_id: &str) -> Result<(), Failure> {
    let user = Some(alice);
    // Two of her Items are of the same account; which is first is for their ids to say.
    let settings = json!({ "account_repeat": "second_account" });
    witness
        .scene
        .astra("/simulator/settings", &settings)
        .await?;
    let route = "POST /v1/astra/authorizations";
    let page = witness.call(user, route, None).await?.json();
    let back = witness
        .scene
        .agree_at_astra(text(&page, "url"), "ada@example.com");
    let back = back.await?;
    let route = "POST /v1/astra/connections";
    let made = witness.call(user, route, Some(&back)).await?;
    assert_eq!(made.json()["status"], "connected", "{}", made.text);
    let route = "GET /v1/astra/connections";
    let shown = witness.call(user, route, None).await?;
    let told = |reply: &e2e::scene::Reply| reply.json()["astra_user_id"].clone();
    assert_eq!(told(&shown), told(&made));

    witness
        .scene
        .wait_for_astra(alice, item_id, "linked")
        .await?;
    let route = format!("GET /v1/items/{item_id}");
    let item = witness.call(user, &route, None).await?;
    assert!(item.text.contains("astra_account_id"), "{}", item.text);
    Ok(())
}

async fn deposits_are_waited_for(witness: &Witness, alice: &User) -> Result<(), Failure> {
    for (bank, username, action) in [
        ("ins_109512", "microdeposits_good", "wait"),
        (FIRST_PLATYPUS, "microdeposits_same_day", "verify_deposits"),
    ] {
        let public_token = witness.scene.run_link(bank, username).await?;
        let body = json!({ "public_token": public_token });
        let reply = witness.call(Some(alice), "POST /v1/items", Some(&body));
        let item = reply.await?.json();
        assert_eq!(item["action"], action, "{item}");
        let account = json!({ "account_id": item["accounts"][0]["account_id"] });
        let route = format!("POST /v1/items/{}/processor-tokens", text(&item, "item_id"));
        witness.call(Some(alice), &route, Some(&account)).await?;
    }
    Ok(())
}

async fn the_bank_breaks(witness: &Witness, alice: &User, item_id: &str) -> Result<(), Failure> {
    let path = format!("/v1/items/{item_id}");
    let webhook = json!({ "item_id": item_id, "webhook_type": "ITEM",
        "webhook_code": "PENDING_DISCONNECT" });
    let kept = witness.post_webhook(&webhook).await?;
    assert_eq!(kept.status, 200, "{}", kept.text);
    let noticed = |reply: &e2e::scene::Reply| reply.text.contains("pending_disconnect");
    witness.scene.wait_for(alice, &path, noticed).await?;
    let route = format!("GET {path}");
    witness.call(Some(alice), &route, None).await?;

    let broken = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" } });
    witness.change_at_plaid(item_id, &broken).await?;
    let refresh = format!("POST {path}/refresh");
    let item = witness.call(Some(alice), &refresh, None).await?.json();
    assert_eq!(item["status"], "login_required");
    assert_eq!(item["notices"].as_array().map(Vec::len), Some(1), "{item}");

    let update = json!({ "item_id": item_id, "account_selection_enabled": true });
    let link = witness.open_link(alice, &update).await?;
    let session = json!({ "link_token": link["link_token"], "username": "user_good",
        "password": "pass_good" });
    witness
        .scene
        .plaid("/simulator/link-sessions", &session)
        .await?;
    witness.call(Some(alice), &refresh, None).await?;
    let route = format!("GET /v1/links/{}", text(&link, "link_id"));
    let session = witness.call(Some(alice), &route, None).await?;
    assert_eq!(session.json()["status"], "finished");
    Ok(())
}

/// Whose bank the user has already.
async fn a_page_of_plaids_own(witness: &Witness, alice: &User) -> Result<(), Failure> {
    let wish = json!({ "hosted_link": {} });
    let link = witness.open_link(alice, &wish).await?;
    assert!(link["hosted_link_url"].is_string(), "{link}");
    let session = json!({ "link_token": link["link_token"], "institution_id": FIRST_PLATYPUS,
        "username": SINGLE_ACCOUNT });
    witness
        .scene
        .plaid("/simulator/link-sessions", &session)
        .await?;
    let path = format!("/v1/links/{}", text(&link, "link_id"));
    let finished = |reply: &e2e::scene::Reply| reply.json()["status"] == "finished";
    witness.scene.wait_for(alice, &path, finished).await?;
    let route = format!("GET {path}");
    let session = witness.call(Some(alice), &route, None).await?.json();
    assert_eq!(session["problem"], json!({ "code": "duplicate_item" }));
    Ok(())
}

async fn a_server_looks(witness: &Witness, server: &User, item_id: &str) -> Result<(), Failure> {
    let user = "/v1/server/users/alice";
    let wish = json!({ "item_id": item_id, "hosted_link": { "is_mobile_app": true } });
    let route = format!("POST {user}/link-tokens");
    let link = witness.call(Some(server), &route, Some(&wish)).await?;
    assert_eq!(link.status, 201, "{}", link.text);
    let route = format!("GET {user}/items?limit=100");
    witness.call(Some(server), &route, None).await?;
    let route = format!("GET {user}/items/{item_id}");
    let item = witness.call(Some(server), &route, None).await?.json();
    let account = json!({ "account_id": with_status(&item, "ready") });
    let route = format!("POST {user}/items/{item_id}/processor-tokens");
    let given = witness.call(Some(server), &route, Some(&account)).await?;
    assert!(given.text.contains("processor-sandbox-"), "{}", given.text);
    let nobody = witness.call(Some(server), "GET /v1/server/users/nobody/items", None);
    assert_eq!(nobody.await?.json(), json!({ "items": [] }));
    Ok(())
}

async fn everything_goes(
    witness: &Witness,
    alice: &User,
    server: &User,
    item_id: &str,
) -> Result<(), Failure> {
    let fault = json!({ "endpoint": "/item/remove", "kind": "plaid_error",
        "error_type": "INVALID_INPUT", "error_code": "INVALID_FIELD" });
    witness.scene.plaid("/simulator/faults", &fault).await?;
    let path = format!("/v1/items/{item_id}");
    let route = format!("DELETE {path}");
    let later = witness.call(Some(alice), &route, None).await?;
    assert_eq!(later.json()["status"], "removing");
    let item = witness.link(alice, SINGLE_ACCOUNT).await?;
    let route = format!("DELETE /v1/items/{}", text(&item, "item_id"));
    assert_eq!(witness.call(Some(alice), &route, None).await?.status, 204);

    let route = "DELETE /v1/astra/connections";
    assert_eq!(witness.call(Some(alice), route, None).await?.status, 204);

    let changes = "/v1/server/users/alice/changes?limit=100";
    let route = format!("GET {changes}");
    let history = witness.call(Some(server), &route, None).await?.json();
    let found = |member: &str| history.to_string().contains(member);
    assert!(
        found(r#""notices":["#) && found("verification_status") && found("at_astra"),
        "{history}"
    );

    let route = "DELETE /v1/server/users/alice";
    assert_eq!(witness.call(Some(server), route, None).await?.status, 202);
    Ok(())
}
