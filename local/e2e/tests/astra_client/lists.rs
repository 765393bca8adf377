//! The accounts of a user: all of them, or a failure.

use serde_json::json;
use shared::domain::AstraFailureClass::{Reauthorize, Retry};
use shared::domain::{AstraAccessToken, AstraAccountId};
use shared::ports::AstraHandOver;

use crate::scene::{GET, LIST, Scene, soon};

/// A user with this many accounts, the newest first.
async fn with_accounts(number: usize) -> (Scene, AstraAccessToken, Vec<AstraAccountId>) {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    scene.set(json!({"account_repeat": "second_account"})).await;
    let mut ids = Vec::new();
    for _ in 0..number {
        ids.push(scene.hand_over(&access, &token).await.unwrap());
    }
    ids.reverse();
    (scene, access, ids)
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_in_every_shape() {
    let (scene, access, ids) = with_accounts(60).await;
    for (settings, calls) in [
        (json!({}), 3),
        (json!({"wrap_in_array": true}), 3),
        (json!({"accounts_shape": "array"}), 1),
    ] {
        scene.forget().await;
        scene.set(settings.clone()).await;
        let listed = scene.client.astra_accounts(&access, soon()).await;
        assert_eq!(listed.unwrap(), ids, "{settings}");
        assert_eq!(scene.calls(LIST).await, calls, "{settings}");
    }
}

#[tokio::test]
async fn a_page_that_is_away_is_asked_for_again_and_never_left_out() {
    let (scene, access, ids) = with_accounts(60).await;
    for (fault, calls) in [
        (json!({"kind": "lose_answer"}), Some(4)),
        (json!({"kind": "malformed_body"}), Some(4)),
        (json!({"kind": "astra_error", "status": 503}), Some(4)),
        (
            json!({"kind": "astra_error", "status": 503, "times": 3}),
            None,
        ),
        (json!({"kind": "astra_error", "status": 429}), None),
    ] {
        scene.forget().await;
        let mut second = fault.clone();
        second["endpoint"] = json!(LIST);
        second["call"] = json!(2);
        scene.fault(second).await;
        let listed = scene.client.astra_accounts(&access, soon()).await;
        match calls {
            Some(calls) => {
                assert_eq!(listed.unwrap(), ids, "{fault}");
                assert_eq!(scene.calls(LIST).await, calls, "{fault}");
            }
            None => assert_eq!(listed.unwrap_err().class(), Retry, "{fault}"),
        }
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_given_up() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let endless = r#"{"accounts": [{"id": "a"}], "cursor": "a", "more": true}"#;
    let fault = json!({"endpoint": LIST, "kind": "http_status", "status": 200, "body": endless,
        "times": 1000});
    scene.fault(fault).await;
    let failure = scene.client.astra_accounts(&access, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Retry);
    assert_eq!(scene.calls(LIST).await, 40);
}

#[tokio::test]
async fn an_account_that_moves_to_the_next_page_meanwhile_is_listed_once() {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let pages = [
        r#"{"accounts": [{"id": "a"}, {"id": "b"}], "cursor": "b", "more": true}"#,
        r#"{"accounts": [{"id": "b"}, {"id": "c"}], "more": false}"#,
    ];
    for (call, page) in (1..).zip(pages) {
        let fault = json!({"endpoint": LIST, "call": call, "kind": "http_status",
            "status": 200, "body": page});
        scene.fault(fault).await;
    }
    let listed = scene.client.astra_accounts(&access, soon()).await.unwrap();
    assert_eq!(listed, ["a", "b", "c"].map(AstraAccountId::new));
}

#[tokio::test]
async fn nobody_sees_the_accounts_of_others() {
    let (scene, ada, ids) = with_accounts(1).await;
    let bob = scene.connect("bob@example.com").await.access;
    let exists = async |access| {
        let outcome = scene.client.astra_account_exists(access, &ids[0], soon());
        outcome.await.unwrap()
    };
    assert!(exists(&ada).await && !exists(&bob).await);
    let bobs = scene.client.astra_accounts(&bob, soon()).await.unwrap();
    assert_eq!(bobs, []);
    let nobody = AstraAccessToken::new("nobody");
    let failure = scene.client.astra_accounts(&nobody, soon()).await;
    assert_eq!(failure.unwrap_err().class(), Reauthorize);
}

#[tokio::test]
async fn only_astra_says_that_an_account_is_not_there() {
    let (scene, access, ids) = with_accounts(1).await;
    let exists = async || {
        let outcome = scene.client.astra_account_exists(&access, &ids[0], soon());
        outcome.await.map_err(|failure| failure.class())
    };
    let proxy = |times| {
        json!({"endpoint": GET, "kind": "http_status", "status": 404,
            "body": "<html></html>", "times": times})
    };
    scene.fault(proxy(1)).await;
    assert_eq!(exists().await, Ok(true), "asked again");
    scene.fault(proxy(3)).await;
    assert_eq!(exists().await, Err(Retry));
    scene
        .fault(json!({"endpoint": GET, "kind": "astra_error", "status": 410}))
        .await;
    assert_eq!(exists().await, Ok(false));
    scene
        .fault(json!({"endpoint": GET, "kind": "astra_error", "status": 401}))
        .await;
    assert_eq!(exists().await, Err(Reauthorize));
}
