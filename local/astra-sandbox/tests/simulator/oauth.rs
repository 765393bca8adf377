//! Codes and tokens, over HTTP.

use std::collections::BTreeSet;

use astra_sandbox::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Scene, TOKEN, Tokens, URI, form};

const USER: &str = "/v1/user";

#[tokio::test]
async fn a_code_becomes_tokens_once() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let code = astra.authorize("ada@example.com").await;
    let body = astra.redeem(&code).await.ok();
    assert_eq!(body["expires_in"], 864_000);
    assert_eq!(body["token_type"], "Bearer");
    let tokens = Tokens::of(&body);
    let user = astra.get(USER, &tokens.access).await.ok();
    assert_eq!(user["email"], "ada@example.com");
    let again = astra.redeem(&code).await;
    assert_eq!(again.json()["error"], "invalid_grant");
    assert_eq!(again.refused(), (400, "the code has been used".to_owned()));
    astra.get(USER, &tokens.access).await.ok();
}

#[tokio::test]
async fn a_code_expires_after_five_minutes() {
    let scene = Scene::start().await;
    let code = scene.astra.authorize("ada@example.com").await;
    scene.astra.later(300).await;
    let late = scene.astra.redeem(&code).await.refused();
    assert_eq!(late, (400, "the code has expired".to_owned()));
}

#[tokio::test]
async fn a_code_is_for_the_redirect_uri_that_it_was_given_for() {
    let scene = Scene::start().await;
    let code = scene.astra.authorize("ada@example.com").await;
    let fields = |uri| {
        [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", uri),
        ]
    };
    let elsewhere = scene.astra.token_request(&fields("http://127.0.0.1:4000/"));
    let (status, _) = scene.astra.send(elsewhere).await.refused();
    assert_eq!(status, 400);
    let here = scene.astra.token_request(&fields(URI));
    scene.astra.send(here).await.ok();
}

#[tokio::test]
async fn tokens_are_for_the_client_alone() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let body = "grant_type=refresh_token&refresh_token=r&redirect_uri=u";
    let post = || {
        astra
            .request(Method::POST, TOKEN)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let strangers = [
        post(),
        post().bearer_auth("astra-client-secret"),
        post().basic_auth("astra-client-id", Some("wrong")),
        post().basic_auth("another", Some("astra-client-secret")),
        post().header("authorization", "Basic ???"),
    ];
    for request in strangers {
        let answer = astra.send(request).await;
        assert_eq!(answer.json()["error"], "invalid_client", "{answer:?}");
        assert_eq!(answer.refused(), (401, "Invalid client_id".to_owned()));
    }
}

#[tokio::test]
async fn forms_that_make_no_sense_are_refused() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let (of_code, of_token) = (
        ("grant_type", "authorization_code"),
        ("grant_type", "refresh_token"),
    );
    let (token, uri) = (("refresh_token", "r"), ("redirect_uri", URI));
    let bad = "invalid_request";
    for (fields, error, said) in [
        (vec![], bad, "grant_type is required"),
        (vec![("grant_type", "")], bad, "grant_type is required"),
        (
            vec![("grant_type", "password")],
            "unsupported_grant_type",
            "grant_type is authorization_code or refresh_token",
        ),
        (vec![of_code, uri], bad, "code is required"),
        (
            vec![of_code, ("code", "c")],
            bad,
            "redirect_uri is required",
        ),
        (vec![of_token, uri], bad, "refresh_token is required"),
        (vec![of_token, token], bad, "redirect_uri is required"),
        (
            vec![of_token, token, token, uri],
            bad,
            "refresh_token is there twice",
        ),
        (
            vec![of_token, token, uri],
            "invalid_grant",
            "the refresh_token is not valid",
        ),
    ] {
        let answer = astra.send(astra.token_request(&fields)).await;
        assert_eq!(answer.json()["error"], error, "{fields:?}");
        assert_eq!(answer.refused(), (400, said.to_owned()), "{fields:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let tokens = astra.connect("ada@example.com").await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("redirect_uri", URI),
    ];
    let request = astra
        .request(Method::POST, TOKEN)
        .basic_auth(DEFAULT_CLIENT_ID, Some(DEFAULT_CLIENT_SECRET))
        .header("content-type", "application/json")
        .body(form(&fields));
    let (status, said) = astra.send(request).await.refused();
    assert_eq!(status, 400);
    assert_eq!(said, "the body is application/x-www-form-urlencoded");
}

