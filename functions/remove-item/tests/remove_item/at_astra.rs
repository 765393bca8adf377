//! The removal of an Item whose accounts are at Astra.

use std::time::Duration;

use jiff::SignedDuration;
use lambda_http::{Body, Response};
use shared::domain::{
    Account, AccountId, AstraAccountId, AstraFailure, AstraStatus, AstraUserId, AtAstra, Deadline,
    Lifecycle, UserId,
};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, FakeAstra, account, astra_connection, give_processor_token, json};
use shared::use_cases::astra::Desk;

use crate::scene::{EVENT, Scene, assert_problem};

const URI: &str = "https://app.example/astra";

impl Scene {
    /// With two accounts of the Item at Astra.
    async fn at_astra() -> Self {
        let mut scene = Self::new().await;
        let now = scene.deps.clock.now();
        let astra = FakeAstra::new(&scene.deps.clock);
        let tokens = astra.connect("ada", URI);
        let connection = astra_connection("user-1", "ada", URI, &tokens, now).await;
        scene.deps.astra = Some(astra);
        let mut item = scene.item();
        item.accounts
            .push(Account::new(account("b", "savings", None)));
        for (id, token) in [("a", "processor-canary-a"), ("b", "processor-canary-b")] {
            give_processor_token(&mut item, id, token).await;
        }
        {
            let mut records = scene.deps.store.records();
            records
                .connections
                .insert(UserId::new("user-1"), connection);
            let key = (item.user_id.to_string(), item.item_id.to_string());
            records.items.insert(key, item);
        }
        scene.bring().await;
        assert_eq!(scene.live_accounts(), 2);
        scene
    }

    fn astra(&self) -> &FakeAstra {
        self.deps.astra.as_ref().unwrap()
    }

    /// As the function that hands over does.
    async fn bring(&self) {
        let desk = Desk {
            astra: self.astra(),
            store: &self.deps.store,
            vault: &self.deps.vault,
            clock: &self.deps.clock,
        };
        let time = Duration::from_secs(25);
        let deadline = Deadline::after(self.deps.clock.now(), time);
        let user_id = UserId::new("user-1");
        let brought = desk.bring_user(&user_id, deadline);
        brought.await.unwrap();
    }

    fn live_accounts(&self) -> usize {
        self.astra().world().live_accounts().count()
    }

    fn account_at_astra(&self, account_id: &str) -> Option<AstraAccountId> {
        let item = self.item();
        let account = item.account(&AccountId::new(account_id)).unwrap();
        account.at_astra.as_ref()?.astra_account_id.clone()
    }

    fn statuses(&self) -> Vec<Option<AstraStatus>> {
        let item = self.item();
        let accounts = item.accounts.iter();
        accounts
            .map(|account| account.at_astra.as_ref().map(AtAstra::status))
            .collect()
    }

    fn has_routines(&self, account_id: &str) {
        let id = self.account_at_astra(account_id).unwrap();
        let mut world = self.astra().world();
        world.account_mut(&id).unwrap().active_routines = 1;
    }

    async fn remove_with(&self, force: &str) -> Response<Body> {
        let event = Event::read(EVENT)
            .set("/rawQueryString", format!("force={force}"))
            .set(
                "/queryStringParameters",
                serde_json::json!({ "force": force }),
            );
        self.send(event).await
    }

