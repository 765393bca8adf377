//! What must hold after every single effect, whoever had it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use shared::domain::{Exchange, ExchangeStep, Item, ItemId, Lifecycle, OwnerToken};
use shared::ports::Clock;
use shared::test_util::faults::{Effect, Service};
use shared::test_util::{FixedClock, MemoryPlaid, MemoryStore};

/// Looks at the table and at Plaid after every effect.
pub(crate) struct Watch {
    pub(crate) plaid: Arc<MemoryPlaid>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: FixedClock,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    exchanges: BTreeMap<String, Claimed>,
    items: BTreeMap<ItemId, (Lifecycle, u64)>,
    /// Live Items at Plaid, by access token.
    live: BTreeMap<String, ItemId>,
    blind_removals: Vec<ItemId>,
    violations: Vec<String>,
}

/// An exchange as it was, and who works on it.
struct Claimed {
    step: ExchangeStep,
    owner: OwnerToken,
    actor: usize,
    lease_until: Timestamp,
}

impl Watch {
    pub(crate) fn new(
        plaid: &Arc<MemoryPlaid>,
        store: &Arc<MemoryStore>,
        clock: &FixedClock,
    ) -> Self {
        Self {
            plaid: Arc::clone(plaid),
            store: Arc::clone(store),
            clock: clock.clone(),
            seen: Mutex::default(),
        }
    }

    /// Takes everything as it is for granted.
    pub(crate) fn begin_anew(&self) {
        self.look_at_table(usize::MAX);
        let live = self.plaid.world().items.clone();
        let mut seen = self.seen();
        seen.live = live;
        seen.blind_removals.clear();
        seen.violations.clear();
    }

    /// Items that were removed at Plaid while the table did not answer.
    pub(crate) fn blind_removals(&self) -> Vec<ItemId> {
        self.seen().blind_removals.clone()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.seen().violations.clone()
    }

    pub(crate) fn effect(&self, effect: &Effect) {
        match (effect.call.service, effect.call.kind.writes()) {
            (Service::Table, true) => self.look_at_table(effect.call.actor),
            (Service::Plaid, true) => self.look_at_plaid(effect),
            _ => {}
        }
    }

    fn look_at_table(&self, actor: usize) {
        let now = self.clock.now();
        let records = self.store.records();
        let mut seen = self.seen();
        for exchange in records.exchanges.values() {
            seen.exchange(actor, exchange, now);
        }
        let gone: Vec<String> = seen
            .exchanges
            .keys()
            .filter(|key| !records.exchanges.contains_key(*key))
            .cloned()
            .collect();
        for key in gone {
            seen.exchange_gone(actor, &key);
        }
        for item in records.items.values() {
            seen.item(item);
        }
    }

    /// Nothing is removed at Plaid that is recorded and not to be removed. Only an owner
    /// that got no answer from the table twice in a row may be mistaken.
    fn look_at_plaid(&self, effect: &Effect) {
        let live = self.plaid.world().items.clone();
        let records = self.store.records();
        let mut seen = self.seen();
        let before = std::mem::replace(&mut seen.live, live.clone());
        for item_id in before
            .into_values()
            .filter(|id| !live.values().any(|l| l == id))
        {
            let blind = effect.silences >= 2;
            if blind {
                seen.blind_removals.push(item_id.clone());
            }
            let in_use = records
                .items
                .values()
                .any(|item| item.item_id == item_id && item.is_live());
            if in_use && !blind {
                seen.violation(format!("{item_id} is in use, and was removed at Plaid"));
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

impl Seen {
    fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    fn exchange(&mut self, actor: usize, exchange: &Exchange, now: Timestamp) {
        let key = exchange.key.as_str();
        let Some(before) = self.exchanges.get(key) else {
            let first = Claimed::of(exchange, actor);
            if actor != usize::MAX && exchange.step != ExchangeStep::Claimed {
                self.violation(format!("an exchange begins at {:?}", exchange.step));
            }
            self.exchanges.insert(key.to_owned(), first);
            return;
        };
        let taken_over = before.owner != exchange.owner;
        let moved = before.step != exchange.step;
        if !taken_over && !moved && before.lease_until == exchange.lease_until {
            return;
        }
        let by = if taken_over { actor } else { before.actor };
        let mut wrong = Vec::new();
        if taken_over && before.lease_until > now {
            wrong.push("an exchange was taken over under its lease".to_owned());
        }
        if moved && !before.step.may_become(exchange.step) {
            wrong.push(format!(
                "an exchange went {:?} -> {:?}",
                before.step, exchange.step
            ));
        }
        // Whoever removes an Item forgets its answer.
        if moved && actor != by && before.step != ExchangeStep::Finished {
            wrong.push(format!(
                "{:?} was written by somebody else than its owner",
                exchange.step
            ));
        }
        self.violations.extend(wrong);
        self.exchanges
            .insert(key.to_owned(), Claimed::of(exchange, by));
    }

    fn exchange_gone(&mut self, actor: usize, key: &str) {
        let Some(before) = self.exchanges.remove(key) else {
            return;
        };
        if before.step == ExchangeStep::Claimed && before.actor != actor {
            self.violation("a claim was released by somebody else than its owner".to_owned());
        }
        if before.step != ExchangeStep::Claimed && !before.step.is_settled() {
            self.violation(format!("an exchange vanished at {:?}", before.step));
        }
    }

    fn item(&mut self, item: &Item) {
        let now = (item.lifecycle, item.version);
        let Some(before) = self.items.insert(item.item_id.clone(), now) else {
            return;
        };
        if before == now {
            return;
        }
        let id = &item.item_id;
        if !before.0.may_become(now.0) {
            self.violation(format!("{id} went {:?} -> {:?}", before.0, now.0));
        }
        if before.1 + 1 != now.1 {
            self.violation(format!("{id} went from version {} to {}", before.1, now.1));
        }
        let tokens = item.accounts.iter().any(|a| a.processor_token.is_some());
        if now.0 == Lifecycle::Removed && (item.access_token.is_some() || tokens) {
            self.violation(format!("{id} is removed and has tokens"));
        }
    }
}

impl Claimed {
    fn of(exchange: &Exchange, actor: usize) -> Self {
        Self {
            step: exchange.step,
            owner: exchange.owner.clone(),
            actor,
            lease_until: exchange.lease_until,
        }
    }
}
