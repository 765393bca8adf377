//! What was played, in numbers.

use std::fmt;

use crate::scene::Scene;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    histories: u32,
    sent: usize,
    attempts: u32,
    accepted: usize,
    repeated: usize,
    stale: usize,
    reads: u32,
    lost_races: u32,
    tokens: u32,
}

impl Summary {
    pub(crate) fn of(scene: &Scene) -> Self {
        let mail = scene.mailbox.mail();
        let letters = &mail.letters;
        let records = scene.store.records();
        let accounts = records.items.values().flat_map(|item| &item.accounts);
        let count = |which: fn(&crate::post::Letter) -> bool| {
            letters.iter().filter(|letter| which(letter)).count()
        };
        let accepted = count(crate::post::Letter::was_accepted);
        let fresh = records.inbox.values().filter(|record| !record.stale);
        let seen = scene.hands.watch.seen();
        let mut bodies: Vec<&str> = letters.iter().map(|letter| letter.hash.as_str()).collect();
        bodies.sort_unstable();
        bodies.dedup();
        Self {
            histories: 1,
            sent: bodies.len(),
            attempts: mail.attempts,
            accepted,
            repeated: accepted - fresh.count(),
            stale: count(crate::post::Letter::was_stale),
            reads: seen.reads,
            lost_races: seen.lost_races,
            tokens: accounts.map(|account| account.generation).sum(),
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.sent += other.sent;
        self.attempts += other.attempts;
        self.accepted += other.accepted;
        self.repeated += other.repeated;
        self.stale += other.stale;
        self.reads += other.reads;
        self.lost_races += other.lost_races;
        self.tokens += other.tokens;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            histories,
            sent,
            attempts,
            accepted,
            repeated,
            stale,
            reads,
            lost_races,
            tokens,
        } = self;
        write!(
            f,
            "{histories} histories: {sent} webhooks in {attempts} attempts, accepted {accepted} \
             times, {repeated} of them repeated, {stale} stale; {reads} reads, {lost_races} lost \
             races, {tokens} processor tokens"
        )
    }
}
