//! Who calls what, in which order, and what goes wrong with it.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::{Call, Effect, Fate, Fault, Kind, Service};
use crate::domain::{Deadline, ExchangeKey, ItemId};
use crate::ports::{Clock, Due};
use crate::test_util::FixedClock;

/// Whether an actor goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Running,
    /// It is frozen, and goes on when it is thawed.
    Stalled,
    /// It never goes on. Whoever polls it must drop it.
    Killed,
}

/// An Item that Plaid handed out in answer to a public token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The number of the call.
    pub call: usize,
    /// Whose public token it was.
    pub key: ExchangeKey,
    /// The Item.
    pub item_id: ItemId,
    /// Whether the answer came to whoever asked.
    pub arrived: bool,
}

/// One call on its way.
pub(super) struct Ticket {
    pub(super) call: Call,
    pub(super) number: usize,
    pub(super) pace: u32,
}

/// What whoever called was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Refusal,
    /// Nothing definite.
    Silence,
}

/// What calls do, and what they did so far.
pub struct Plan {
    clock: FixedClock,
    state: Mutex<State>,
    fate: Mutex<Box<dyn Fate>>,
}

#[derive(Default)]
struct State {
    current: usize,
    actors: Vec<Actor>,
    calls: Vec<Call>,
    handed: Vec<Handed>,
    /// What the index said when it was last asked.
    last_due: Due,
}

impl State {
    /// The number and the fault of the latest such call of whoever calls now.
    fn under_way(&self, name: &str) -> Option<(usize, Option<Fault>)> {
        let mut calls = self.calls.iter().enumerate().rev();
        let (number, call) = calls.find(|(_, c)| c.actor == self.current && c.name == name)?;
        Some((number, call.fault))
    }
}

struct Actor {
    deadline: Deadline,
    standing: Standing,
    away: Vec<Service>,
    silences: u32,
    has_stalled: bool,
}

impl Plan {
    /// A plan that goes by this clock.
    pub fn new(clock: &FixedClock, fate: Box<dyn Fate>) -> Self {
        Self {
            clock: clock.clone(),
            state: Mutex::default(),
            fate: Mutex::new(fate),
        }
    }

    /// Forgets what happened so far, actors included, and goes on with another fate.
    pub fn begin_anew(&self, fate: Box<dyn Fate>) {
        *self.state() = State::default();
        *self.fate() = fate;
    }

    /// Goes on with another fate.
    pub fn go_on(&self, fate: Box<dyn Fate>) {
        *self.fate() = fate;
    }

    /// A new actor with its deadline; its name is a number.
    pub fn actor(&self, deadline: Deadline) -> usize {
        let mut state = self.state();
        state.actors.push(Actor {
            deadline,
            standing: Standing::Running,
            away: Vec::new(),
            silences: 0,
            has_stalled: false,
        });
        state.actors.len() - 1
    }

    /// Whatever is called from now on, this actor calls it.
    pub fn enter(&self, actor: usize) {
        self.state().current = actor;
    }

    /// Whether the actor goes on.
    pub fn standing(&self, actor: usize) -> Standing {
        let state = self.state();
        let actor = state.actors.get(actor);
        actor.map_or(Standing::Running, |actor| actor.standing)
    }

    /// Lets a frozen actor go on.
    pub fn thaw(&self, actor: usize) {
        self.set_standing(actor, Standing::Running);
    }

    /// Lets the actor die where it is.
    pub fn kill_actor(&self, actor: usize) {
        self.set_standing(actor, Standing::Killed);
    }

    /// Whether the actor was frozen at any time.
    pub fn has_stalled(&self, actor: usize) -> bool {
        let state = self.state();
        state
            .actors
            .get(actor)
            .is_some_and(|actor| actor.has_stalled)
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The Items that Plaid handed out so far, whether or not the answer arrived.
    pub fn handed(&self) -> Vec<Handed> {
        self.state().handed.clone()
    }

    pub(super) fn begin(&self, service: Service, kind: Kind, name: &'static str) -> Ticket {
        let mut state = self.state();
        let number = state.calls.len();
        let mut call = Call {
            actor: state.current,
            service,
            name,
            kind,
            fault: None,
        };
        let mut fate = self.fate();
        let pace = fate.pace(&call);
        call.fault = fate.fault(number, &call);
        if let Some(actor) = state.actors.get_mut(call.actor) {
            if call.fault == Some(Fault::Away) {
                actor.away.push(service);
            } else if actor.away.contains(&service) {
                call.fault = Some(Fault::Away);
            }
        }
        state.calls.push(call);
        Ticket { call, number, pace }
    }

    pub(super) fn end(&self, ticket: &Ticket, end: End) {
        let mut state = self.state();
        let mut handed = state.handed.iter_mut();
        let handed = handed.rfind(|h| h.call == ticket.number);
        if let Some(handed) = handed.filter(|_| end == End::Done) {
            handed.arrived = true;
        }
        let actor = state.actors.get_mut(ticket.call.actor);
        if let Some(actor) = actor.filter(|_| ticket.call.service == Service::Table) {
            actor.silences = match end {
                End::Silence => actor.silences + 1,
                End::Done | End::Refusal => 0,
            };
        }
    }

    pub(super) fn had_effect(&self, ticket: &Ticket, succeeded: bool) {
        let call = ticket.call;
        let silences = self
            .state()
            .actors
            .get(call.actor)
            .map_or(0, |a| a.silences);
        self.fate().effect(&Effect {
            call,
            silences,
            succeeded,
        });
    }

    pub(super) fn hand_out(&self, key: ExchangeKey, item_id: ItemId) {
        let mut state = self.state();
        let (call, _) = state.under_way("exchange").unwrap_or_default();
        state.handed.push(Handed {
            call,
            key,
            item_id,
            arrived: false,
        });
    }

    /// What the index says, or what it said when it was last asked.
    pub(super) fn index(&self, mut due: Due) -> Due {
        let mut state = self.state();
        let (_, fault) = state.under_way("due").unwrap_or_default();
        let now = due.clone();
        if fault == Some(Fault::Lag) {
            due.clone_from(&state.last_due);
        }
        state.last_due = now;
        due
    }

    pub(super) fn is_over(&self, deadline: Deadline) -> bool {
        deadline.remaining(self.clock.now()).is_zero()
    }

    /// Moves the clock to the end of the caller's time.
    pub(super) fn use_up_time(&self, ticket: &Ticket) {
        let state = self.state();
        if let Some(actor) = state.actors.get(ticket.call.actor) {
            let left = actor.deadline.remaining(self.clock.now()).as_secs();
            self.clock
                .advance_seconds(i64::try_from(left).unwrap_or_default());
        }
    }

    pub(super) fn kill(&self, ticket: &Ticket) {
        self.kill_actor(ticket.call.actor);
    }

    pub(super) fn stall(&self, ticket: &Ticket) {
        self.set_standing(ticket.call.actor, Standing::Stalled);
    }

    /// Ends when the caller runs: other calls that it has under way stop with it.
    pub(super) async fn gate(&self, ticket: &Ticket) {
        while self.standing(ticket.call.actor) != Standing::Running {
            yield_now().await;
        }
    }

    fn set_standing(&self, actor: usize, standing: Standing) {
        if let Some(actor) = self.state().actors.get_mut(actor) {
            actor.standing = standing;
            actor.has_stalled |= standing == Standing::Stalled;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> MutexGuard<'_, Box<dyn Fate>> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets others go on once.
pub(super) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
