//! `POST /v1/items/{item_id}/refresh` over in-memory ports.

#![cfg(test)]

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Response};
use refresh_item::{Deps, handler};
use shared::domain::{
    Cause, Health, Institution, InstitutionId, Item, ItemStatus, Lifecycle, LinkExit, LinkId,
    LinkSession, Notice, NoticeCode, PlaidAccount, Sealed, Sha256,
};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{
    Event, FixedClock, MemoryPlaid, MemoryStore, MemoryVault, account, json, linked_item, refusal,
    with_access_token,
};

const EVENT: &str = include_str!("../../../events/refresh-item.json");
const NOW: i64 = 1_795_348_800;
const ACCESS_TOKEN: &str = "access-sandbox-canary-1";

/// An Item that was linked before.
struct Scene {
    deps: Deps<MemoryPlaid, MemoryStore, MemoryVault, FixedClock>,
    item: Item,
}

impl Scene {
    async fn with(accounts: Vec<PlaidAccount>) -> Self {
        let event: serde_json::Value = serde_json::from_str(EVENT).unwrap();
        let item_id = event["pathParameters"]["item_id"].as_str().unwrap();
        let item = linked_item("user-1", item_id, accounts.clone());
        let item = with_access_token(item, ACCESS_TOKEN).await;
        let plaid = MemoryPlaid::with_accounts(accounts);
        plaid
            .world()
            .items
            .insert(ACCESS_TOKEN.to_owned(), item.item_id.clone());
        let deps = Deps {
            plaid,
            store: MemoryStore::default(),
            vault: MemoryVault,
            clock: FixedClock::at_second(NOW),
            processor: "astra".parse().unwrap(),
        };
        let scene = Self { deps, item };
        scene.store(|_| {});
        scene
    }

    async fn with_a_ready_account() -> Self {
        let scene = Self::with(vec![account("a", "checking", None)]).await;
        scene.store(|item| {
            item.accounts[0].give_token(Sealed::from_bytes(vec![1]));
            item.chosen_account = Some(item.accounts[0].plaid.account_id.clone());
        });
        scene
    }

    fn store(&self, change: impl FnOnce(&mut Item)) {
        let key = (self.item.user_id.to_string(), self.item.item_id.to_string());
        let mut records = self.deps.store.records();
        let item = records
            .items
            .entry(key)
            .or_insert_with(|| self.item.clone());
        change(item);
    }

    fn stored(&self) -> Item {
        let records = self.deps.store.records();
        records.items.values().next().unwrap().clone()
    }

    fn open_update_mode(&self, exit: Option<LinkExit>) {
        let session = LinkSession {
            link_id: LinkId::new("link"),
            user_id: self.item.user_id.clone(),
            link_token_hash: Sha256::of(b"link"),
            link_token: Sealed::from_bytes(vec![1]),
            item_id: Some(self.item.item_id.clone()),
            hosted: false,
            exit,
            refreshed_at: None,
            results: None,
            expires_at: self.deps.clock.now(),
            created_at: self.deps.clock.now(),
        };
        self.deps.store.records().sessions.push(session);
    }

    async fn refresh(&self) -> Response<Body> {
        self.send(Event::read(EVENT)).await
    }

    async fn send(&self, event: Event) -> Response<Body> {
        let deadline = self.deps.clock.now().as_millisecond() + 20_000;
        handler(&self.deps, event.request(deadline)).await
    }

    fn tokens_made(&self) -> u32 {
        self.deps.plaid.world().processor_tokens.values().sum()
    }
}

fn assert_problem(response: &Response<Body>, code: Code) {
    let body = json(response);
    assert_eq!(body["code"], code.as_str(), "{body}");
    assert_eq!(response.status(), code.status());
}

