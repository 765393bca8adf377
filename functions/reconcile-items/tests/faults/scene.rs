//! One world: Plaid, the table and the vault in memory, and whoever acts in it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shared::domain::{Deadline, ItemId};
use shared::http::render_item_with_tokens;
use shared::ports::Clock;
use shared::test_util::faults::{Call, Effect, Fate, Fault, Faulty, Plan, Service, Standing};
use shared::test_util::{
    FixedClock, Log, MemoryBus, MemoryPlaid, MemoryStore, MemoryVault, SecondExchange, account,
};
use shared::use_cases::exchange::ExchangeSettings;

use crate::watch::Watch;
use crate::wish::{Answer, CHECKING, FaultyDeps, SAVINGS, Wish, grant};

const NOW: i64 = 1_795_348_800;
const CLIENTS_TIME: Duration = Duration::from_secs(25);
const RECONCILERS_TIME: Duration = Duration::from_mins(1);
const MAX_ITEMS: u32 = 9;
/// More polls than any invocation needs.
const MAX_POLLS: u32 = 5_000;

/// What differs between worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variant {
    /// What Plaid says to a public token that it has seen.
    pub(crate) second: SecondExchange,
    /// What the user links.
    pub(crate) bank: Bank,
    /// Who answers first where both are asked at once.
    pub(crate) pace: Pace,
}

/// What the user links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bank {
    /// One account, of which the browser says nothing.
    OneAccount,
    /// One account, which the browser names.
    Hinted,
    /// Two accounts, and nobody chose.
    TwoAccounts,
}

/// Who answers first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    TableFirst,
    PlaidFirst,
}

pub(crate) struct Scene {
    pub(crate) deps: Arc<FaultyDeps>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) plaid: Arc<MemoryPlaid>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) clock: FixedClock,
    pub(crate) log: Log,
    pub(crate) variant: Variant,
}

/// One invocation under way.
pub(crate) struct Actor {
    pub(crate) name: usize,
    future: Pin<Box<dyn Future<Output = Answer>>>,
}

/// How far an invocation is.
pub(crate) enum Progress {
    GoesOn(Actor),
    Frozen(Actor),
    Died,
    Answered(Answer),
}

impl Scene {
    pub(crate) fn new(variant: Variant, log: &Log) -> Self {
        log.clear();
        let accounts = match variant.bank {
            Bank::OneAccount | Bank::Hinted => vec![account(CHECKING, "checking", None)],
            Bank::TwoAccounts => vec![
                account(CHECKING, "checking", None),
                account(SAVINGS, "savings", None),
            ],
        };
        let plaid = Arc::new(MemoryPlaid::with_accounts(accounts));
        plaid.world().second_exchange = variant.second;
        let store = Arc::new(MemoryStore::default());
        let clock = FixedClock::at_second(NOW);
        let plan = Arc::new(Plan::new(&clock, Box::new(Calm)));
        let deps = FaultyDeps {
            plaid: Faulty::new(&plaid, &plan),
            astra: None,
            store: Faulty::new(&store, &plan),
            bus: Faulty::new(&Arc::new(MemoryBus::default()), &plan),
            vault: Faulty::new(&Arc::new(MemoryVault), &plan),
            clock: clock.clone(),
            settings: ExchangeSettings {
                processor: "astra".parse().unwrap(),
                render: render_item_with_tokens,
                max_items: MAX_ITEMS,
            },
            webhook_url: None,
        };
        Self {
            deps: Arc::new(deps),
            plan,
            watch: Arc::new(Watch::new(&plaid, &store, &clock)),
            plaid,
            store,
            clock,
            log: log.clone(),
            variant,
        }
    }

    /// Everything so far is how it was before; from now on it goes as `fate` has it.
    pub(crate) fn begin(&self, fate: Box<dyn Fate>) {
        self.plan.begin_anew(fate);
        self.watch.begin_anew();
        self.log.clear();
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&self) {
        self.plan.go_on(Box::new(Calm));
    }

    /// An invocation that has not done anything yet.
    pub(crate) fn start(&self, wish: &Wish) -> Actor {
        let time = match wish {
            Wish::Reconcile | Wish::HandOver(_) => RECONCILERS_TIME,
            _ => CLIENTS_TIME,
        };
        let deadline = Deadline::after(self.clock.now(), time);
        Actor {
            name: self.plan.actor(deadline),
            future: Box::pin(grant(Arc::clone(&self.deps), wish.clone(), deadline)),
        }
    }

    /// Lets an invocation go on as far as it can without waiting.
    pub(crate) fn step(&self, mut actor: Actor) -> Progress {
        self.plan.enter(actor.name);
        let mut context = Context::from_waker(Waker::noop());
        let poll = actor.future.as_mut().poll(&mut context);
        match (poll, self.plan.standing(actor.name)) {
            (_, Standing::Killed) => Progress::Died,
            (Poll::Ready(answer), _) => Progress::Answered(answer),
            (Poll::Pending, Standing::Stalled) => Progress::Frozen(actor),
            (Poll::Pending, Standing::Running) => Progress::GoesOn(actor),
        }
    }

    /// Lets an invocation go on until it ends or freezes.
    pub(crate) fn run(&self, mut actor: Actor) -> Progress {
        for _ in 0..MAX_POLLS {
            match self.step(actor) {
                Progress::GoesOn(going) => actor = going,
                ended => return ended,
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

    /// The live Items at Plaid, with their access tokens.
    pub(crate) fn live_items(&self) -> Vec<(ItemId, String)> {
        let world = self.plaid.world();
        let live = world.items.iter();
        live.map(|(token, item_id)| (item_id.clone(), token.clone()))
            .collect()
    }
}

/// Nothing goes wrong.
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

/// The faults of one schedule, by the number of their calls.
pub(crate) struct Script {
    pub(crate) faults: Vec<(usize, Fault)>,
    pub(crate) pace: Pace,
    pub(crate) watch: Arc<Watch>,
}

impl Fate for Script {
    fn pace(&mut self, call: &Call) -> u32 {
        match (self.pace, call.service) {
            (Pace::TableFirst, Service::Plaid) | (Pace::PlaidFirst, Service::Table) => 3,
            _ => 1,
        }
    }

    fn fault(&mut self, number: usize, _call: &Call) -> Option<Fault> {
        let mut faults = self.faults.iter();
        let (_, fault) = faults.find(|(at, _)| *at == number)?;
        Some(*fault)
    }

    fn effect(&mut self, effect: &Effect) {
        self.watch.effect(effect);
    }
}