    fn go_away(&self, calls: &[&'static str]) {
        for call in calls {
            let failure = AstraFailure::NoAnswer {
                reason: "the test took it away",
                maybe_applied: false,
            };
            self.astra().fail(call, failure);
        }
    }
}

#[tokio::test]
async fn accounts_leave_astra_before_their_item_leaves_plaid() {
    let scene = Scene::at_astra().await;
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!((scene.live_accounts(), scene.live_items()), (0, 0));
    let item = scene.item();
    assert_eq!(item.lifecycle, Lifecycle::Removed);
    assert!(
        item.accounts
            .iter()
            .all(|account| account.at_astra.is_none())
    );
}

#[tokio::test]
async fn astras_no_is_told_and_everything_stays() {
    let scene = Scene::at_astra().await;
    scene.has_routines("b");
    let response = scene.remove().await;
    assert_problem(&response, Code::AstraKeepsAccount);
    let detail = json(&response)["detail"].to_string();
    assert!(
        detail.contains("active routines") && detail.contains("?force=true"),
        "{detail}"
    );
    assert_eq!(
        (scene.live_items(), scene.item().lifecycle),
        (1, Lifecycle::Linked)
    );
    let (leaving, linked) = (Some(AstraStatus::Leaving), Some(AstraStatus::Linked));
    assert_eq!(scene.statuses(), [leaving, linked]);
    scene.bring().await;
    assert_eq!(scene.statuses(), [linked, linked]);
    assert_eq!(scene.live_accounts(), 2, "what left before is back");
    assert!(scene.deps.plaid.world().calls.is_empty());
}

#[tokio::test]
async fn what_astra_keeps_of_an_item_that_must_go_is_remembered() {
    let scene = Scene::at_astra().await;
    scene.has_routines("b");
    let kept = scene.account_at_astra("b").unwrap();
    assert_eq!(scene.remove_with("true").await.status(), 204);
    let item = scene.item();
    assert_eq!(
        (scene.live_items(), item.lifecycle),
        (0, Lifecycle::Removed)
    );
    let left: Vec<_> = item
        .accounts
        .iter()
        .filter_map(|account| account.at_astra.as_ref())
        .flat_map(AtAstra::all_accounts)
        .collect();
    assert_eq!(left, [kept]);
    assert_eq!(scene.live_accounts(), 1);
}

#[tokio::test]
async fn without_a_connection_only_force_goes_on() {
    let scene = Scene::at_astra().await;
    scene.deps.store.records().connections.clear();
    assert_problem(&scene.remove().await, Code::AstraNotConnected);
    assert_eq!((scene.live_items(), scene.live_accounts()), (1, 2));
    assert_eq!(scene.statuses(), [Some(AstraStatus::Linked); 2]);
    assert_eq!(scene.remove_with("true").await.status(), 204);
    assert_eq!((scene.live_items(), scene.live_accounts()), (0, 2));
}

#[tokio::test]
async fn a_connection_that_astra_refuses_is_none() {
    let scene = Scene::at_astra().await;
    scene.astra().world().revoke(&AstraUserId::new("ada"));
    assert_problem(&scene.remove().await, Code::AstraNotConnected);
    assert_eq!(scene.live_items(), 1);
}

#[tokio::test]
async fn while_astra_is_away_nothing_is_removed() {
    let scene = Scene::at_astra().await;
    scene.go_away(&["delete_astra_account"]);
    let response = scene.remove().await;
    assert_problem(&response, Code::AstraUnavailable);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!((scene.live_items(), scene.live_accounts()), (1, 2));
    assert_eq!(scene.item().lifecycle, Lifecycle::Linked);
    assert!(scene.deps.plaid.world().calls.is_empty());
    let soon = scene.deps.clock.now() + SignedDuration::from_mins(2);
    assert_eq!(scene.item().due_at, Some(soon), "somebody looks into it");
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!((scene.live_items(), scene.live_accounts()), (0, 0));
}

#[tokio::test]
async fn force_does_not_wait_for_astra() {
    let scene = Scene::at_astra().await;
    scene.go_away(&["delete_astra_account"]);
    assert_eq!(scene.remove_with("true").await.status(), 204);
    assert_eq!((scene.live_items(), scene.live_accounts()), (0, 2));
    let item = scene.item();
    assert!(
        item.accounts
            .iter()
            .all(|account| account.at_astra.is_some())
    );
}

#[tokio::test]
async fn force_is_true_or_false() {
    let scene = Scene::at_astra().await;
    let response = scene.remove_with("maybe").await;
    assert_problem(&response, Code::InvalidParameter);
    assert_eq!(json(&response)["field"], "force", "{}", json(&response));
    assert_eq!((scene.live_items(), scene.live_accounts()), (1, 2));
    assert_eq!(scene.remove_with("false").await.status(), 204);
}

#[tokio::test]
async fn a_hand_over_that_nobody_saw_end_is_found_and_taken_off() {
    let scene = Scene::at_astra().await;
    let known = scene.account_at_astra("b").into_iter().collect();
    let lost = scene.account_at_astra("a").unwrap();
    {
        let mut records = scene.deps.store.records();
        let item = records.items.values_mut().next().unwrap();
        let ada = AstraUserId::new("ada");
        item.accounts[0].at_astra = None;
        item.accounts[0].send_to_astra(&ada, known);
    }
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!(
        (scene.live_items(), scene.live_accounts()),
        (0, 0),
        "{lost}"
    );
}

/// What is new to us at the present user of Astra's is not what was sent for another one.
#[tokio::test]
async fn what_was_sent_for_another_user_of_astras_is_not_looked_for() {
    let scene = Scene::at_astra().await;
    {
        let mut records = scene.deps.store.records();
        let item = records.items.values_mut().next().unwrap();
        item.accounts[0].at_astra = None;
        item.accounts[0].send_to_astra(&AstraUserId::new("bob"), Vec::new());
    }
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!((scene.live_items(), scene.live_accounts()), (0, 1));
}

#[tokio::test]
async fn an_item_that_never_was_at_astra_asks_nobody_there() {
    let mut scene = Scene::new().await;
    scene.deps.astra = Some(FakeAstra::new(&scene.deps.clock));
    assert_eq!(scene.remove().await.status(), 204);
    assert!(scene.astra().world().calls.is_empty());
}

#[tokio::test]
async fn where_astra_is_switched_off_its_accounts_do_not_hold_an_item() {
    let mut scene = Scene::at_astra().await;
    let astra = scene.deps.astra.take().unwrap();
    assert_eq!(scene.remove().await.status(), 204);
    assert_eq!(scene.live_items(), 0);
    assert_eq!(astra.world().live_accounts().count(), 2);
}

#[tokio::test]
async fn force_takes_off_whatever_astra_lets_go() {
    let scene = Scene::at_astra().await;
    assert_eq!(scene.remove_with("true").await.status(), 204);
    assert_eq!((scene.live_items(), scene.live_accounts()), (0, 0));
    let item = scene.item();
    assert!(
        item.accounts
            .iter()
            .all(|account| account.at_astra.is_none())
    );
}
