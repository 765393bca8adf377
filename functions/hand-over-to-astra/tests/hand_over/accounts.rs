//! Which accounts are handed over, and which are not.

use shared::domain::{AstraStatus, Health, Item, Lifecycle};
use shared::test_util::{Log, astra_refusal};

use crate::scene::{ITEM, Scene, away, token};

#[tokio::test]
async fn a_ready_account_is_handed_over_once() {
    let scene = Scene::ready().await;
    scene.tell(Some(ITEM)).await;
    let [made] = scene.live().try_into().unwrap();
    assert_eq!(made.processor_token, token(ITEM, "a", 1));
    assert_eq!(made.institution_id.unwrap().as_str(), "ins_109508");
    assert_eq!(scene.id(ITEM, "a"), Some(made.account_id.clone()));
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Linked));
    assert_eq!(scene.events(), ["astra.account_linked"]);
    assert_eq!(scene.told("new").as_deref(), Some(made.account_id.as_str()));
    assert_eq!(
        (scene.told("account_id").as_deref(), scene.told("old")),
        (Some("a"), None)
    );
    let calls = scene.deps.astra.world().calls.clone();
    scene.tell(Some(ITEM)).await;
    scene.tell(None).await;
    assert_eq!(
        scene.deps.astra.world().calls,
        calls,
        "nobody is asked again"
    );
    assert!(scene.deps.store.records().leases.is_empty());
}

#[tokio::test]
async fn an_item_without_a_bank_is_handed_over_without_one() {
    let scene = Scene::ready().await;
    scene.change(ITEM, |item| item.institution = None);
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.live()[0].institution_id, None);
}

#[tokio::test]
async fn nothing_is_sent_for_a_user_who_is_not_connected() {
    let scene = Scene::new();
    scene.has(ITEM, &["a"]).await;
    scene.tell(Some(ITEM)).await;
    scene.tell(None).await;
    assert!(scene.deps.astra.world().calls.is_empty());
    assert_eq!(scene.status(ITEM, "a"), None);
}

#[tokio::test]
async fn a_user_who_connects_later_brings_every_item() {
    let scene = Scene::new();
    for number in 0..30 {
        scene.has(&format!("item-{number:02}"), &["a", "b"]).await;
    }
    scene.connect("ada").await;
    scene.tell(None).await;
    assert_eq!(scene.live().len(), 60);
    assert_eq!(scene.asked("hand_over"), 60);
    assert_eq!(scene.events(), ["astra.account_linked"; 60]);
}

#[tokio::test]
async fn an_event_of_an_item_is_about_this_item_alone() {
    let scene = Scene::ready().await;
    scene.has("item-2", &["b"]).await;
    scene.tell(Some("item-2")).await;
    assert_eq!((scene.status(ITEM, "a"), scene.live().len()), (None, 1));
    scene.tell(Some("item-3")).await;
    assert_eq!(scene.live().len(), 1);
}

type Change = fn(&mut Item);

#[tokio::test]
async fn what_does_not_work_or_is_for_others_is_not_sent() {
    let changes: [(&str, Change); 7] = [
        ("no token", |item| item.accounts[0].processor_token = None),
        ("revoked", |item| item.accounts[0].revoked = true),
        ("to be replaced", |item| item.accounts[0].renew = true),
        ("login required", |item| item.health = Health::LoginRequired),
        ("bank revoked", |item| item.health = Health::Revoked),
        ("another processor", |item| {
            item.processor = "dwolla".parse().unwrap();
        }),
        ("going", |item| item.lifecycle = Lifecycle::Removing),
    ];
    for (what, change) in changes {
        let scene = Scene::ready().await;
        scene.change(ITEM, change);
        scene.tell(Some(ITEM)).await;
        assert!(scene.deps.astra.world().calls.is_empty(), "{what}");
        assert_eq!(scene.status(ITEM, "a"), None, "{what}");
    }
}

#[tokio::test]
async fn astras_no_is_recorded_with_its_reason_and_not_asked_for_again() {
    let scene = Scene::ready().await;
    scene
        .deps
        .astra
        .fail("hand_over", astra_refusal(400, "no such bank"));
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Refused));
    let at_astra = scene.account(ITEM, "a").at_astra.unwrap();
    assert_eq!(
        (at_astra.reason(), at_astra.has_accounts()),
        (Some("no such bank"), false)
    );
    assert_eq!(scene.events(), ["astra.account_refused"]);
    assert_eq!(scene.told("reason").as_deref(), Some("no such bank"));
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.asked("hand_over"), 1);
    assert!(scene.live().is_empty() && scene.taken_up_in().is_none());
    scene.renew(ITEM, "a").await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Linked));
    assert_eq!(
        scene.events(),
        ["astra.account_refused", "astra.account_linked"]
    );
}

#[tokio::test]
async fn one_accounts_refusal_is_not_anothers() {
    let scene = Scene::ready().await;
    scene.has("item-2", &["b"]).await;
    let dead = token(ITEM, "a", 1);
    scene.deps.astra.world().dead_processor_tokens.insert(dead);
    scene.tell(None).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Refused));
    assert_eq!(scene.status("item-2", "b"), Some(AstraStatus::Linked));
}

#[tokio::test]
async fn what_passes_by_itself_is_taken_up_later() {
    let troubles = [
        astra_refusal(429, "slow down"),
        astra_refusal(503, ""),
        away(false),
    ];
    for failure in troubles {
        for call in ["astra_accounts", "hand_over"] {
            let scene = Scene::ready().await;
            scene.deps.astra.fail(call, failure.clone());
            scene.tell(Some(ITEM)).await;
            assert_eq!(scene.taken_up_in(), Some(120), "{call} {failure}");
            assert!(scene.live().is_empty() && scene.events().is_empty());
            scene.tell(Some(ITEM)).await;
            assert_eq!(
                scene.status(ITEM, "a"),
                Some(AstraStatus::Linked),
                "{call} {failure}"
            );
            assert_eq!(scene.live().len(), 1);
        }
    }
}

#[tokio::test]
async fn an_event_that_nobody_could_keep_is_delivered_again() {
    let scene = Scene::ready().await;
    scene.deps.store.go_down(0, 9);
    assert!(scene.try_to_tell(Some(ITEM)).await.is_err());
    scene.deps.store.go_down(0, 0);
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.live().len(), 1);
}

#[tokio::test]
async fn no_token_is_logged() {
    let (log, _guard) = Log::listen();
    let scene = Scene::at_astra().await;
    scene.renew(ITEM, "a").await;
    scene
        .deps
        .astra
        .fail("hand_over", astra_refusal(401, "over"));
    scene.deps.astra.fail("refresh", away(true));
    scene.tell(Some(ITEM)).await;
    scene.tell(Some(ITEM)).await;
    let log = log.text();
    assert!(
        log.contains("an account is at Astra"),
        "something is logged"
    );
    assert!(!log.contains("canary"), "{log}");
}
