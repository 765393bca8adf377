//! `DELETE /v1/items/{item_id}` and the erasure of a user over in-memory ports.

#![cfg(test)]

mod at_astra;
mod scene;

use jiff::SignedDuration;
use shared::domain::{Cause, ExchangeStep, ItemStatus, Lifecycle, PlaidFailure, UserId};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, json};

use scene::{EVENT, Scene, assert_problem};

const ERASE: &str = include_str!("../../../../events/remove-item-server.json");

#[tokio::test]
async fn a_removed_item_is_gone_at_plaid_and_its_tokens_are_erased_here() {
    let scene = Scene::new().await;
    let response = scene.remove().await;
    assert_eq!(response.status(), 204);
    assert!(response.body().is_empty());
    let item = scene.item();
    assert_eq!(
        (scene.live_items(), item.lifecycle),
        (0, Lifecycle::Removed)
    );
    assert_eq!((item.access_token, item.due_at), (None, None));
    assert_eq!(item.accounts[0].processor_token, None);
    let exchange = scene.exchange();
    assert_eq!(
        (exchange.step, exchange.answer),
        (ExchangeStep::Removed, None)
    );
    let changes = scene.deps.store.records().changes.clone();
    let after: Vec<_> = changes.iter().map(|change| change.after).collect();
    assert_eq!(
        after,
        [Some(ItemStatus::Removing), Some(ItemStatus::Removed)]
    );
    assert!(changes.iter().all(|change| change.cause == Cause::Removal));
}

#[tokio::test]
async fn removing_again_is_no_error_and_asks_nobody() {
    let scene = Scene::new().await;
    scene.remove().await;
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!(scene.deps.plaid.world().calls, ["remove"]);
}

#[tokio::test]
async fn while_plaid_is_away_the_wish_is_kept() {
    let scene = Scene::new().await;
    let failure = PlaidFailure::NoAnswer {
        reason: "the test took it away",
        maybe_applied: true,
    };
    scene.deps.plaid.fail("remove", failure);
    let response = scene.remove().await;
    assert_eq!(response.status(), 202);
    assert_eq!(json(&response)["status"], "removing");
    let item = scene.item();
    let soon = scene.deps.clock.now() + SignedDuration::from_mins(2);
    assert_eq!(
        (item.lifecycle, item.due_at),
        (Lifecycle::Removing, Some(soon))
    );
    assert_eq!(
        scene.exchange().answer,
        None,
        "no replay gives its token out"
    );
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!(scene.live_items(), 0);
}

#[tokio::test]
async fn without_the_table_nothing_is_removed() {
    let scene = Scene::new().await;
    scene.deps.store.go_down(1, 1);
    assert_problem(&scene.remove().await, Code::StorageUnavailable);
    assert_eq!(scene.live_items(), 1);
    assert!(scene.deps.plaid.world().calls.is_empty());
}

#[tokio::test]
async fn an_item_that_could_not_be_recorded_as_removed_is_taken_up_again() {
    let scene = Scene::new().await;
    scene.deps.store.go_down(3, 1);
    assert_eq!(scene.remove().await.status(), 202);
    assert_eq!(
        (scene.live_items(), scene.item().lifecycle),
        (0, Lifecycle::Removing)
    );
    assert_eq!(scene.remove().await.status(), 204);
}

#[tokio::test]
async fn an_item_that_is_being_linked_is_removed_afterwards() {
    let scene = Scene::new().await;
    scene.lifecycle(Lifecycle::Linking);
    let response = scene.remove().await;
    assert_problem(&response, Code::ItemLinking);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn somebody_elses_item_is_not_found() {
    let scene = Scene::new().await;
    let other = Event::read(EVENT).set("/requestContext/authorizer/jwt/claims/sub", "user-2");
    assert_problem(&scene.send(other).await, Code::NotFound);
    assert_problem(
        &scene.send(Event::read(EVENT).anonymous()).await,
        Code::Unauthenticated,
    );
    assert_eq!(scene.live_items(), 1);
}

#[tokio::test]
async fn the_erasure_of_a_user_is_a_wish_that_is_kept_once() {
    let scene = Scene::new().await;
    assert_eq!(scene.send(Event::read(ERASE)).await.status(), 202);
    let since = scene.deps.clock.now();
    scene.deps.clock.advance_seconds(60);
    assert_eq!(scene.send(Event::read(ERASE)).await.status(), 202);
    let records = scene.deps.store.records();
    assert_eq!(records.erasures.len(), 1);
    assert_eq!(records.erasures.values().next(), Some(&since));
    assert_ne!(records.erasures.keys().next(), Some(&UserId::new("")));
}
