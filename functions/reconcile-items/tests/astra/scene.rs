//! One world: Plaid, Astra, the table and the vault in memory, and whoever acts in it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shared::domain::{AstraConnection, Deadline, Item, ItemId, UserId};
use shared::http::render_item;
use shared::ports::Clock;
use shared::test_util::faults::{Call, Effect, Fate, Fault, Faulty, Plan, Standing};
use shared::test_util::{
    AccountRepeat, FakeAstra, FixedClock, Log, MemoryBus, MemoryPlaid, MemoryStore, MemoryVault,
    account, astra_connection, give_processor_token, linked_item, with_access_token,
};
use shared::use_cases::exchange::ExchangeSettings;

use crate::wish::{Answer, FaultyDeps, Wish, grant};

const NOW: i64 = 1_795_348_800;
const ACCESS_TOKEN: &str = "access-sandbox-canary-1";
const CLIENTS_TIME: Duration = Duration::from_secs(25);
const RECONCILERS_TIME: Duration = Duration::from_mins(1);
/// More polls than any invocation needs.
const MAX_POLLS: u32 = 50_000;
pub(crate) const USER: &str = "user-1";
pub(crate) const ITEM: &str = "item-1";
pub(crate) const URI: &str = "https://app.example/astra";
pub(crate) const ACCOUNTS: [&str; 2] = ["a", "b"];

pub(crate) struct Scene {
    pub(crate) deps: Arc<FaultyDeps>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) plaid: Arc<MemoryPlaid>,
    pub(crate) astra: Arc<FakeAstra>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: FixedClock,
    pub(crate) log: Log,
}

/// One invocation under way.
pub(crate) struct Actor {
    pub(crate) name: usize,
    future: Pin<Box<dyn Future<Output = Answer>>>,
}

/// How far an invocation is.
pub(crate) enum Progress {
    Frozen(Actor),
    Died,
    Answered(Answer),
}

impl Scene {
    /// A user with one Item, whose accounts have their tokens.
    pub(crate) fn new(repeat: AccountRepeat, log: &Log) -> Self {
        log.clear();
        let clock = FixedClock::at_second(NOW);
        let plan = Arc::new(Plan::new(&clock, Box::new(Calm)));
        let accounts = ACCOUNTS.map(|id| account(id, "checking", None));
        let plaid = Arc::new(MemoryPlaid::with_accounts(accounts.to_vec()));
        let astra = Arc::new(FakeAstra::new(&clock));
        astra.world().repeat = repeat;
        let store = Arc::new(MemoryStore::default());
        let deps = FaultyDeps {
            plaid: Faulty::new(&plaid, &plan),
            astra: Some(Faulty::new(&astra, &plan)),
            store: Faulty::new(&store, &plan),
            bus: Faulty::new(&Arc::new(MemoryBus::default()), &plan),
            vault: Faulty::new(&Arc::new(MemoryVault), &plan),
            clock: clock.clone(),
            settings: ExchangeSettings {
                processor: "astra".parse().unwrap(),
                render: render_item,
                max_items: 9,
            },
            webhook_url: None,
        };
        let scene = Self {
            deps: Arc::new(deps),
            plan,
            plaid,
            astra,
            store,
            clock,
            log: log.clone(),
        };
        scene.link();
        scene
    }

    fn link(&self) {
        let accounts = ACCOUNTS.map(|id| account(id, "checking", None));
        let item = linked_item(USER, ITEM, accounts.to_vec());
        let mut item = now(with_access_token(item, ACCESS_TOKEN));
        for id in ACCOUNTS {
            now(give_processor_token(&mut item, id, &token(id, 1)));
        }
        let mut world = self.plaid.world();
        world
            .items
            .insert(ACCESS_TOKEN.to_owned(), ItemId::new(ITEM));
        let mut records = self.store.records();
        records.owners.insert(ItemId::new(ITEM), UserId::new(USER));
        drop(records);
        self.keep(item);
        let mut astra = self.astra.world();
        for id in ACCOUNTS {
            for generation in [1, 2] {
                let bank_account = format!("bank-account-{id}");
                astra
                    .bank_accounts
                    .insert(token(id, generation), bank_account);
            }
        }
    }