#[tokio::test]
async fn a_healed_item_is_active_again_and_its_history_says_why() {
    let scene = Scene::with_a_ready_account().await;
    scene.store(|item| item.health = Health::LoginRequired);
    let response = scene.refresh().await;
    assert_eq!(response.status(), 200);
    let item = json(&response);
    assert_eq!(
        (&item["status"], &item["action"]),
        (&"active".into(), &"none".into())
    );
    let changes = scene.deps.store.records().changes.clone();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].cause, Cause::UpdateMode);
    assert_eq!(changes[0].before, Some(ItemStatus::LoginRequired));
    assert_eq!(changes[0].after, Some(ItemStatus::Active));
    assert_eq!(
        changes[0].plaid_request_id.as_ref().unwrap().as_str(),
        "plaid-request"
    );
}

#[tokio::test]
async fn an_items_own_error_explains_why_its_accounts_are_not_told() {
    let scene = Scene::with_a_ready_account().await;
    let locked = "ITEM_LOCKED".to_owned();
    scene.deps.plaid.world().health = Some(Health::NeedsUser(locked));
    scene
        .deps
        .plaid
        .fail("accounts", refusal("ITEM_ERROR", "ITEM_LOCKED"));
    let response = scene.refresh().await;
    assert_eq!(response.status(), 200);
    assert_eq!(json(&response)["status"], "needs_user");
    assert!(scene.stored().has_ready_account(), "what was known stays");
}

#[tokio::test]
async fn the_browsers_word_changes_nothing_that_plaid_does_not_confirm() {
    let scene = Scene::with_a_ready_account().await;
    scene.deps.plaid.world().health = Some(Health::LoginRequired);
    let login_required = refusal("ITEM_ERROR", "ITEM_LOGIN_REQUIRED");
    scene.deps.plaid.fail("accounts", login_required);
    let item = json(&scene.refresh().await);
    assert_eq!(item["status"], "login_required");
    assert_eq!(
        item["accounts"][0]["status"], "ready",
        "accounts stay as they were"
    );
}

