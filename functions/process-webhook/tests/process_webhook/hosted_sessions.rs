//! Webhooks of sessions on Plaid's own page.

use jiff::SignedDuration;
use serde_json::json;
use shared::domain::{
    AccountHint, AccountId, Health, Hints, Institution, InstitutionId, ItemId, ItemStatus, LinkId,
    LinkSession, LinkStatus, LinkToken, Place, PublicToken, Purpose, UserId, token_hash,
};
use shared::ports::{AddedItem, LinkOutcome, LinkSessions, SealingKey, Vault};
use shared::test_util::MemoryVault;

use crate::{LINK_TOKEN, Scene, away};

/// A session on Plaid's own page.
async fn hosted(scene: &Scene, item_id: Option<&str>) -> LinkId {
    let (user_id, link_id) = (UserId::new("user-1"), LinkId::new("link"));
    let key = MemoryVault.data_key(Purpose::Link).await.unwrap();
    let place = Place::link_token(&user_id, &link_id);
    let session = LinkSession {
        link_token_hash: token_hash(LINK_TOKEN),
        link_token: key.seal(LINK_TOKEN, &place).unwrap(),
        item_id: item_id.map(ItemId::new),
        hosted: true,
        exit: None,
        refreshed_at: None,
        results: None,
        expires_at: scene.now() + SignedDuration::from_mins(30),
        created_at: scene.now(),
        user_id,
        link_id: link_id.clone(),
    };
    scene.deps.store.record_session(&session).await.unwrap();
    link_id
}

fn linked(finished: bool) -> LinkOutcome {
    let bank = Institution {
        institution_id: InstitutionId::new("ins_109508"),
        name: None,
    };
    LinkOutcome {
        finished,
        added: vec![AddedItem {
            public_token: PublicToken::new("public-sandbox-hosted"),
            hints: Hints {
                institution: Some(bank),
                accounts: vec![AccountHint {
                    account_id: AccountId::new("a"),
                    name: None,
                    mask: None,
                    verification_status: None,
                }],
                link_session_id: None,
            },
        }],
    }
}

fn tell(scene: &Scene, outcome: LinkOutcome) {
    let token = LinkToken::new(LINK_TOKEN);
    let mut world = scene.deps.plaid.world();
    world
        .link_outcomes
        .insert(token.expose().to_owned(), outcome);
}

fn session(scene: &Scene) -> LinkSession {
    scene.deps.store.records().sessions[0].clone()
}

#[tokio::test]
async fn a_hosted_session_is_exchanged_once_by_all_its_webhooks() {
    let mut scene = Scene::empty();
    hosted(&scene, None).await;
    tell(&scene, linked(false));
    scene.webhook("LINK", "ITEM_ADD_RESULT", json!({})).await;
    let results = session(&scene).results.unwrap();
    assert_eq!(results.item_ids, [ItemId::new("item-1")]);
    assert_eq!(session(&scene).status(scene.now()), LinkStatus::Open);
    tell(&scene, linked(true));
    scene.webhook("LINK", "SESSION_FINISHED", json!({})).await;
    assert_eq!(session(&scene).status(scene.now()), LinkStatus::Finished);
    assert_eq!(scene.deps.plaid.world().made, 1);
    assert!(scene.item().has_ready_account());
    assert_eq!(scene.waiting(86_400).await, 0);
}

#[tokio::test]
async fn a_hosted_session_that_cannot_be_read_now_waits() {
    let mut scene = Scene::empty();
    hosted(&scene, None).await;
    tell(&scene, linked(true));
    for call in ["link_token_get", "accounts"] {
        scene.deps.plaid.fail(call, away());
        scene
            .webhook("LINK", "SESSION_FINISHED", json!({ "call": call }))
            .await;
        assert!(scene.waiting(60).await > 0, "{call}");
    }
    scene
        .webhook("LINK", "SESSION_FINISHED", json!({ "last": true }))
        .await;
    assert_eq!(scene.waiting(86_400).await, 0);
    assert_eq!(scene.deps.plaid.world().made, 1);
}

#[tokio::test]
async fn a_hosted_session_says_why_a_bank_made_no_item() {
    let mut scene = Scene::with_item().await;
    hosted(&scene, None).await;
    tell(&scene, linked(true));
    scene.webhook("LINK", "SESSION_FINISHED", json!({})).await;
    let results = session(&scene).results.unwrap();
    assert_eq!(results.problem.as_deref(), Some("duplicate_item"));
}

#[tokio::test]
async fn a_hosted_update_mode_reads_its_item_again() {
    let mut scene = Scene::with_item().await;
    scene.change(|item| item.health = Health::LoginRequired);
    hosted(&scene, Some("item")).await;
    tell(
        &scene,
        LinkOutcome {
            finished: true,
            added: vec![],
        },
    );
    scene.webhook("LINK", "SESSION_FINISHED", json!({})).await;
    assert_eq!(scene.item().status(), ItemStatus::Active);
    assert!(session(&scene).refreshed_at.is_some());
}

#[tokio::test]
async fn a_session_that_nobody_started_waits_to_be_claimed() {
    let mut scene = Scene::empty();
    scene.webhook("LINK", "SESSION_FINISHED", json!({})).await;
    assert_eq!(scene.waiting(20).await, 1);
    assert!(scene.deps.plaid.world().calls.is_empty());
}
