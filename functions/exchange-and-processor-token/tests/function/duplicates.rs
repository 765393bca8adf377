//! Second Items of the same accounts, and too many Items.

use lambda_http::{Body, Response};
use shared::domain::{Health, Institution, InstitutionId, Lifecycle};
use shared::http::Code;
use shared::test_util::{json, linked_item};

use crate::scene::{CHECKING, MAX_ITEMS, Scene, assert_problem, no_answer, plain};

/// The browser's word about the account that every Item of the scene has.
const HINTS: &str = r#""institution":{"institution_id":"ins_109508"},
    "accounts":[{"id":"BxBXxLj1m4HMXBm9WZZmCWVbPjX16EHwv99vp","name":"Plaid checking","mask":"0000"}]"#;

async fn link(scene: &Scene, token: u32, more: &str) -> Response<Body> {
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(",{more}")
    };
    let body = format!(r#"{{"public_token":"public-sandbox-{token}"{more}}}"#);
    scene.send(plain(&body)).await
}

fn break_items(scene: &Scene) {
    scene.change(|records| {
        for item in records.items.values_mut() {
            item.health = Health::LoginRequired;
        }
    });
}

fn lifecycles(scene: &Scene) -> Vec<Lifecycle> {
    let records = scene.deps.store.records();
    records.items.values().map(|item| item.lifecycle).collect()
}

#[tokio::test]
async fn by_the_browsers_word_a_second_item_is_not_even_made() {
    let scene = Scene::with_checking();
    link(&scene, 1, "").await;
    let refused = link(&scene, 2, HINTS).await;
    assert_problem(&refused, Code::DuplicateItem);
    let problem = json(&refused);
    assert_eq!(problem["item_id"], "item-1");
    assert_eq!(problem["item_status"], "active");
    assert_eq!(problem["action"], "none");
    let exchanges = scene.calls().iter().filter(|c| **c == "exchange").count();
    assert_eq!((exchanges, scene.live_items()), (1, 1));
    let claims = scene.deps.store.records().exchanges.len();
    assert_eq!(claims, 1, "the claim is released");
}

#[tokio::test]
async fn by_plaids_word_a_second_item_is_removed_again() {
    let scene = Scene::with_checking();
    link(&scene, 1, "").await;
    assert_problem(&link(&scene, 2, "").await, Code::DuplicateItem);
    assert_eq!(scene.live_items(), 1);
    assert_eq!(lifecycles(&scene), [Lifecycle::Linked, Lifecycle::Removed]);
    let repeated = link(&scene, 2, "").await;
    assert_problem(&repeated, Code::DuplicateItem);
    assert_eq!(json(&repeated)["item_id"], "item-1");
}

#[tokio::test]
async fn a_second_item_that_plaid_does_not_remove_now_waits_to_be_removed() {
    let scene = Scene::with_checking();
    link(&scene, 1, "").await;
    scene.deps.plaid.fail("remove", no_answer(false));
    assert_problem(&link(&scene, 2, "").await, Code::DuplicateItem);
    assert_eq!(lifecycles(&scene), [Lifecycle::Linked, Lifecycle::Removing]);
    let records = scene.deps.store.records();
    assert!(records.items.values().any(|item| item.due_at.is_some()));
}

#[tokio::test]
async fn who_wants_a_second_item_gets_it() {
    let scene = Scene::with_checking();
    link(&scene, 1, "").await;
    let more = format!(r#"{HINTS},"allow_duplicate":true"#);
    assert_eq!(link(&scene, 2, &more).await.status(), 201);
    assert_eq!(scene.live_items(), 2);
}

#[tokio::test]
async fn a_broken_item_gives_way_to_the_new_one() {
    for hints in ["", HINTS] {
        let scene = Scene::with_checking();
        link(&scene, 1, "").await;
        break_items(&scene);
        assert_eq!(link(&scene, 2, hints).await.status(), 201);
        assert_eq!(lifecycles(&scene), [Lifecycle::Removed, Lifecycle::Linked]);
        assert_eq!(scene.live_items(), 1);
    }
}

#[tokio::test]
async fn a_replaced_item_that_plaid_does_not_remove_now_waits_to_be_removed() {
    let scene = Scene::with_checking();
    link(&scene, 1, "").await;
    break_items(&scene);
    scene.deps.plaid.fail("remove", no_answer(false));
    assert_eq!(link(&scene, 2, "").await.status(), 201);
    assert_eq!(lifecycles(&scene), [Lifecycle::Removing, Lifecycle::Linked]);
}

#[tokio::test]
async fn at_some_banks_the_newer_item_stays() {
    let scene = Scene::with_checking();
    scene.deps.plaid.world().institution = Some(Institution {
        institution_id: InstitutionId::new("ins_56"),
        name: Some("Chase".to_owned()),
    });
    link(&scene, 1, "").await;
    assert_eq!(link(&scene, 2, "").await.status(), 201);
    assert_eq!(lifecycles(&scene), [Lifecycle::Removed, Lifecycle::Linked]);
}

#[tokio::test]
async fn a_user_has_a_limited_number_of_items() {
    let scene = Scene::with_checking();
    scene.change(|records| {
        for number in 0..MAX_ITEMS {
            let item = linked_item("user-1", &format!("old-{number}"), vec![]);
            let key = (item.user_id.to_string(), item.item_id.to_string());
            records.items.insert(key, item);
        }
    });
    assert_problem(&link(&scene, 1, "").await, Code::TooManyItems);
    assert!(scene.calls().is_empty() && scene.step().is_none());
    scene.change(|records| {
        let first = records.items.values_mut().next().unwrap();
        first.lifecycle = Lifecycle::Removed;
    });
    assert_eq!(link(&scene, 1, "").await.status(), 201);
}

#[tokio::test]
async fn a_retry_is_no_duplicate_of_its_own_item() {
    let scene = Scene::with_checking();
    let first = link(&scene, 1, HINTS).await;
    let again = link(&scene, 1, HINTS).await;
    assert_eq!(again.status(), 201);
    assert_eq!(first.body(), again.body());
    assert_eq!(json(&again)["accounts"][0]["account_id"], CHECKING);
}
