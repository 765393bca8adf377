//! What all of Astra's answers have in common.

use std::collections::BTreeSet;

use astra_sandbox::Options;
use reqwest::Method;
use serde_json::json;

use crate::support::{HAND_OVER, Scene, TOKEN, Tokens};

/// Every endpoint for users: method, path.
const FOR_USERS: [(Method, &str); 5] = [
    (Method::POST, HAND_OVER),
    (Method::GET, "/v1/accounts"),
    (Method::GET, "/v1/accounts/a"),
    (Method::DELETE, "/v1/accounts/a"),
    (Method::GET, "/v1/user"),
];

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let (scene, tokens, linked) = Scene::ready().await;
    let astra = &scene.astra;
    let mut answers = vec![
        astra
            .hand_over(&linked.processor_token, &tokens.access)
            .await,
        astra.refresh("unknown").await,
        astra.send(astra.request(Method::GET, "/nowhere")).await,
        astra.send(astra.request(Method::GET, TOKEN)).await,
    ];
    for (method, path) in FOR_USERS {
        answers.push(astra.send(astra.request(method, path)).await);
    }
    let ids: BTreeSet<_> = answers
        .iter()
        .map(|answer| answer.request_id.clone().unwrap())
        .collect();
    assert_eq!(ids.len(), answers.len());
    let log = astra.control("GET", "/requests", json!(null)).await;
    let logged = log["requests"].as_array().unwrap().iter();
    let logged: BTreeSet<_> = logged
        .map(|call| call["request_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.is_subset(&logged));
}

#[tokio::test]
async fn users_are_known_by_their_access_token_alone() {
    let (scene, tokens, _) = Scene::ready().await;
    let astra = &scene.astra;
    for (method, path) in FOR_USERS {
        let request = || astra.request(method.clone(), path);
        let strangers = [
            request(),
            request().bearer_auth("unknown"),
            request().bearer_auth(&tokens.refresh),
            request().basic_auth("astra-client-id", Some("astra-client-secret")),
        ];
        for stranger in strangers {
            let answer = astra.send(stranger).await;
            let body = answer.json();
            assert_eq!(answer.status, 401, "{path}: {body}");
            assert_eq!(
                (&body["code"], &body["name"]),
                (&json!(401), &json!("Unauthorized"))
            );
            assert!(body["description"].is_string());
        }
    }
}

#[tokio::test]
async fn paths_methods_and_formats_that_are_not_there_are_told_apart() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    for (method, path, status) in [
        (Method::GET, "/v1/nothing", 404),
        (Method::GET, "/", 404),
        (Method::GET, TOKEN, 405),
        (Method::PUT, "/v1/accounts", 405),
    ] {
        let answer = astra.send(astra.request(method, path)).await;
        assert_eq!(answer.refused().0, status, "{path}");
    }
    let html = astra.request(Method::GET, "/v1/user");
    let html = html.header("accept", "text/html, image/*");
    assert_eq!(astra.send(html).await.refused().0, 406);
    let either = astra.request(Method::GET, "/v1/user");
    let either = either.header("accept", "text/html, Application/JSON;q=0.5");
    assert_eq!(astra.send(either).await.refused().0, 401);
}

#[tokio::test]
async fn objects_can_come_as_the_one_element_of_an_array() {
    let scene = Scene::with(Options {
        wrap_in_array: Some(true),
        ..Options::default()
    })
    .await;
    let astra = &scene.astra;
    let code = astra.authorize("ada@example.com").await;
    let answer = astra.redeem(&code).await.ok();
    assert_eq!(answer.as_array().unwrap().len(), 1);
    let tokens = Tokens::of(&answer[0]);
    let linked = scene.plaid.link("ins_109508", "checking").await;
    let made = astra
        .hand_over(&linked.processor_token, &tokens.access)
        .await
        .ok();
    let list = astra.get("/v1/accounts", &tokens.access).await.ok();
    assert_eq!(list[0]["accounts"][0], made[0]);
    let user = astra.get("/v1/user", &tokens.access).await.ok();
    assert_eq!(user[0]["email"], "ada@example.com");
    astra.set(json!({"wrap_in_array": false})).await;
    let user = astra.get("/v1/user", &tokens.access).await.ok();
    assert_eq!(user["email"], "ada@example.com");
}
