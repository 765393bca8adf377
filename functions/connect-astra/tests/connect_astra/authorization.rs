//! Where a user is sent.

use shared::domain::Sha256;
use shared::http::Code;
use shared::test_util::json;

use crate::scene::{PAGE, Scene, URI, USER, assert_problem, parameter};

#[tokio::test]
async fn the_user_is_sent_to_astras_page_with_a_state_of_ours() {
    let scene = Scene::new();
    let response = scene.begin(USER).await;
    assert_eq!(response.status(), 201);
    let body = json(&response);
    let url: url::Url = body["url"].as_str().unwrap().parse().unwrap();
    assert!(url.as_str().starts_with(&format!("{PAGE}?")), "{url}");
    let names: Vec<_> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(
        names,
        ["client_id", "redirect_uri", "response_type", "state"]
    );
    assert_eq!(parameter(&body, "client_id"), "astra-client-id");
    assert_eq!(parameter(&body, "redirect_uri"), URI);
    assert_eq!(parameter(&body, "response_type"), "code");
    assert_eq!(body["expires_at"], "2026-11-22T12:10:00Z");
}

#[tokio::test]
async fn a_state_is_never_the_same_and_only_its_hash_is_kept() {
    let scene = Scene::new();
    let (one, other) = (scene.state(USER).await, scene.state(USER).await);
    assert_ne!(one.expose(), other.expose());
    assert!(one.expose().len() >= 32);
    let records = scene.deps.store.records();
    let kept: Vec<_> = records
        .authorizations
        .iter()
        .map(|kept| kept.state_hash.clone())
        .collect();
    assert_eq!(
        kept,
        [&one, &other].map(|state| Sha256::of(state.expose().as_bytes()))
    );
    assert!(!format!("{:?}", records.authorizations).contains(one.expose()));
}

#[tokio::test]
async fn without_the_table_nobody_is_sent() {
    let scene = Scene::new();
    scene.deps.store.go_down(0, 1);
    assert_problem(&scene.begin(USER).await, Code::StorageUnavailable);
}
