//! A user with Items, and Astra in memory.

use std::time::Duration;

use hand_over_to_astra::{Deps, handler};
use shared::domain::{
    Account, AccountId, AstraAccountId, AstraConnection, AstraFailure, AstraStatus, Deadline, Item,
    ProcessorToken, UserId,
};
use shared::ports::{AstraHandOver, Clock, StoreError};
use shared::test_util::{
    Event, FakeAccount, FakeAstra, FixedClock, MemoryStore, MemoryVault, account, astra_connection,
    give_processor_token, linked_item, open_astra_tokens,
};
use shared::use_cases::publish::events_of;

const EVENT: &str = include_str!("../../../../events/hand-over-to-astra.json");
const NOW: i64 = 1_795_348_800;
pub(crate) const URI: &str = "https://app.example/astra";
pub(crate) const USER: &str = "user-1";
pub(crate) const ITEM: &str = "item-1";

pub(crate) type TestDeps = Deps<FakeAstra, MemoryStore, MemoryVault, FixedClock>;

pub(crate) struct Scene {
    pub(crate) deps: TestDeps,
}

impl Scene {
    /// A user who is not connected to Astra and has no Item.
    pub(crate) fn new() -> Self {
        let clock = FixedClock::at_second(NOW);
        Self {
            deps: Deps {
                astra: FakeAstra::new(&clock),
                store: MemoryStore::default(),
                vault: MemoryVault,
                clock,
            },
        }
    }

    /// A connected user with one ready account.
    pub(crate) async fn ready() -> Self {
        let scene = Self::new();
        scene.connect("ada").await;
        scene.has(ITEM, &["a"]).await;
        scene
    }

    /// The same with the account at Astra.
    pub(crate) async fn at_astra() -> Self {
        let scene = Self::ready().await;
        scene.tell(Some(ITEM)).await;
        assert_eq!(scene.live().len(), 1);
        scene
    }

    pub(crate) async fn connect(&self, astra_user: &str) {
        let tokens = self.deps.astra.connect(astra_user, URI);
        let now = self.deps.clock.now();
        let connection = astra_connection(USER, astra_user, URI, &tokens, now).await;
        self.keep_connection(connection);
    }

    pub(crate) fn keep_connection(&self, connection: AstraConnection) {
        let user_id = connection.user_id.clone();
        let mut records = self.deps.store.records();
        records.connections.insert(user_id, connection);
    }

    pub(crate) fn connection(&self) -> AstraConnection {
        self.deps.store.records().connections[&UserId::new(USER)].clone()
    }

    /// The user has a linked Item with these accounts, each with its first token.
    pub(crate) async fn has(&self, item_id: &str, accounts: &[&str]) {
        let plaid = accounts.iter().map(|id| account(id, "checking", None));
        let mut item = linked_item(USER, item_id, plaid.collect());
        for id in accounts {
            give_processor_token(&mut item, id, &token(item_id, id, 1)).await;
        }
        self.keep(item);
    }

    pub(crate) fn keep(&self, item: Item) {
        let key = (item.user_id.to_string(), item.item_id.to_string());
        self.deps.store.records().items.insert(key, item);
    }

    pub(crate) fn item(&self, item_id: &str) -> Item {
        let key = (USER.to_owned(), item_id.to_owned());
        self.deps.store.records().items[&key].clone()
    }

    pub(crate) fn change(&self, item_id: &str, change: impl FnOnce(&mut Item)) {
        let mut item = self.item(item_id);
        change(&mut item);
        self.keep(item);
    }

    /// The account's next token.
    pub(crate) async fn renew(&self, item_id: &str, account_id: &str) {
        let mut item = self.item(item_id);
        let generation = item
            .account(&AccountId::new(account_id))
            .unwrap()
            .generation
            + 1;
        let token = token(item_id, account_id, generation);
        give_processor_token(&mut item, account_id, &token).await;
        self.keep(item);
    }

    /// These tokens stand for one bank account.
    pub(crate) fn same_bank_account(&self, tokens: &[String]) {
        let mut world = self.deps.astra.world();
        for token in tokens {
            world
                .bank_accounts
                .insert(token.clone(), "one bank account".to_owned());
        }
    }

    /// An event comes, of this Item or of the user.
    pub(crate) async fn tell(&self, item_id: Option<&str>) {
        self.try_to_tell(item_id).await.unwrap();
    }

    pub(crate) async fn try_to_tell(&self, item_id: Option<&str>) -> Result<(), StoreError> {
        let deadline = self.deps.clock.now().as_millisecond() + 30_000;
        handler(&self.deps, event(item_id).invocation(deadline)).await
    }

    pub(crate) fn account(&self, item_id: &str, account_id: &str) -> Account {
        let item = self.item(item_id);
        item.account(&AccountId::new(account_id)).unwrap().clone()
    }

    pub(crate) fn status(&self, item_id: &str, account_id: &str) -> Option<AstraStatus> {
        let account = self.account(item_id, account_id);
        account.at_astra.map(|at_astra| at_astra.status())
    }

    pub(crate) fn id(&self, item_id: &str, account_id: &str) -> Option<AstraAccountId> {
        self.account(item_id, account_id).at_astra?.astra_account_id
    }

    pub(crate) fn live(&self) -> Vec<FakeAccount> {
        self.deps.astra.world().live_accounts().cloned().collect()
    }

    /// How often Astra was asked for this.
    pub(crate) fn asked(&self, call: &str) -> usize {
        let world = self.deps.astra.world();
        world.calls.iter().filter(|made| **made == call).count()
    }

    /// The kinds of all events so far.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        let records = self.deps.store.records();
        let events = records.changes.iter().flat_map(events_of);
        events.map(|event| event.kind).collect()
    }

    /// A member of the latest event's detail.
    pub(crate) fn told(&self, member: &str) -> Option<String> {
        let records = self.deps.store.records();
        let event = records.changes.iter().flat_map(events_of).last().unwrap();
        Some(event.detail.get(member)?.as_str()?.to_owned())
    }

    /// Somebody hands an account over whose answer we never see.
    pub(crate) async fn appears(&self, token: &str) -> AstraAccountId {
        let (access, _) = open_astra_tokens(&self.connection()).await;
        let deadline = Deadline::after(self.deps.clock.now(), Duration::from_secs(9));
        let token = ProcessorToken::new(token);
        let made = self.deps.astra.hand_over(&access, &token, None, deadline);
        made.await.unwrap()
    }

    /// When the reconciler takes up what is left for the user.
    pub(crate) fn taken_up_in(&self) -> Option<i64> {
        let records = self.deps.store.records();
        let until = records.postponed.values().next()?;
        Some(until.as_second() - self.deps.clock.now().as_second())
    }

    /// Longer than any lease.
    pub(crate) fn leases_end(&self) {
        self.deps.clock.advance_seconds(90);
    }
}

pub(crate) fn event(item_id: Option<&str>) -> Event {
    let event = Event::read(EVENT).set("/detail/user_id", USER);
    event.set("/detail/item_id", item_id.map(ToOwned::to_owned))
}

/// The processor token of this generation.
pub(crate) fn token(item_id: &str, account_id: &str, generation: u32) -> String {
    format!("processor-canary-{item_id}-{account_id}-{generation}")
}

pub(crate) fn away(maybe_applied: bool) -> AstraFailure {
    AstraFailure::NoAnswer {
        reason: "the test took it away",
        maybe_applied,
    }
}
