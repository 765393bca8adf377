//! One history: Plaid, our functions, the post between them, and what was done so far.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use shared::domain::{Item, ItemId, RecordKey};
use shared::test_util::faults::Plan;
use shared::test_util::{Dice, FixedClock, MemoryBus, MemoryStore};

use crate::functions::{Functions, Parts};
use crate::hands::{Actor, Hands, Progress, Told, Work};
use crate::post::{Address, Mail, Mailbox};
use crate::sandbox::Sandbox;
use crate::watch::{Watch, Watching};

/// A session of Link, as its user sees it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: String,
    pub(crate) link_id: String,
    pub(crate) link_token: String,
    pub(crate) item_id: String,
    /// Whether it ended at Plaid.
    pub(crate) ended: bool,
}

pub(crate) struct Scene {
    pub(crate) dice: Dice,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) hands: Arc<Hands>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) webhook_url: String,
    pub(crate) sessions: Vec<Session>,
    pub(crate) frozen: Vec<Actor>,
    /// Whether truths change without a webhook.
    pub(crate) silent: bool,
    /// What was done, in words.
    pub(crate) told: Vec<String>,
    /// How many webhooks differ by their number alone.
    pub(crate) numbered: u32,
    /// What the streams have delivered.
    pub(crate) delivered: BTreeSet<(String, String)>,
    pub(crate) wrong: Vec<String>,
}

impl Scene {
    pub(crate) fn new(seed: u64, sandbox: Arc<Sandbox>, address: &Address) -> Self {
        let mut dice = Dice::new(seed);
        let store = Arc::new(MemoryStore::default());
        let bus = Arc::new(MemoryBus::default());
        let watch = Arc::new(Watch::new(&store, &sandbox.clock));
        // Only the real client looks at deadlines here, and it goes by the sandbox's clock.
        let timeless = FixedClock::at_second(0);
        let fate = Box::new(Watching(Arc::clone(&watch)));
        let plan = Arc::new(Plan::new(&timeless, fate));
        let parts = Parts {
            plan: Arc::clone(&plan),
            client: Arc::clone(&sandbox.client),
            store: Arc::clone(&store),
            bus: Arc::clone(&bus),
            clock: sandbox.clock.clone(),
            base_url: address.base_url.clone(),
        };
        let hands = Arc::new(Hands {
            plan,
            watch,
            clock: sandbox.clock.clone(),
        });
        let mailbox = Arc::new(Mailbox {
            seed,
            receipt: parts.receipt(),
            hands: Arc::clone(&hands),
            state: Mutex::new(Mail::default()),
        });
        address.belongs_to(&mailbox);
        Self {
            silent: dice.one_in(8),
            dice,
            functions: Arc::new(parts.functions()),
            webhook_url: parts.webhook_url(),
            sandbox,
            hands,
            mailbox,
            store,
            bus,
            sessions: Vec::new(),
            frozen: Vec::new(),
            told: Vec::new(),
            numbered: 0,
            delivered: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    pub(crate) fn tell(&mut self, what: impl Into<String>) {
        let at = self.sandbox.now();
        self.told.push(format!("{at} {}", what.into()));
    }

    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        self.wrong.push(what.into());
    }

    /// The Items that Plaid handed out, in that order.
    pub(crate) fn handed(&self) -> Vec<String> {
        let handed = self.hands.plan.handed();
        handed.iter().map(|h| h.item_id.to_string()).collect()
    }

    pub(crate) async fn truth(&self, item_id: &str) -> Value {
        self.sandbox
            .look(&format!("/simulator/items/{item_id}"))
            .await
    }

    /// The Item as we keep it.
    pub(crate) fn stored(&self, item_id: &str) -> Option<Item> {
        let records = self.store.records();
        let owner = records.owners.get(&ItemId::new(item_id))?;
        let key = (owner.to_string(), item_id.to_owned());
        records.items.get(&key).cloned()
    }

    pub(crate) async fn advance(&mut self, seconds: u64) {
        self.sandbox.advance(Duration::from_secs(seconds)).await;
    }

    /// An invocation; `None` when it froze.
    pub(crate) async fn invoke(
        &mut self,
        what: &'static str,
        freeze_at: Option<&'static str>,
        work: Work,
    ) -> Option<Told> {
        match self.hands.work(what, freeze_at, work).await {
            Progress::Ended(told) => {
                self.tell(format!("{what}: {} {}", told.status, brief(&told)));
                if told.status == 500 {
                    self.violation(format!("{what} met a bug"));
                }
                Some(told)
            }
            Progress::Frozen(actor) => {
                self.tell(format!("{what} froze at {}", freeze_at.unwrap_or_default()));
                self.frozen.push(actor);
                None
            }
        }
    }

    /// The frozen invocation goes on to its end.
    pub(crate) async fn thaw(&mut self, actor: Actor) {
        let what = actor.what;
        let told = self.hands.thaw(actor).await;
        self.tell(format!("{what} went on: {} {}", told.status, brief(&told)));
        if told.status == 500 {
            self.violation(format!("{what} met a bug"));
        }
    }

    /// What was kept and no stream has delivered yet.
    pub(crate) fn undelivered(&self) -> (Vec<RecordKey>, Vec<RecordKey>) {
        let records = self.store.records();
        let new = |key: &RecordKey| {
            let key = (key.pk.clone(), key.sk.clone());
            !self.delivered.contains(&key)
        };
        let inbox = records.inbox.values().map(RecordKey::inbox);
        let changes = records.changes.iter();
        let changes = changes.map(|c| RecordKey::change(&c.user_id, &c.change_id));
        (inbox.filter(new).collect(), changes.filter(new).collect())
    }
}

/// The part of an answer that a protocol needs.
fn brief(told: &Told) -> String {
    if told.text("code").is_empty() {
        return told.text("action").to_owned();
    }
    told.text("code").to_owned()
}
