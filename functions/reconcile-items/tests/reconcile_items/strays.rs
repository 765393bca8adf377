//! Items of which an exchange lost sight.

use std::time::Duration;

use jiff::SignedDuration;
use shared::domain::{
    Exchange, ExchangeKey, ExchangeStep, ItemId, OwnerToken, Place, Purpose, Stray, UserId,
};
use shared::ports::{SealingKey, Vault};
use shared::test_util::MemoryVault;

use crate::{ACCESS_TOKEN, Scene, done, failed, no_answer};

/// A stray of an exchange at this step.
async fn stray(scene: &Scene, step: ExchangeStep) -> Stray {
    let stray = sealed_stray(scene).await;
    let exchange = Exchange {
        step,
        key: stray.key.clone(),
        ..finished_exchange(scene)
    };
    let mut records = scene.deps.store.records();
    let key = (stray.key.as_str().to_owned(), stray.item_id.to_string());
    records.strays.insert(key, stray.clone());
    let key = exchange.key.as_str().to_owned();
    records.exchanges.insert(key, exchange);
    stray
}

async fn sealed_stray(scene: &Scene) -> Stray {
    let (key, item_id) = (ExchangeKey::stored("e"), ItemId::new("stray"));
    let place = Place::stray_access_token(&key, &item_id);
    let data_key = MemoryVault.data_key(Purpose::Access).await.unwrap();
    let mut world = scene.deps.plaid.world();
    world.items.insert(ACCESS_TOKEN.to_owned(), item_id.clone());
    Stray {
        access_token: data_key.seal(ACCESS_TOKEN, &place).unwrap(),
        due_at: scene.now(),
        key,
        item_id,
    }
}

fn finished_exchange(scene: &Scene) -> Exchange {
    Exchange {
        key: ExchangeKey::stored("e"),
        user_id: UserId::new("user-1"),
        owner: OwnerToken::random(),
        lease_until: scene.now() + SignedDuration::from_mins(1),
        step: ExchangeStep::Finished,
        attempt: 1,
        public_token: None,
        account_id: None,
        allow_duplicate: false,
        duplicate_of: None,
        item_id: None,
        access_token: None,
        answer: None,
        answer_until: None,
        created_at: scene.now(),
    }
}

#[tokio::test]
async fn a_stray_that_nobody_recorded_is_removed() {
    for step in [
        ExchangeStep::Finished,
        ExchangeStep::Lost,
        ExchangeStep::Removed,
    ] {
        let scene = Scene::new();
        stray(&scene, step).await;
        assert_eq!(scene.run().await, done(1));
        assert_eq!((scene.live_items(), scene.due().await), (0, 0));
        assert!(scene.deps.store.records().strays.is_empty());
    }
}

#[tokio::test]
async fn a_stray_that_turns_out_to_be_recorded_stays_at_plaid() {
    let scene = Scene::new();
    scene.has("stray", |item| item.due_at = None).await;
    stray(&scene, ExchangeStep::Finished).await;
    assert_eq!(scene.run().await, done(1));
    assert_eq!((scene.live_items(), scene.due().await), (1, 0));
    assert!(!scene.deps.plaid.world().calls.contains(&"remove"));
}

#[tokio::test]
async fn a_stray_waits_for_the_end_of_its_exchange() {
    let scene = Scene::new();
    stray(&scene, ExchangeStep::Claimed).await;
    assert_eq!(scene.run().await, failed(1));
    assert_eq!((scene.live_items(), scene.due().await), (1, 0));
}

#[tokio::test]
async fn an_envelope_from_the_log_becomes_a_stray_and_is_removed() {
    let scene = Scene::new();
    let stray = sealed_stray(&scene).await;
    let sealed = hex::encode(stray.access_token.as_bytes());
    let event =
        format!(r#"{{"envelope": {{"exchange": "e", "item_id": "stray", "sealed": "{sealed}"}}}}"#);
    scene.deps.plaid.fail("remove", no_answer());
    let report = scene.run_with(&event, Duration::from_mins(1)).await;
    assert_eq!(report, failed(1));
    assert_eq!(scene.live_items(), 1);
    scene.deps.clock.advance_seconds(60);
    assert_eq!(scene.run().await, done(1));
    assert_eq!(scene.live_items(), 0);
}
