//! Tokens for a code, and for a refresh token.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::AstraFailureClass::{Operator, Reauthorize, Refused, Retry};
use shared::domain::{AstraAuthorizationCode, AstraFailure};
use shared::ports::{AstraAuthorizations, AstraClientId, AstraUsers};
use shared::system_clock::SystemClock;

use crate::scene::{SECRET, Scene, TOKEN, URI, USER, in_time, keys, soon};

#[tokio::test]
async fn a_code_becomes_tokens_once() {
    let scene = Scene::start().await;
    let code = scene.code("ada@example.com").await;
    let tokens = scene.client.redeem(&code, URI, soon()).await.unwrap();
    assert_eq!(tokens.expires_in, Duration::from_hours(240));
    assert!(tokens.refresh.is_some());
    let user_id = scene.client.astra_user(&tokens.access, soon()).await;
    let users = scene.control(reqwest::Method::GET, "/users", Value::Null);
    let known = users.await["users"][0]["user_id"].clone();
    assert_eq!(json!(user_id.unwrap().as_str()), known);
    let failure = scene.client.redeem(&code, URI, soon()).await.unwrap_err();
    assert_eq!(failure.class(), Reauthorize, "{failure}");
    assert!(!failure.maybe_applied());
    let id = failure.request_id().unwrap().as_str();
    assert_eq!(id, scene.latest_request_id().await);
}

#[tokio::test]
async fn a_code_is_for_the_uri_that_its_user_came_back_to() {
    let scene = Scene::start().await;
    let code = scene.code("ada@example.com").await;
    let elsewhere = "http://127.0.0.1:4000/elsewhere";
    let failure = scene.client.redeem(&code, elsewhere, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Reauthorize);
}

#[tokio::test]
async fn a_refresh_ends_the_access_token_before_it() {
    let scene = Scene::start().await;
    let old = scene.connect("ada@example.com").await;
    let refresh = old.refresh.unwrap();
    let new = scene.client.refresh(&refresh, URI, soon()).await.unwrap();
    assert!(scene.client.astra_user(&new.access, soon()).await.is_ok());
    scene.forget().await;
    let failure = scene.client.astra_user(&old.access, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Reauthorize);
    assert_eq!(scene.calls(USER).await, 1, "that does not pass soon");
}

#[tokio::test]
async fn a_refresh_token_that_is_over_asks_for_the_user() {
    let scene = Scene::start().await;
    let tokens = scene.connect("ada@example.com").await;
    let (access, refresh) = (tokens.access, tokens.refresh.unwrap());
    let ten_days = json!({"advance_seconds": 864_000});
    scene
        .control(reqwest::Method::POST, "/clock", ten_days)
        .await;
    let failure = scene.client.refresh(&refresh, URI, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Reauthorize);
    let failure = scene.client.astra_user(&access, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Reauthorize);
}

#[tokio::test]
async fn answers_inside_an_array_are_read_too() {
    let scene = Scene::start().await;
    scene.set(json!({"wrap_in_array": true})).await;
    let tokens = scene.connect("ada@example.com").await;
    let refresh = tokens.refresh.unwrap();
    let tokens = scene.client.refresh(&refresh, URI, soon()).await.unwrap();
    assert!(
        scene
            .client
            .astra_user(&tokens.access, soon())
            .await
            .is_ok()
    );
    let nonsense = AstraAuthorizationCode::new("nonsense");
    let failure = scene.client.redeem(&nonsense, URI, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Reauthorize);
}

/// What strikes a call for tokens: the fault, its class, whether it may have had its effect.
fn faults() -> [(Value, shared::domain::AstraFailureClass, bool); 8] {
    [
        (json!({"kind": "lose_answer"}), Retry, true),
        (json!({"kind": "cut_connection"}), Retry, true),
        (json!({"kind": "malformed_body"}), Retry, true),
        (json!({"kind": "http_status", "status": 503}), Retry, true),
        (
            json!({"kind": "http_status", "status": 200, "body": "{}"}),
            Retry,
            true,
        ),
        (json!({"kind": "astra_error", "status": 429}), Retry, false),
        (
            json!({"kind": "astra_error", "error": "invalid_grant"}),
            Reauthorize,
            false,
        ),
        (
            json!({"kind": "astra_error", "error": "invalid_request"}),
            Refused,
            false,
        ),
    ]
}

