//! Answers that were lost, and accounts that Astra has already.

use shared::domain::{AstraStatus, Lifecycle};
use shared::test_util::AccountRepeat;

use crate::scene::{ITEM, Scene, away, token};

#[tokio::test]
async fn an_account_whose_answer_was_lost_is_found() {
    for repeat in [AccountRepeat::Refuse, AccountRepeat::SecondAccount] {
        let scene = Scene::ready().await;
        scene.deps.astra.world().repeat = repeat;
        scene.deps.astra.fail("hand_over", away(true));
        scene.tell(Some(ITEM)).await;
        assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Waiting));
        let made = scene.appears(&token(ITEM, "a", 1)).await;
        scene.leases_end();
        scene.tell(Some(ITEM)).await;
        assert_eq!(scene.id(ITEM, "a"), Some(made));
        assert_eq!(
            (scene.live().len(), scene.events()),
            (1, vec!["astra.account_linked"])
        );
    }
}

/// What was sent may still be on its way.
#[tokio::test]
async fn nobody_sends_again_as_long_as_the_first_may_arrive() {
    let scene = Scene::ready().await;
    scene.deps.astra.world().repeat = AccountRepeat::SecondAccount;
    scene.deps.astra.fail("hand_over", away(true));
    scene.tell(Some(ITEM)).await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        (scene.asked("hand_over"), scene.taken_up_in()),
        (1, Some(120))
    );
    let made = scene.appears(&token(ITEM, "a", 1)).await;
    scene.leases_end();
    scene.tell(Some(ITEM)).await;
    assert_eq!((scene.id(ITEM, "a"), scene.live().len()), (Some(made), 1));
}

#[tokio::test]
async fn what_never_arrived_is_sent_again() {
    let scene = Scene::ready().await;
    scene.deps.astra.fail("hand_over", away(true));
    scene.tell(Some(ITEM)).await;
    scene.leases_end();
    scene.tell(Some(ITEM)).await;
    assert_eq!((scene.asked("hand_over"), scene.live().len()), (2, 1));
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Linked));
}

#[tokio::test]
async fn an_account_of_another_item_is_not_taken_for_the_lost_one() {
    let scene = Scene::ready().await;
    scene.has("item-2", &["b"]).await;
    scene.deps.astra.fail("hand_over", away(true));
    scene.tell(Some(ITEM)).await;
    scene.leases_end();
    scene.tell(Some("item-2")).await;
    scene.tell(Some(ITEM)).await;
    assert_ne!(scene.id(ITEM, "a"), scene.id("item-2", "b"));
    assert_eq!(scene.live().len(), 2);
}

/// Two functions died one after the other, before anybody looked.
#[tokio::test]
async fn of_two_lost_answers_each_is_found_for_its_own_account() {
    for first_arrives in [true, false] {
        let scene = Scene::ready().await;
        scene.has("item-2", &["b"]).await;
        scene.deps.astra.fail("hand_over", away(true));
        scene.tell(Some(ITEM)).await;
        if first_arrives {
            scene.appears(&token(ITEM, "a", 1)).await;
        }
        scene.leases_end();
        scene.deps.astra.fail("hand_over", away(true));
        scene.tell(Some("item-2")).await;
        scene.appears(&token("item-2", "b", 1)).await;
        scene.leases_end();
        for item_id in [ITEM, "item-2"] {
            scene.tell(Some(item_id)).await;
        }
        let made = |token: String| {
            let mut live = scene.live().into_iter();
            let made = live.find(|made| made.processor_token == token);
            made.map(|made| made.account_id)
        };
        assert_eq!(scene.id(ITEM, "a"), made(token(ITEM, "a", 1)));
        assert_eq!(scene.id("item-2", "b"), made(token("item-2", "b", 1)));
        assert_eq!(scene.live().len(), 2);
    }
}

