//! Processor tokens become accounts, if Plaid knows them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{HAND_OVER, Scene};

const REFUSED: &str = "Plaid refuses the processor_token: ";

#[tokio::test]
async fn a_processor_token_becomes_an_account_that_is_listed_shown_and_deleted() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "id": id,
        "name": "Plaid Checking",
        "official_name": "Simulated Everyday Checking",
        "mask": "0000",
        "type": "depository",
        "subtype": "checking",
        "institution_id": "ins_109508",
        "available_balance": 100.0,
        "current_balance": 110.0,
        "currency_code": "USD",
        "connection_status": "connected",
    });
    assert_eq!(made, expected);
    let path = format!("/v1/accounts/{id}");
    let shown = astra.get(&path, &tokens.access).await.ok();
    assert_eq!(shown, expected);
    let list = astra.get("/v1/accounts", &tokens.access).await.ok();
    assert_eq!(
        list,
        json!({"accounts": [expected], "cursor": null, "more": false})
    );
    let deleted = astra.delete(id, &tokens.access).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (200, ""));
    assert!(astra.account_ids(&tokens.access).await.is_empty());
    let gone = astra.delete(id, &tokens.access).await.refused();
    assert_eq!(gone, (404, "the account has been deleted".to_owned()));
}

#[tokio::test]
async fn an_institution_is_not_needed() {
    let (scene, tokens, linked) = Scene::ready().await;
    let request = scene
        .astra
        .user_request(Method::POST, HAND_OVER, &tokens.access)
        .json(&json!({"processor_token": linked.processor_token}));
    let made = scene.astra.send(request).await.ok();
    assert_eq!(made["institution_id"], Value::Null);
}

#[tokio::test]
async fn a_dead_processor_token_is_refused() {
    let (scene, tokens, linked) = Scene::ready().await;
    let (astra, plaid) = (&scene.astra, &scene.plaid);
    let removed = json!({"access_token": linked.access_token});
    plaid.call("/item/remove", removed).await;
    let dead = astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await;
    assert_eq!(dead.refused(), (400, format!("{REFUSED}ITEM_NOT_FOUND")));
    let unknown = "processor-sandbox-00000000-0000-4000-8000-000000000000";
    let unknown = astra.hand_over(unknown, &tokens.access).await.refused();
    assert_eq!(unknown, (400, format!("{REFUSED}INVALID_PROCESSOR_TOKEN")));
    let broken = plaid.link("ins_109508", "savings").await;
    let body = json!({"access_token": broken.access_token});
    plaid.call("/sandbox/item/reset_login", body).await;
    let broken = astra
        .hand_over(&broken.processor_token, &tokens.access)
        .await;
    assert_eq!(
        broken.refused(),
        (400, format!("{REFUSED}ITEM_LOGIN_REQUIRED"))
    );
    assert!(astra.all_accounts().await.is_empty());
}

#[tokio::test]
async fn a_plaid_that_does_not_answer_is_a_matter_of_time() {
    let (scene, tokens, linked) = Scene::ready().await;
    let unavailable = (503, "Plaid cannot be reached".to_owned());
    let trouble = [
        json!({"kind": "plaid_error", "error_code": "INTERNAL_SERVER_ERROR"}),
        json!({"kind": "plaid_error", "error_code": "RATE_LIMIT"}),
        json!({"kind": "http_status", "status": 400, "body": "<html>"}),
        json!({"kind": "http_status", "status": 200, "body": "{}"}),
        json!({"kind": "lose_answer"}),
    ];
    for mut fault in trouble {
        fault["endpoint"] = json!("/processor/auth/get");
        scene.plaid.call("/simulator/faults", fault.clone()).await;
        let answer = scene
            .astra
            .hand_over(&linked.processor_token, &tokens.access)
            .await;
        assert_eq!(answer.refused(), unavailable, "{fault}");
    }
    scene.plaid.stop();
    let answer = scene
        .astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await;
    assert_eq!(answer.refused(), unavailable);
    assert!(scene.astra.all_accounts().await.is_empty());
}

#[tokio::test]
async fn an_account_that_is_there_is_refused_a_second_time() {
    let (scene, tokens, linked) = Scene::ready().await;
    let (astra, plaid) = (&scene.astra, &scene.plaid);
    let first = astra.hand_over(&linked.processor_token, &tokens.access);
    first.await.ok();
    let newer = plaid
        .processor_token(&linked.access_token, &linked.account_id)
        .await;
    for token in [&linked.processor_token, &newer] {
        let again = astra.hand_over(token, &tokens.access).await.refused();
        assert_eq!(again, (400, "Account Already Exists".to_owned()));
    }
    let saving = plaid.link("ins_109508", "savings").await;
    astra
        .hand_over(&saving.processor_token, &tokens.access)
        .await
        .ok();
    let bob = astra.connect("bob@example.com").await;
    astra
        .hand_over(&linked.processor_token, &bob.access)
        .await
        .ok();
    assert_eq!(astra.all_accounts().await.len(), 3);
}

