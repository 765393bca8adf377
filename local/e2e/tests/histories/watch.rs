//! What happened, seen at each call and each write: the events from which the verdict knows
//! how often tokens were made, and when notices ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use shared::domain::{AccountId, Health, Item, ItemId, Lifecycle, LinkId};
use shared::ports::Clock;
use shared::test_util::MemoryStore;
use shared::test_util::faults::{Call, Effect, Fate, Fault};

use crate::sandbox::SandboxClock;

const PNC: &str = "ins_13";

pub(crate) struct Watch {
    store: Arc<MemoryStore>,
    clock: SandboxClock,
    seen: Mutex<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    actors: BTreeMap<usize, Acting>,
    /// Who is to freeze, and at which call.
    freeze: Option<(usize, &'static str)>,
    /// Which calls Plaid refuses, and how many more of them.
    pub(crate) away: Option<(&'static str, u32)>,
    items: BTreeMap<ItemId, Item>,
    refreshed: BTreeSet<LinkId>,
    /// Until when notices are over.
    pub(crate) cleared: BTreeMap<ItemId, Timestamp>,
    /// How often a finished update mode of PNC was settled, by account with a token.
    pub(crate) settled: BTreeMap<AccountId, u32>,
    /// When the latest token of an account was made at Plaid.
    pub(crate) made_at: BTreeMap<AccountId, Timestamp>,
    /// When a settled update mode of PNC asked for a new token.
    pub(crate) wanted_at: BTreeMap<AccountId, Timestamp>,
    /// Tokens that were made and not recorded, for a good reason.
    pub(crate) vain: u32,
    pub(crate) reads: u32,
    pub(crate) lost_races: u32,
    pub(crate) wrong: Vec<String>,
}

/// An invocation under way.
#[derive(Default)]
struct Acting {
    what: &'static str,
    asked_at: Option<Timestamp>,
    /// When it made tokens that are not recorded yet.
    made: Vec<Timestamp>,
    /// Whether its tokens may be in vain: somebody was faster, or an exchange made one early,
    /// by what the browser said.
    may_forget: bool,
}

impl Watch {
    pub(crate) fn new(store: &Arc<MemoryStore>, clock: &SandboxClock) -> Self {
        Self {
            store: Arc::clone(store),
            clock: clock.clone(),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) fn begin(&self, actor: usize, what: &'static str) {
        let acting = Acting {
            what,
            ..Acting::default()
        };
        self.seen().actors.insert(actor, acting);
    }

    pub(crate) fn freeze(&self, actor: usize, call: &'static str) {
        self.seen().freeze = Some((actor, call));
    }

    pub(crate) fn ended(&self, actor: usize) {
        let mut seen = self.seen();
        seen.freeze = seen.freeze.filter(|(frozen, _)| *frozen != actor);
        let acting = seen.actors.remove(&actor).unwrap();
        let in_vain = u32::try_from(acting.made.len()).unwrap();
        if in_vain > 0 && !acting.may_forget {
            let what = acting.what;
            seen.wrong
                .push(format!("{what} made a token and forgot it"));
        }
        seen.vain += in_vain;
    }

    pub(crate) fn died(&self, actor: usize) {
        let mut seen = self.seen();
        let acting = seen.actors.remove(&actor).unwrap();
        seen.vain += u32::try_from(acting.made.len()).unwrap();
    }

    fn look_at_table(&self, actor: usize) {
        let records = self.store.records();
        let mut seen = self.seen();
        let sessions = records.sessions.iter();
        let refreshed = sessions.filter(|session| session.refreshed_at.is_some());
        let mut settled = BTreeMap::<ItemId, bool>::new();
        for session in refreshed {
            let Some(item_id) = &session.item_id else {
                continue;
            };
            if seen.refreshed.insert(session.link_id.clone()) {
                let finished = settled.entry(item_id.clone()).or_default();
                *finished |= session.exit.is_none();
            }
        }
        for item in records.items.values() {
            let before = seen.items.insert(item.item_id.clone(), item.clone());
            if before.as_ref().is_none_or(|b| b.version != item.version) {
                let settled = settled.get(&item.item_id).copied();
                seen.written(actor, before.as_ref(), item, settled);
            }
        }
    }
}

impl Seen {
    /// An Item was written; `settled` tells of sessions of update mode that this settled,
    /// and whether one was finished.
    fn written(&mut self, actor: usize, before: Option<&Item>, item: &Item, settled: Option<bool>) {
        let asked_at = self.actors.get(&actor).and_then(|acting| acting.asked_at);
        let linked = |item: &&Item| item.lifecycle == Lifecycle::Linked;
        let was_broken = before
            .filter(linked)
            .is_some_and(|before| before.health != Health::Good);
        let healed = was_broken && linked(&item) && item.health == Health::Good;
        // Whoever left said so, and nothing was mended.
        if let Some(asked_at) = asked_at.filter(|_| healed || settled == Some(true)) {
            let cleared = self.cleared.entry(item.item_id.clone()).or_insert(asked_at);
            *cleared = asked_at.max(*cleared);
        }
        let institution = item.institution.as_ref();
        let of_pnc = institution.is_some_and(|i| i.institution_id.as_str() == PNC);
        if settled == Some(true) && of_pnc {
            self.pnc_wants_tokens(before, asked_at);
        }
        self.recorded_tokens(actor, before, item);
    }

    fn pnc_wants_tokens(&mut self, before: Option<&Item>, asked_at: Option<Timestamp>) {
        let accounts = before.into_iter().flat_map(|item| &item.accounts);
        for account in accounts.filter(|account| account.processor_token.is_some()) {
            let account_id = account.plaid.account_id.clone();
            *self.settled.entry(account_id.clone()).or_default() += 1;
            self.wanted_at.extend(asked_at.map(|at| (account_id, at)));
        }
    }

    fn recorded_tokens(&mut self, actor: usize, before: Option<&Item>, item: &Item) {
        for account in &item.accounts {
            let id = &account.plaid.account_id;
            let known = before.and_then(|before| before.account(id));
            let known = known.map_or(0, |known| known.generation);
            if account.generation < known {
                self.wrong.push("a generation went back".to_owned());
            }
            for _ in known..account.generation {
                let acting = self.actors.get_mut(&actor);
                match acting.and_then(|acting| acting.made.pop()) {
                    Some(at) => drop(self.made_at.insert(id.clone(), at)),
                    None => self.wrong.push("a token was recorded twice".to_owned()),
                }
            }
        }
    }
}

/// Lets calls go as the history has it, and watches them.
pub(crate) struct Watching(pub(crate) Arc<Watch>);

impl Fate for Watching {
    fn pace(&mut self, _call: &Call) -> u32 {
        0
    }

    fn fault(&mut self, _number: usize, call: &Call) -> Option<Fault> {
        let now = self.0.clock.now();
        let mut seen = self.0.seen();
        if call.name == "item_get" {
            let acting = seen.actors.get_mut(&call.actor);
            acting.unwrap().asked_at = Some(now);
        }
        if seen.freeze == Some((call.actor, call.name)) {
            seen.freeze = None;
            return Some(Fault::Stall);
        }
        let (name, calls) = seen.away?;
        if name != call.name {
            return None;
        }
        seen.away = (calls > 1).then_some((name, calls - 1));
        Some(Fault::Throttle)
    }

    fn effect(&mut self, effect: &Effect) {
        let Call { actor, name, .. } = effect.call;
        let writes_item = matches!(name, "replace" | "record_item" | "finish" | "reject");
        if writes_item && effect.succeeded {
            self.0.look_at_table(actor);
        }
        let now = self.0.clock.now();
        let mut seen = self.0.seen();
        seen.reads += u32::from(name == "item_get" && effect.succeeded);
        if writes_item && !effect.succeeded {
            seen.lost_races += 1;
        }
        let Some(acting) = seen.actors.get_mut(&actor) else {
            return;
        };
        if name == "processor_token" && effect.succeeded {
            acting.made.push(now);
        }
        acting.may_forget |= name == "exchange" || (writes_item && !effect.succeeded);
    }
}
