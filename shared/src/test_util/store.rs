//! The table in memory, with the conditions of the real one.

mod astra;
mod erasure;
mod exchanges;
mod inbox;
mod items;
mod links;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{
    AstraAuthorization, AstraConnection, Change, ChangeId, Deadline, DueRecord, Exchange, InboxEnd,
    InboxRecord, Item, ItemId, LinkSession, OwnerToken, RecordKey, Stray, UserId,
};
use crate::ports::{Due, DueRecords, StoreError};

/// After this time a change that the stream has not published is due, as in the real store.
const PUBLISHED_WITHIN: Duration = Duration::from_mins(2);

/// The table in memory.
#[derive(Default)]
pub struct MemoryStore {
    records: Mutex<Records>,
}

/// What is stored, for a test to look at and to arrange.
#[derive(Default, Clone)]
pub struct Records {
    /// By key.
    pub exchanges: BTreeMap<String, Exchange>,
    /// By exchange and Item.
    pub strays: BTreeMap<(String, String), Stray>,
    /// By user and Item.
    pub items: BTreeMap<(String, String), Item>,
    /// Users by Item.
    pub owners: BTreeMap<ItemId, UserId>,
    /// In the order of their commit.
    pub changes: Vec<Change>,
    /// Those of the changes that were published.
    pub published: BTreeSet<ChangeId>,
    /// In the order of their creation.
    pub sessions: Vec<LinkSession>,
    /// By partition and sort key.
    pub inbox: BTreeMap<(String, String), InboxRecord>,
    /// How those of them ended that did, by the same key.
    pub ended: BTreeMap<(String, String), InboxEnd>,
    /// Users on the way to Astra's page and back.
    pub authorizations: Vec<AstraAuthorization>,
    /// Connections to Astra, by user.
    pub connections: BTreeMap<UserId, AstraConnection>,
    /// Who works for which user at Astra, and until when.
    pub leases: BTreeMap<UserId, (OwnerToken, Timestamp)>,
    /// Users to be erased, and since when.
    pub erasures: BTreeMap<UserId, Timestamp>,
    /// Until when due records wait that do not show it themselves, by their key.
    pub postponed: BTreeMap<(String, String), Timestamp>,
    /// Operations that do not answer from now on, counted down by each one; the write
    /// does not happen.
    pub down_for: u32,
    /// Operations that are let through before `down_for` counts.
    pub up_for: u32,
}

impl MemoryStore {
    /// The records.
    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `up_for` operations through, then loses `down_for`.
    pub fn go_down(&self, up_for: u32, down_for: u32) {
        let mut records = self.records();
        records.up_for = up_for;
        records.down_for = down_for;
    }

    fn begin(&self) -> Result<MutexGuard<'_, Records>, StoreError> {
        let mut records = self.records();
        if records.up_for > 0 {
            records.up_for -= 1;
        } else if records.down_for > 0 {
            records.down_for -= 1;
            return Err(StoreError::Unavailable("the test took it down".to_owned()));
        }
        Ok(records)
    }
}

impl Records {
    /// Every record that waits, with its key and its time.
    fn due(&self) -> Vec<(Timestamp, RecordKey)> {
        let exchanges = self.exchanges.values();
        let exchanges = exchanges
            .filter(|exchange| !exchange.step.is_settled())
            .map(|exchange| (exchange.lease_until, RecordKey::exchange(&exchange.key)));
        let strays = self.strays.values();
        let strays = strays.map(|s| (s.due_at, RecordKey::stray(&s.key, &s.item_id)));
        let items = self.items.values();
        let items =
            items.filter_map(|i| Some((i.due_at?, RecordKey::item(&i.user_id, &i.item_id))));
        let sessions = self.sessions.iter();
        let sessions = sessions
            .filter_map(|s| Some((s.due_at()?, RecordKey::link_session(&s.user_id, &s.link_id))));
        let changes = self.changes.iter();
        let changes = changes
            .filter(|change| !self.published.contains(&change.change_id))
            .map(|c| (published_by(c), RecordKey::change(&c.user_id, &c.change_id)));
        let inbox = self.inbox.iter();
        let inbox = inbox
            .filter(|(key, _)| !self.ended.contains_key(*key))
            .map(|(_, r)| (r.received_at, RecordKey::inbox(r)));
        let erasures = self.erasures.iter();
        let erasures = erasures.map(|(user_id, at)| (*at, RecordKey::erasure(user_id)));
        let connections = self.connections.values();
        let connections = connections
            .filter_map(|c| Some((c.due_at()?, RecordKey::astra_connection(&c.user_id))));
        exchanges
            .chain(strays)
            .chain(items)
            .chain(sessions)
            .chain(changes)
            .chain(inbox)
            .chain(erasures)
            .chain(connections)
            .map(|(at, key)| (self.postponed_to(&key).unwrap_or(at), key))
            .collect()
    }

    /// The time of a record that shows it.
    fn due_at(&mut self, key: &RecordKey) -> Option<&mut Timestamp> {
        match DueRecord::of(key)? {
            DueRecord::Item(user_id, item_id) => {
                let key = (user_id.to_string(), item_id.to_string());
                self.items.get_mut(&key)?.due_at.as_mut()
            }
            DueRecord::Stray(exchange, item_id) => {
                let key = (exchange.as_str().to_owned(), item_id.to_string());
                Some(&mut self.strays.get_mut(&key)?.due_at)
            }
            _ => None,
        }
    }

    fn postponed_to(&self, key: &RecordKey) -> Option<Timestamp> {
        self.postponed
            .get(&(key.pk.clone(), key.sk.clone()))
            .copied()
    }

    /// A record that is written has a new time of its own.
    fn no_longer_postponed(&mut self, key: RecordKey) {
        self.postponed.remove(&(key.pk, key.sk));
    }
}

fn published_by(change: &Change) -> Timestamp {
    Deadline::after(change.at, PUBLISHED_WITHIN).moment()
}

impl DueRecords for MemoryStore {
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Due, StoreError> {
        let mut due = self.begin()?.due();
        due.retain(|(at, _)| *at <= now);
        due.sort_by_key(|(at, _)| *at);
        due.truncate(limit as usize);
        Ok(due.into_iter().collect())
    }

    async fn postpone(&self, key: &RecordKey, until: Timestamp) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if !records.due().iter().any(|(_, due)| due == key) {
            return Ok(());
        }
        match records.due_at(key) {
            Some(due_at) => *due_at = until,
            None => drop(
                records
                    .postponed
                    .insert((key.pk.clone(), key.sk.clone()), until),
            ),
        }
        Ok(())
    }
}