#[tokio::test]
async fn new_numbers_are_a_new_account() {
    let (scene, tokens, _) = Scene::ready().await;
    let linked = scene.plaid.link("ins_13", "checking").await;
    let (astra, access) = (&scene.astra, tokens.access.as_str());
    astra.hand_over(&linked.processor_token, access).await.ok();
    let items = scene
        .plaid
        .call("/item/get", json!({"access_token": linked.access_token}));
    let item_id = items.await["item"]["item_id"].as_str().unwrap().to_owned();
    let path = format!("/simulator/items/{item_id}/accounts/{}", linked.account_id);
    scene.plaid.call(&path, json!({"renumber": true})).await;
    let newer = scene
        .plaid
        .processor_token(&linked.access_token, &linked.account_id)
        .await;
    astra.hand_over(&newer, access).await.ok();
    assert_eq!(astra.account_ids(access).await.len(), 2);
}

#[tokio::test]
async fn a_repeat_can_be_answered_otherwise() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let send = async || {
        let sent = astra.hand_over(&linked.processor_token, &tokens.access);
        let answer = sent.await;
        (answer.status, answer.ok()["id"].clone())
    };
    let (_, first) = send().await;
    astra.set(json!({"account_repeat": "same_account"})).await;
    assert_eq!(send().await, (200, first.clone()));
    astra.set(json!({"account_repeat": "second_account"})).await;
    let (status, second) = send().await;
    assert_eq!(status, 201);
    assert_ne!(second, first);
    assert_eq!(astra.all_accounts().await.len(), 2);
}

#[tokio::test]
async fn an_account_is_its_users_alone() {
    let (scene, ada, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra.hand_over(&linked.processor_token, &ada.access);
    let id = made.await.ok()["id"].as_str().unwrap().to_owned();
    let bob = astra.connect("bob@example.com").await;
    assert!(astra.account_ids(&bob.access).await.is_empty());
    let path = format!("/v1/accounts/{id}");
    assert_eq!(astra.get(&path, &bob.access).await.status, 404);
    assert_eq!(astra.delete(&id, &bob.access).await.status, 404);
    astra.get(&path, &ada.access).await.ok();
}

#[tokio::test]
async fn an_account_with_an_active_routine_stays() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    let id = made.await.ok()["id"].as_str().unwrap().to_owned();
    let control = format!("/accounts/{id}");
    let body = json!({"active_routines": 1});
    let view = astra.control("POST", &control, body).await;
    assert_eq!(view["active_routines"], 1);
    let refused = astra.delete(&id, &tokens.access).await.refused();
    assert_eq!(refused, (400, "the account has active routines".to_owned()));
    assert_eq!(astra.account_ids(&tokens.access).await, [id.as_str()]);
    let body = json!({"active_routines": 0});
    astra.control("POST", &control, body).await;
    astra.delete(&id, &tokens.access).await.ok();
}

#[tokio::test]
async fn a_deleted_account_can_be_gone_for_good() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    astra.set(json!({"deleted_account_status": 410})).await;
    let made = astra.hand_over(&linked.processor_token, &tokens.access);
    let id = made.await.ok()["id"].as_str().unwrap().to_owned();
    astra.delete(&id, &tokens.access).await.ok();
    let path = format!("/v1/accounts/{id}");
    assert_eq!(astra.get(&path, &tokens.access).await.status, 410);
    assert_eq!(astra.delete(&id, &tokens.access).await.status, 410);
    let control = format!("/accounts/{id}");
    let view = astra.control("GET", &control, Value::Null).await;
    assert!(view["deleted_at"].is_string());
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_refused_and_not_repeated() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let token = linked.processor_token.as_str();
    let bodies = [
        json!({"institution_id": token}),
        json!({"processor_token": [token]}),
        json!({"processor_token": token, token: 1}),
        json!(token),
    ];
    for body in bodies {
        let request = astra.user_request(Method::POST, HAND_OVER, &tokens.access);
        let answer = astra.send(request.json(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(!answer.text.contains("processor-"), "{}", answer.text);
    }
    let form = astra
        .user_request(Method::POST, HAND_OVER, &tokens.access)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("processor_token={token}"));
    let refused = astra.send(form).await.refused();
    assert_eq!(refused, (400, "the body is application/json".to_owned()));
    assert!(astra.all_accounts().await.is_empty());
}

#[tokio::test]
async fn lists_come_in_pages_the_newest_account_first() {
    let (scene, tokens, linked) = Scene::ready().await;
    let (astra, access) = (&scene.astra, tokens.access.as_str());
    astra.set(json!({"account_repeat": "second_account"})).await;
    let mut made = Vec::new();
    for _ in 0..26 {
        let account = astra.hand_over(&linked.processor_token, access).await.ok();
        made.push(account["id"].as_str().unwrap().to_owned());
    }
    made.reverse();
    assert_eq!(astra.account_ids(access).await, made[..25]);
    let mut seen = Vec::new();
    let mut path = "/v1/accounts?limit=10".to_owned();
    loop {
        let page = astra.get(&path, access).await.ok();
        for account in page["accounts"].as_array().unwrap() {
            seen.push(account["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["cursor"].as_str() else {
            assert_eq!(page["more"], false);
            break;
        };
        assert_eq!(page["more"], true);
        path = format!("/v1/accounts?limit=10&cursor={cursor}");
    }
    assert_eq!(seen, made);
    for wrong in ["limit=9", "limit=101", "cursor=unknown", "page=1"] {
        let answer = astra.get(&format!("/v1/accounts?{wrong}"), access).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    astra.set(json!({"accounts_shape": "array"})).await;
    let list = astra.get("/v1/accounts", access).await.ok();
    assert_eq!(list.as_array().unwrap().len(), 26);
}