#[tokio::test]
async fn new_and_vanished_accounts_are_seen() {
    let accounts = vec![
        account("a", "checking", None),
        account("b", "savings", None),
    ];
    let scene = Scene::with(accounts).await;
    let told = vec![
        account("b", "savings", None),
        account("c", "checking", None),
    ];
    scene.deps.plaid.world().accounts = told;
    let item = json(&scene.refresh().await);
    let statuses: Vec<_> = (0..3)
        .map(|n| item["accounts"][n]["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["available", "available", "revoked"]);
    assert_eq!(item["action"], "select_account");
}

#[tokio::test]
async fn an_account_that_is_verified_now_gets_its_token() {
    let pending = Some("pending_manual_verification");
    let scene = Scene::with(vec![account("a", "checking", pending)]).await;
    let verified = account("a", "checking", Some("manually_verified"));
    scene.deps.plaid.world().accounts = vec![verified];
    let item = json(&scene.refresh().await);
    assert_eq!(item["accounts"][0]["status"], "ready");
    assert_eq!(item["accounts"][0].get("processor_token"), None);
    assert_eq!(scene.tokens_made(), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_made_now_is_made_soon() {
    let scene = Scene::with(vec![account("a", "checking", None)]).await;
    let later = refusal("API_ERROR", "INTERNAL_SERVER_ERROR");
    scene.deps.plaid.fail("processor_token", later);
    let item = json(&scene.refresh().await);
    assert_eq!(item["accounts"][0]["status"], "available");
    let soon = scene.deps.clock.now() + SignedDuration::from_mins(5);
    assert_eq!(scene.stored().due_at, Some(soon));
    let item = json(&scene.refresh().await);
    assert_eq!(item["accounts"][0]["status"], "ready");
}

#[tokio::test]
async fn nobody_chooses_a_second_account_by_himself() {
    let scene = Scene::with_a_ready_account().await;
    scene.store(|item| item.chosen_account = None);
    let both = vec![
        account("a", "checking", None),
        account("b", "savings", None),
    ];
    scene.deps.plaid.world().accounts = both;
    let item = json(&scene.refresh().await);
    assert_eq!(item["accounts"][1]["status"], "available");
    assert_eq!(scene.tokens_made(), 0);
}

#[tokio::test]
async fn at_pnc_every_finished_update_mode_makes_one_new_token() {
    let scene = Scene::with_a_ready_account().await;
    scene.deps.plaid.world().institution = Some(Institution {
        institution_id: InstitutionId::new("ins_13"),
        name: Some("PNC".to_owned()),
    });
    scene.refresh().await;
    assert_eq!(scene.tokens_made(), 0, "there was no update mode");
    scene.open_update_mode(None);
    scene.refresh().await;
    scene.refresh().await;
    assert_eq!(scene.tokens_made(), 1);
    assert_eq!(scene.stored().accounts[0].generation, 2);
}

#[tokio::test]
async fn at_pnc_an_update_mode_that_was_left_makes_no_new_token() {
    let scene = Scene::with_a_ready_account().await;
    scene.deps.plaid.world().institution = Some(Institution {
        institution_id: InstitutionId::new("ins_13"),
        name: None,
    });
    scene.open_update_mode(Some(LinkExit::default()));
    scene.refresh().await;
    assert_eq!(scene.tokens_made(), 0);
}

#[tokio::test]
async fn a_refresh_settles_the_open_update_mode() {
    let scene = Scene::with_a_ready_account().await;
    scene.open_update_mode(None);
    scene.refresh().await;
    let records = scene.deps.store.records();
    assert_eq!(
        records.sessions[0].refreshed_at,
        Some(scene.deps.clock.now())
    );
    assert_eq!(records.sessions[0].due_at(), None);
}

#[tokio::test]
async fn update_mode_that_was_finished_clears_the_notices_before_it() {
    let scene = Scene::with_a_ready_account().await;
    let notice = |issued_at: Timestamp| Notice {
        code: NoticeCode::PendingDisconnect,
        issued_at,
        reason: None,
        act_before: None,
    };
    let now = scene.deps.clock.now();
    let (early, late) = (notice(now), notice(now + SignedDuration::from_secs(1)));
    scene.store(|item| item.notices = vec![early.clone(), late.clone()]);
    scene.refresh().await;
    assert_eq!(scene.stored().notices, [early.clone(), late.clone()]);
    scene.open_update_mode(Some(LinkExit::default()));
    scene.refresh().await;
    assert_eq!(scene.stored().notices, [early, late.clone()], "it was left");
    scene.open_update_mode(None);
    let item = json(&scene.refresh().await);
    assert_eq!(scene.stored().notices, [late]);
    assert_eq!(item["notices"][0]["code"], "pending_disconnect");
}

#[tokio::test]
async fn an_item_that_plaid_does_not_know_is_gone() {
    let scene = Scene::with_a_ready_account().await;
    scene.deps.plaid.world().items.clear();
    assert_problem(&scene.refresh().await, Code::ItemRemoved);
    let item = scene.stored();
    assert_eq!(
        (item.lifecycle, item.access_token),
        (Lifecycle::Removed, None)
    );
    assert_problem(&scene.refresh().await, Code::ItemRemoved);
}

#[tokio::test]
async fn a_failing_plaid_changes_nothing() {
    let scene = Scene::with_a_ready_account().await;
    let before = scene.stored();
    let later = || refusal("API_ERROR", "INTERNAL_SERVER_ERROR");
    for call in ["item", "accounts"] {
        scene.deps.plaid.fail(call, later());
        assert_problem(&scene.refresh().await, Code::PlaidUnavailable);
        assert_eq!(scene.stored(), before, "{call}");
    }
}

#[tokio::test]
async fn what_is_not_there_yet_or_not_the_callers_is_refused() {
    let scene = Scene::with_a_ready_account().await;
    let other = Event::read(EVENT).set("/requestContext/authorizer/jwt/claims/sub", "user-2");
    assert_problem(&scene.send(other).await, Code::NotFound);
    assert_problem(
        &scene.send(Event::read(EVENT).anonymous()).await,
        Code::Unauthenticated,
    );
    scene.store(|item| item.lifecycle = Lifecycle::Linking);
    assert_problem(&scene.refresh().await, Code::ItemLinking);
    assert!(scene.deps.plaid.world().calls.is_empty());
    let unknown = Event::read(EVENT).set("/pathParameters/item_id", "nobody");
    assert_problem(&scene.send(unknown).await, Code::NotFound);
}
