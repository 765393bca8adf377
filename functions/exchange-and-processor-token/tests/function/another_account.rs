//! `POST .../items/{item_id}/processor-tokens`: the token of another account.

use lambda_http::{Body, Response};
use shared::domain::{Health, Lifecycle, PlaidFailure};
use shared::http::{Code, render_item};
use shared::test_util::{Event, account, json, refusal};

use crate::scene::{Scene, assert_problem, no_answer, plain};

const EVENT: &str = include_str!("../../../../events/processor-tokens.json");
const SERVER_EVENT: &str = include_str!("../../../../events/processor-tokens-server.json");

/// Two accounts, of which the first has its token.
async fn linked() -> Scene {
    let accounts = vec![
        account("a", "checking", None),
        account("b", "savings", None),
        account("c", "cd", None),
    ];
    let scene = Scene::with_accounts(accounts);
    let body = r#"{"public_token":"public-sandbox-1","account_id":"a"}"#;
    assert_eq!(scene.send(plain(body)).await.status(), 201);
    scene
}

fn asked_for(event: &str, account_id: &str) -> Event {
    Event::read(event)
        .set("/pathParameters/item_id", "item-1")
        .body(format!(r#"{{"account_id":"{account_id}"}}"#))
}

async fn ask(scene: &Scene, account_id: &str) -> Response<Body> {
    scene.send(asked_for(EVENT, account_id)).await
}

fn tokens_made(scene: &Scene) -> usize {
    let calls = scene.calls();
    calls.iter().filter(|c| **c == "processor_token").count()
}

fn lose_login(scene: &Scene, health: &Health) {
    scene.change(|records| {
        for item in records.items.values_mut() {
            item.health = health.clone();
        }
    });
}

#[tokio::test]
async fn another_account_gets_its_own_token() {
    let scene = linked().await;
    let response = ask(&scene, "b").await;
    assert_eq!(response.status(), 201);
    let item = json(&response);
    assert_eq!(item["accounts"][1]["status"], "ready");
    assert_eq!(
        item["accounts"][1]["processor_token"],
        "processor-sandbox-b"
    );
    assert_eq!(item["accounts"][0].get("processor_token"), None);
    let changes = scene.deps.store.records().changes.clone();
    assert_eq!(changes.last().unwrap().accounts[0].generation, 1);
}

#[tokio::test]
async fn a_token_is_made_once_and_given_again() {
    let scene = linked().await;
    let made = tokens_made(&scene);
    let first = json(&ask(&scene, "b").await);
    let again = json(&ask(&scene, "b").await);
    assert_eq!(first, again);
    let of_the_exchange = json(&ask(&scene, "a").await);
    assert_eq!(
        of_the_exchange["accounts"][0]["processor_token"],
        "processor-sandbox-a"
    );
    assert_eq!(tokens_made(&scene), made + 1);
}

#[tokio::test]
async fn a_server_always_gets_the_token_and_a_front_end_where_the_stack_says_so() {
    let mut scene = linked().await;
    scene.deps.settings.render = render_item;
    let response = ask(&scene, "b").await;
    assert_eq!(response.status(), 201);
    assert_eq!(json(&response)["accounts"][1].get("processor_token"), None);
    let user = scene
        .deps
        .store
        .records()
        .items
        .keys()
        .next()
        .unwrap()
        .0
        .clone();
    let event = asked_for(SERVER_EVENT, "b").set("/pathParameters/user_id", user);
    let item = json(&scene.send(event).await);
    assert_eq!(
        item["accounts"][1]["processor_token"],
        "processor-sandbox-b"
    );
}

#[tokio::test]
async fn an_account_that_cannot_be_used_names_the_field() {
    let scene = linked().await;
    for (account_id, code) in [
        ("nobody", Code::UnknownAccount),
        ("c", Code::AccountNotEligible),
        ("", Code::InvalidField),
    ] {
        let response = ask(&scene, account_id).await;
        assert_problem(&response, code);
        assert_eq!(json(&response)["field"], "account_id");
    }
    scene.deps.plaid.world().accounts[1] = account("b", "savings", Some("verification_failed"));
    scene.change(|records| {
        let item = records.items.values_mut().next().unwrap();
        item.accounts.remove(1);
    });
    assert_problem(&ask(&scene, "b").await, Code::AccountNotVerified);
}

#[tokio::test]
async fn an_account_that_plaid_has_meanwhile_is_found() {
    let scene = linked().await;
    let new = account("new", "checking", None);
    scene.deps.plaid.world().accounts.push(new);
    let item = json(&ask(&scene, "new").await);
    assert_eq!(item["accounts"][3]["status"], "ready");
}

#[tokio::test]
async fn an_account_that_plaid_has_no_longer_is_not() {
    let scene = linked().await;
    scene.deps.plaid.world().accounts.remove(1);
    assert_problem(&ask(&scene, "b").await, Code::UnknownAccount);
    let records = scene.deps.store.records();
    let item = records.items.values().next().unwrap();
    assert!(item.accounts.iter().any(|account| account.revoked));
}

#[tokio::test]
async fn an_account_that_waits_is_chosen_and_gets_its_token_later() {
    let scene = linked().await;
    let pending = Some("pending_automatic_verification");
    scene.deps.plaid.world().accounts[1] = account("b", "savings", pending);
    scene.change(|records| {
        let item = records.items.values_mut().next().unwrap();
        item.observe_accounts(scene.deps.plaid.world().accounts.clone());
    });
    let response = ask(&scene, "b").await;
    assert_eq!(response.status(), 201);
    let item = json(&response);
    assert_eq!(item["accounts"][1]["status"], "pending_verification");
    scene.deps.plaid.world().accounts[1] = account("b", "savings", Some("automatically_verified"));
    let item = json(&ask(&scene, "b").await);
    assert_eq!(item["accounts"][1]["status"], "ready");
    assert_eq!(
        item["accounts"][1]["processor_token"],
        "processor-sandbox-b"
    );
}

#[tokio::test]
async fn what_stands_in_the_way_is_told() {
    let scene = linked().await;
    lose_login(&scene, &Health::Revoked);
    assert_problem(&ask(&scene, "a").await, Code::ItemRevoked);
    lose_login(&scene, &Health::Good);
    let login_required = || refusal("ITEM_ERROR", "ITEM_LOGIN_REQUIRED");
    let failures: [(PlaidFailure, Code); 2] = [
        (login_required(), Code::UpdateModeRequired),
        (no_answer(false), Code::PlaidUnavailable),
    ];
    for (failure, code) in failures {
        scene.deps.plaid.fail("processor_token", failure);
        assert_problem(&ask(&scene, "b").await, code);
    }
    for (lifecycle, code) in [
        (Lifecycle::Linking, Code::ItemLinking),
        (Lifecycle::Removing, Code::ItemRemoved),
        (Lifecycle::Removed, Code::ItemRemoved),
    ] {
        scene.change(|records| {
            records
                .items
                .values_mut()
                .for_each(|i| i.lifecycle = lifecycle);
        });
        assert_problem(&ask(&scene, "b").await, code);
    }
}

#[tokio::test]
async fn somebody_elses_item_is_not_found() {
    let scene = linked().await;
    let event = asked_for(EVENT, "b").set("/requestContext/authorizer/jwt/claims/sub", "user-2");
    assert_problem(&scene.send(event).await, Code::NotFound);
    let event = asked_for(SERVER_EVENT, "b").set("/pathParameters/user_id", "user-2");
    assert_problem(&scene.send(event).await, Code::NotFound);
}
