//! New tokens, and permissions that were taken back.

use std::slice;

use shared::domain::{AstraStatus, HandOver, Health};
use shared::test_util::AccountRepeat;

use crate::scene::{ITEM, Scene, away, token};

#[tokio::test]
async fn a_new_token_makes_a_new_account_in_place_of_the_old() {
    for one_bank_account in [false, true] {
        let scene = Scene::at_astra().await;
        let old = scene.id(ITEM, "a").unwrap();
        if one_bank_account {
            // Astra wants the old one gone first.
            scene.same_bank_account(&[token(ITEM, "a", 1), token(ITEM, "a", 2)]);
        }
        scene.renew(ITEM, "a").await;
        scene.tell(Some(ITEM)).await;
        let [made] = scene.live().try_into().unwrap();
        assert_eq!(made.processor_token, token(ITEM, "a", 2));
        let at_astra = scene.account(ITEM, "a").at_astra.unwrap();
        assert_eq!(at_astra.all_accounts(), slice::from_ref(&made.account_id));
        assert_eq!(
            scene.events(),
            ["astra.account_linked", "astra.account_replaced"]
        );
        assert_eq!(scene.told("old").as_deref(), Some(old.as_str()));
        assert_eq!(scene.told("new").as_deref(), Some(made.account_id.as_str()));
        assert!(scene.deps.store.records().leases.is_empty());
    }
}

#[tokio::test]
async fn an_old_account_that_astra_keeps_is_remembered_and_left_in_peace() {
    let scene = Scene::at_astra().await;
    let old = scene.id(ITEM, "a").unwrap();
    scene
        .deps
        .astra
        .world()
        .account_mut(&old)
        .unwrap()
        .active_routines = 1;
    scene.renew(ITEM, "a").await;
    scene.tell(Some(ITEM)).await;
    let at_astra = scene.account(ITEM, "a").at_astra.unwrap();
    assert_eq!(
        (at_astra.hand_over.clone(), at_astra.stuck.clone()),
        (HandOver::Done, vec![old])
    );
    assert_eq!(scene.live().len(), 2);
    let asked = scene.asked("delete_astra_account");
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.asked("delete_astra_account"), asked);
}

#[tokio::test]
async fn an_old_account_that_astra_keeps_may_be_in_the_way() {
    let scene = Scene::at_astra().await;
    let old = scene.id(ITEM, "a").unwrap();
    scene.same_bank_account(&[token(ITEM, "a", 1), token(ITEM, "a", 2)]);
    scene
        .deps
        .astra
        .world()
        .account_mut(&old)
        .unwrap()
        .active_routines = 1;
    scene.renew(ITEM, "a").await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Refused));
    assert_eq!(scene.id(ITEM, "a"), Some(old), "it is still there");
    assert_eq!(
        scene.told("reason").as_deref(),
        Some("the account has active routines")
    );
}

#[tokio::test]
async fn a_replacement_that_stopped_half_way_goes_on() {
    for call in ["astra_accounts", "hand_over", "delete_astra_account"] {
        for one_bank_account in [false, true] {
            let scene = Scene::at_astra().await;
            if one_bank_account {
                scene.same_bank_account(&[token(ITEM, "a", 1), token(ITEM, "a", 2)]);
            }
            scene.renew(ITEM, "a").await;
            scene.deps.astra.fail(call, away(false));
            scene.tell(Some(ITEM)).await;
            scene.tell(Some(ITEM)).await;
            let [made] = scene.live().try_into().unwrap();
            assert_eq!(scene.id(ITEM, "a"), Some(made.account_id), "{call}");
            assert_eq!(made.processor_token, token(ITEM, "a", 2), "{call}");
        }
    }
}

#[tokio::test]
async fn a_permission_that_was_taken_back_takes_the_account_off_astra() {
    for of_the_bank in [false, true] {
        let scene = Scene::at_astra().await;
        let old = scene.id(ITEM, "a").unwrap();
        scene.change(ITEM, |item| {
            if of_the_bank {
                item.health = Health::Revoked;
            } else {
                item.accounts[0].revoked = true;
            }
        });
        scene.tell(Some(ITEM)).await;
        assert!(scene.live().is_empty());
        assert_eq!(scene.status(ITEM, "a"), None);
        assert_eq!(
            scene.events(),
            ["astra.account_linked", "astra.account_removed"]
        );
        assert_eq!(scene.told("old").as_deref(), Some(old.as_str()));
    }
}

#[tokio::test]
async fn a_permission_that_comes_back_brings_the_account_back() {
    let scene = Scene::at_astra().await;
    scene.change(ITEM, |item| item.accounts[0].revoked = true);
    scene.tell(Some(ITEM)).await;
    scene.change(ITEM, |item| item.accounts[0].revoked = false);
    scene.renew(ITEM, "a").await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.live().len(), 1);
    assert_eq!(scene.events().last(), Some(&"astra.account_linked"));
}

#[tokio::test]
async fn a_revoked_account_that_astra_keeps_is_told_of_once() {
    let scene = Scene::at_astra().await;
    let id = scene.id(ITEM, "a").unwrap();
    scene
        .deps
        .astra
        .world()
        .account_mut(&id)
        .unwrap()
        .active_routines = 1;
    scene.change(ITEM, |item| item.accounts[0].revoked = true);
    scene.tell(Some(ITEM)).await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        scene.events(),
        ["astra.account_linked", "astra.account_refused"]
    );
    assert_eq!(scene.asked("delete_astra_account"), 1);
    assert_eq!(scene.account(ITEM, "a").at_astra.unwrap().stuck, [id]);
}

#[tokio::test]
async fn a_token_that_was_not_sent_because_the_login_broke_is_sent_when_it_works() {
    let scene = Scene::at_astra().await;
    scene.deps.astra.world().repeat = AccountRepeat::SecondAccount;
    scene.renew(ITEM, "a").await;
    scene.deps.astra.fail("hand_over", away(false));
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Waiting));
    scene.change(ITEM, |item| item.health = Health::LoginRequired);
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        scene.status(ITEM, "a"),
        Some(AstraStatus::Linked),
        "the old one is there"
    );
    scene.change(ITEM, |item| item.health = Health::Good);
    scene.tell(Some(ITEM)).await;
    let [made] = scene.live().try_into().unwrap();
    assert_eq!(made.processor_token, token(ITEM, "a", 2));
}