    pub(crate) fn connect(&self) {
        let tokens = self.astra.connect("ada", URI);
        let connection = astra_connection(USER, "ada", URI, &tokens, self.clock.now());
        let connection = now(connection);
        let mut records = self.store.records();
        records.connections.insert(UserId::new(USER), connection);
    }

    pub(crate) fn connection(&self) -> Option<AstraConnection> {
        let records = self.store.records();
        records.connections.get(&UserId::new(USER)).cloned()
    }

    pub(crate) fn keep(&self, item: Item) {
        let key = (item.user_id.to_string(), item.item_id.to_string());
        self.store.records().items.insert(key, item);
    }

    /// The user's Item, unless the user was erased.
    pub(crate) fn kept_item(&self) -> Option<Item> {
        self.store.records().items.values().next().cloned()
    }

    pub(crate) fn item(&self) -> Item {
        self.kept_item().unwrap()
    }

    /// Everything so far is how it was before; from now on it goes as planned.
    pub(crate) fn begin(&self, fault: Option<(usize, Fault)>) {
        self.log.clear();
        self.plan.begin_anew(Box::new(Script {
            fault,
            plaid: Arc::clone(&self.plaid),
            astra: Arc::clone(&self.astra),
        }));
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&self) {
        self.plan.go_on(Box::new(Script {
            fault: None,
            plaid: Arc::clone(&self.plaid),
            astra: Arc::clone(&self.astra),
        }));
    }

    /// An invocation that has not done anything yet.
    pub(crate) fn start(&self, wish: &Wish) -> Actor {
        let time = match wish {
            Wish::Reconcile => RECONCILERS_TIME,
            _ => CLIENTS_TIME,
        };
        let deadline = Deadline::after(self.clock.now(), time);
        Actor {
            name: self.plan.actor(deadline),
            future: Box::pin(grant(Arc::clone(&self.deps), wish.clone(), deadline)),
        }
    }

    /// Lets an invocation go on until it ends or freezes.
    pub(crate) fn run(&self, mut actor: Actor) -> Progress {
        self.plan.enter(actor.name);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..MAX_POLLS {
            let poll = actor.future.as_mut().poll(&mut context);
            match (poll, self.plan.standing(actor.name)) {
                (_, Standing::Killed) => return Progress::Died,
                (Poll::Ready(answer), _) => return Progress::Answered(answer),
                (Poll::Pending, Standing::Stalled) => return Progress::Frozen(actor),
                (Poll::Pending, Standing::Running) => {}
            }
        }
        panic!("an invocation never ends");
    }

    /// A whole invocation in which nothing goes wrong.
    pub(crate) fn calmly(&self, wish: &Wish) -> Answer {
        match self.run(self.start(wish)) {
            Progress::Answered(answer) => answer,
            _ => panic!("nothing goes wrong here"),
        }
    }
}

/// The processor token of this generation.
pub(crate) fn token(account_id: &str, generation: u32) -> String {
    format!("processor-canary-{account_id}-{generation}")
}

/// What the ports in memory answer without any fault.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).as_mut().poll(&mut context) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("ports in memory answer at once"),
    }
}

struct Calm;

impl Fate for Calm {
    fn pace(&mut self, _call: &Call) -> u32 {
        0
    }

    fn fault(&mut self, _number: usize, _call: &Call) -> Option<Fault> {
        None
    }

    fn effect(&mut self, _effect: &Effect) {}
}

/// One fault at most, by the number of its call; and Plaid, which tells Astra what it removed.
struct Script {
    fault: Option<(usize, Fault)>,
    plaid: Arc<MemoryPlaid>,
    astra: Arc<FakeAstra>,
}

impl Fate for Script {
    fn pace(&mut self, _call: &Call) -> u32 {
        1
    }

    fn fault(&mut self, number: usize, _call: &Call) -> Option<Fault> {
        let (at, fault) = self.fault?;
        (at == number).then_some(fault)
    }

    fn effect(&mut self, effect: &Effect) {
        if effect.call.name == "remove_item" && self.plaid.world().items.is_empty() {
            let dead = ACCOUNTS.iter().flat_map(|id| [token(id, 1), token(id, 2)]);
            self.astra.world().dead_processor_tokens.extend(dead);
        }
    }
}