#[tokio::test]
async fn a_refresh_ends_the_access_token_before_it() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let first = astra.connect("ada@example.com").await;
    let second = Tokens::of(&astra.refresh(&first.refresh).await.ok());
    assert_ne!(second.refresh, first.refresh);
    let (status, _) = astra.get(USER, &first.access).await.refused();
    assert_eq!(status, 401);
    astra.get(USER, &second.access).await.ok();
    // Both refresh tokens go on working, as Astra says.
    let third = Tokens::of(&astra.refresh(&first.refresh).await.ok());
    astra.refresh(&second.refresh).await.ok();
    let (status, _) = astra.get(USER, &third.access).await.refused();
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_new_authorization_ends_the_access_token_of_the_same_user_alone() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let ada = astra.connect("ada@example.com").await;
    let bob = astra.connect("bob@example.com").await;
    let again = astra.connect("Ada@example.com").await;
    assert_eq!(astra.get(USER, &ada.access).await.status, 401);
    astra.get(USER, &bob.access).await.ok();
    astra.get(USER, &again.access).await.ok();
}

#[tokio::test]
async fn twenty_refreshes_at_once_leave_one_valid_token() {
    let scene = Scene::start().await;
    let tokens = scene.astra.connect("ada@example.com").await;
    let refreshes: Vec<_> = (0..20)
        .map(|_| {
            let (astra, refresh) = (scene.astra.clone(), tokens.refresh.clone());
            tokio::spawn(async move { Tokens::of(&astra.refresh(&refresh).await.ok()).access })
        })
        .collect();
    let mut given = BTreeSet::new();
    for refresh in refreshes {
        given.insert(refresh.await.unwrap());
    }
    assert_eq!(given.len(), 20, "each got a token of its own");
    let mut valid = 0;
    for access in &given {
        valid += u32::from(scene.astra.get(USER, access).await.status == 200);
    }
    assert_eq!(valid, 1);
}

#[tokio::test]
async fn a_refresh_token_for_one_use_is_used_up() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    astra.set(json!({"refresh_token_reuse": "once"})).await;
    let tokens = astra.connect("ada@example.com").await;
    let next = Tokens::of(&astra.refresh(&tokens.refresh).await.ok());
    let used = astra.refresh(&tokens.refresh).await.refused();
    assert_eq!(used, (400, "the refresh_token has been used".to_owned()));
    astra.refresh(&next.refresh).await.ok();
}

#[tokio::test]
async fn tokens_expire_after_ten_days() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let old = astra.connect("ada@example.com").await;
    astra.later(800_000).await;
    let tokens = Tokens::of(&astra.refresh(&old.refresh).await.ok());
    astra.later(64_000).await;
    let late = astra.refresh(&old.refresh).await.refused();
    assert_eq!(late, (400, "the refresh_token has expired".to_owned()));
    astra.get(USER, &tokens.access).await.ok();
    astra.later(800_000).await;
    let late = astra.get(USER, &tokens.access).await.refused();
    assert_eq!(late, (401, "the access_token has expired".to_owned()));
}

#[tokio::test]
async fn lifetimes_are_settings() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let settings = json!({"access_token_seconds": 7200, "refresh_token_seconds": null});
    astra.set(settings).await;
    let code = astra.authorize("ada@example.com").await;
    let body = astra.redeem(&code).await.ok();
    assert_eq!(body["expires_in"], 7200);
    let tokens = Tokens::of(&body);
    astra.later(7200).await;
    assert_eq!(astra.get(USER, &tokens.access).await.status, 401);
    astra.later(100_000_000).await;
    astra.refresh(&tokens.refresh).await.ok();
}

#[tokio::test]
async fn a_users_tokens_can_be_revoked() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let ada = astra.connect("ada@example.com").await;
    let user = astra.only_user().await;
    let bob = astra.connect("bob@example.com").await;
    let path = format!("/users/{}", user["user_id"].as_str().unwrap());
    let body = json!({"revoke_access_token": true});
    let view = astra.control("POST", &path, body).await;
    assert_eq!(view["access_token"], Value::Null);
    assert_eq!(astra.get(USER, &ada.access).await.status, 401);
    let ada = Tokens::of(&astra.refresh(&ada.refresh).await.ok());
    astra.control("POST", &path, json!({"revoke": true})).await;
    assert_eq!(astra.get(USER, &ada.access).await.status, 401);
    let refused = astra.refresh(&ada.refresh).await.refused();
    assert_eq!(refused, (400, "the refresh_token is not valid".to_owned()));
    astra.get(USER, &bob.access).await.ok();
}