/// What became of a hand-over of an Item that is being removed, its removal finds out.
#[tokio::test]
async fn nothing_is_sent_as_long_as_a_removal_has_to_find_something_out() {
    let scene = Scene::ready().await;
    scene.has("item-2", &["b"]).await;
    scene.deps.astra.fail("hand_over", away(true));
    scene.tell(Some(ITEM)).await;
    scene.leases_end();
    scene.change(ITEM, |item| item.lifecycle = Lifecycle::Removing);
    scene.tell(Some("item-2")).await;
    assert_eq!(
        (scene.asked("hand_over"), scene.taken_up_in()),
        (1, Some(120))
    );
    scene.change(ITEM, |item| *item = item.removed());
    scene.tell(Some("item-2")).await;
    assert_eq!(scene.status("item-2", "b"), Some(AstraStatus::Linked));
}

#[tokio::test]
async fn of_several_new_accounts_nobody_knows_which_it_is() {
    let scene = Scene::ready().await;
    scene.deps.astra.fail("hand_over", away(true));
    scene.tell(Some(ITEM)).await;
    scene.appears("token-of-somebody").await;
    scene.appears(&token(ITEM, "a", 1)).await;
    scene.leases_end();
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Unclear));
    assert_eq!(scene.events(), ["astra.account_unclear"]);
    let calls = scene.deps.astra.world().calls.clone();
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        scene.deps.astra.world().calls,
        calls,
        "a person has to look"
    );
}

#[tokio::test]
async fn an_account_that_is_not_ours_stays_where_it_is() {
    let scene = Scene::ready().await;
    scene.same_bank_account(&["token-of-somebody".to_owned(), token(ITEM, "a", 1)]);
    let strangers = scene.appears("token-of-somebody").await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Refused));
    assert_eq!(
        scene.told("reason").as_deref(),
        Some("Account Already Exists")
    );
    let [left] = scene.live().try_into().unwrap();
    assert_eq!(left.account_id, strangers);
    assert_eq!(scene.asked("delete_astra_account"), 0);
}

/// The same bank was linked again, and the Item before is on its way out.
#[tokio::test]
async fn an_account_waits_for_that_of_the_item_that_it_replaces() {
    let scene = Scene::at_astra().await;
    let old = scene.id(ITEM, "a").unwrap();
    scene.has("item-2", &["b"]).await;
    scene.same_bank_account(&[token(ITEM, "a", 1), token("item-2", "b", 1)]);
    scene.change(ITEM, |item| item.lifecycle = Lifecycle::Removing);
    scene.tell(Some("item-2")).await;
    assert_eq!(scene.status("item-2", "b"), Some(AstraStatus::Waiting));
    assert_eq!(scene.taken_up_in(), Some(120));
    assert_eq!(
        scene.events(),
        ["astra.account_linked"],
        "nothing is refused"
    );
    scene.deps.astra.world().account_mut(&old).unwrap().deleted = true;
    scene.change(ITEM, |item| {
        item.accounts[0].leave_astra(&old);
        *item = item.removed();
    });
    scene.tell(Some("item-2")).await;
    assert_eq!(scene.status("item-2", "b"), Some(AstraStatus::Linked));
    assert_eq!(scene.live().len(), 1);
}

#[tokio::test]
async fn an_account_of_an_item_that_stays_is_in_the_way_for_good() {
    let scene = Scene::at_astra().await;
    scene.has("item-2", &["b"]).await;
    scene.same_bank_account(&[token(ITEM, "a", 1), token("item-2", "b", 1)]);
    scene.tell(Some("item-2")).await;
    assert_eq!(scene.status("item-2", "b"), Some(AstraStatus::Refused));
    assert_eq!(scene.live().len(), 1);
}

#[tokio::test]
async fn another_user_of_astras_gets_what_the_first_one_had() {
    let scene = Scene::at_astra().await;
    scene.connect("bob").await;
    scene.tell(None).await;
    let users: Vec<_> = scene
        .live()
        .into_iter()
        .map(|made| made.user_id.to_string())
        .collect();
    assert_eq!(users, ["ada", "bob"], "the first one's is out of our reach");
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Linked));
}
