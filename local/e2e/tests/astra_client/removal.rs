//! An account is taken off Astra.

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::AstraFailureClass::{Reauthorize, Refused, Retry};
use shared::domain::{AstraAccessToken, AstraAccountId};
use shared::ports::AstraAccountRemoval;

use crate::scene::{DELETE, Scene, soon};

async fn with_account() -> (Scene, AstraAccessToken, AstraAccountId) {
    let scene = Scene::start().await;
    let access = scene.connect("ada@example.com").await.access;
    let token = scene.processor_token().await;
    let id = scene.hand_over(&access, &token).await.unwrap();
    (scene, access, id)
}

#[tokio::test]
async fn an_account_that_is_gone_counts_as_taken_off() {
    for status in [404, 410] {
        let (scene, access, id) = with_account().await;
        scene.set(json!({"deleted_account_status": status})).await;
        for _ in 0..2 {
            let outcome = scene.client.delete_astra_account(&access, &id, soon());
            outcome.await.unwrap();
            assert_eq!(scene.accounts().await, Vec::<String>::new());
        }
        let never = AstraAccountId::new("never-was");
        let outcome = scene.client.delete_astra_account(&access, &never, soon());
        outcome.await.unwrap();
    }
}

#[tokio::test]
async fn a_removal_is_sent_again_where_that_helps() {
    for (fault, calls) in [
        (json!({"kind": "lose_answer"}), 2),
        (json!({"kind": "cut_connection"}), 2),
        (json!({"kind": "astra_error", "status": 503}), 2),
        (
            json!({"kind": "http_status", "status": 404, "body": "<html></html>"}),
            2,
        ),
        // The status says it all.
        (
            json!({"kind": "http_status", "status": 200, "body": "[", "after_effect": true}),
            1,
        ),
    ] {
        let (scene, access, id) = with_account().await;
        let mut fault = fault;
        fault["endpoint"] = json!(DELETE);
        scene.fault(fault.clone()).await;
        let outcome = scene.client.delete_astra_account(&access, &id, soon());
        assert_eq!(outcome.await, Ok(()), "{fault}");
        assert_eq!(scene.accounts().await, Vec::<String>::new(), "{fault}");
        assert_eq!(scene.calls(DELETE).await, calls, "{fault}");
    }
}

#[tokio::test]
async fn a_removal_that_brings_nothing_says_why() {
    let (scene, access, id) = with_account().await;
    let path = format!("/accounts/{}", id.as_str());
    let routine = json!({"active_routines": 1});
    let _: Value = scene.control(Method::POST, &path, routine).await;
    let outcome = scene.client.delete_astra_account(&access, &id, soon());
    let failure = outcome.await.unwrap_err();
    assert_eq!(failure.class(), Refused);
    let reason = failure.description().unwrap();
    assert_eq!(reason, "the account has active routines");
    for (status, class) in [(429, Retry), (401, Reauthorize)] {
        let fault = json!({"endpoint": DELETE, "kind": "astra_error", "status": status});
        scene.fault(fault).await;
        let outcome = scene.client.delete_astra_account(&access, &id, soon());
        assert_eq!(outcome.await.unwrap_err().class(), class);
    }
    assert_eq!(scene.calls(DELETE).await, 3, "none of them passes soon");
    assert_eq!(scene.accounts().await, [id.as_str()]);
}

#[tokio::test]
async fn an_id_that_is_another_path_is_not_sent() {
    let (scene, access, _) = with_account().await;
    for id in ["", "..", ".", "a/b", "?", "#", "%2e%2e"] {
        let id = AstraAccountId::new(id);
        let outcome = scene.client.delete_astra_account(&access, &id, soon());
        assert!(!outcome.await.unwrap_err().maybe_applied(), "{id}");
    }
    let seen = scene.control(Method::GET, "/requests", Value::Null).await;
    assert_eq!(seen["requests"].as_array().unwrap().len(), 2, "{seen}");
}