#[tokio::test]
async fn a_code_is_sent_once_whatever_happens() {
    let scene = Scene::start().await;
    for (mut fault, class, maybe_applied) in faults() {
        let code = scene.code("ada@example.com").await;
        scene.forget().await;
        fault["endpoint"] = json!(TOKEN);
        scene.fault(fault.clone()).await;
        let failure = scene.client.redeem(&code, URI, soon()).await.unwrap_err();
        assert_eq!(failure.class(), class, "{fault}: {failure}");
        assert_eq!(failure.maybe_applied(), maybe_applied, "{fault}: {failure}");
        assert_eq!(scene.calls(TOKEN).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_refresh_is_sent_again_where_that_helps() {
    let scene = Scene::start().await;
    let refresh = scene.connect("ada@example.com").await.refresh.unwrap();
    for (mut fault, class, _) in faults() {
        scene.forget().await;
        fault["endpoint"] = json!(TOKEN);
        scene.fault(fault.clone()).await;
        let outcome = scene.client.refresh(&refresh, URI, soon()).await;
        let again = class == Retry && fault["status"] != 429;
        assert_eq!(outcome.is_ok(), again, "{fault}");
        let calls = if again { 2 } else { 1 };
        assert_eq!(scene.calls(TOKEN).await, calls, "{fault}");
    }
}

#[tokio::test]
async fn a_refresh_is_tried_three_times() {
    let scene = Scene::start().await;
    let refresh = scene.connect("ada@example.com").await.refresh.unwrap();
    scene.forget().await;
    let away = json!({"endpoint": TOKEN, "kind": "astra_error", "status": 503, "times": 4});
    scene.fault(away).await;
    let failure = scene.client.refresh(&refresh, URI, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Retry);
    assert_eq!(scene.calls(TOKEN).await, 3);
}

#[tokio::test]
async fn a_lost_refresh_is_remembered_when_its_repeat_is_refused() {
    let scene = Scene::start().await;
    scene.set(json!({"refresh_token_reuse": "once"})).await;
    let refresh = scene.connect("ada@example.com").await.refresh.unwrap();
    scene
        .fault(json!({"endpoint": TOKEN, "kind": "lose_answer"}))
        .await;
    let failure = scene.client.refresh(&refresh, URI, soon()).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.class(), Reauthorize);
    assert!(failure.maybe_applied(), "the first attempt used it up");
}

#[tokio::test]
async fn refused_keys_give_way_to_others_even_for_a_code() {
    for secrets in [&["old", SECRET][..], &["old", "wrong", SECRET]] {
        let keys = keys(secrets);
        let scene = Scene::with(keys).await;
        let code = scene.code("ada@example.com").await;
        assert!(scene.client.redeem(&code, URI, soon()).await.is_ok());
        assert_eq!(scene.calls(TOKEN).await, secrets.len() as u64);
        assert_eq!(keys.rereads(), secrets.len() - 1);
    }
}

#[tokio::test]
async fn keys_that_stay_wrong_are_the_operators_and_not_tried_for_ever() {
    for (secrets, calls, rereads) in [
        (&["one"][..], 1, 1),
        (&["one", "two", "three", "four"], 3, 2),
    ] {
        let keys = keys(secrets);
        let scene = Scene::with(keys).await;
        let code = scene.code("ada@example.com").await;
        let failure = scene.client.redeem(&code, URI, soon()).await.unwrap_err();
        assert_eq!(failure.class(), Operator, "{failure}");
        assert!(!failure.maybe_applied());
        assert_eq!(scene.calls(TOKEN).await, calls);
        assert_eq!(keys.rereads(), rereads);
        let good = scene.client_with(crate::scene::keys(&[SECRET]));
        assert!(good.redeem(&code, URI, soon()).await.is_ok(), "still good");
    }
}

#[tokio::test]
async fn a_code_that_a_server_error_may_have_used_up_is_not_sent_with_other_keys() {
    let keys = keys(&[SECRET, "previous"]);
    let scene = Scene::with(keys).await;
    let code = scene.code("ada@example.com").await;
    let odd = json!({"endpoint": TOKEN, "kind": "astra_error", "error": "invalid_client",
        "status": 500, "after_effect": true});
    scene.fault(odd).await;
    let failure = scene.client.redeem(&code, URI, soon()).await.unwrap_err();
    assert_eq!((failure.class(), failure.maybe_applied()), (Retry, true));
    assert_eq!((scene.calls(TOKEN).await, keys.rereads()), (1, 0));
}

#[tokio::test]
async fn without_keys_astra_is_not_asked() {
    let scene = Scene::start().await;
    let code = scene.code("ada@example.com").await;
    let nobody = scene.client_with(keys(&[]));
    let failure = nobody.redeem(&code, URI, soon()).await.unwrap_err();
    assert_eq!(failure, AstraFailure::NoCredentials);
    assert_eq!(failure.class(), Operator);
    assert!(nobody.astra_client_id().await.is_err());
    assert_eq!(scene.calls(TOKEN).await, 0);
    let tokens = scene.client.redeem(&code, URI, soon()).await.unwrap();
    let user = nobody.astra_user(&tokens.access, soon()).await;
    assert!(user.is_ok(), "a user's call needs none");
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_done() {
    let code = AstraAuthorizationCode::new("code");
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let keys = keys(&[SECRET]);
    let url = url.parse().unwrap();
    let client = shared::astra::AstraClient::new(url, keys, SystemClock).unwrap();
    client.warm_up(Duration::from_millis(200)).await;
    let failure = client.redeem(&code, URI, soon()).await.unwrap_err();
    assert_eq!((failure.class(), failure.maybe_applied()), (Retry, false));
    // Too little time is no attempt.
    let failure = client.redeem(&code, URI, in_time(Duration::from_millis(100)));
    assert!(
        failure
            .await
            .unwrap_err()
            .to_string()
            .contains("the time is up")
    );
}
