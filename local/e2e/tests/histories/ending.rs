//! The end of a history: everything gets through, and everything that is due is done. No
//! re-read that the calendar alone asks for is needed for that.

use jiff::SignedDuration;
use serde_json::Value;
use shared::domain::{DueRecord, Lifecycle, RecordKey};
use shared::ports::DueRecords;

use crate::scene::Scene;
use crate::verdict::would_make_token;

/// Plaid's schedule, as far as anything is refused here.
const RETRIES: [u64; 4] = [30, 120, 480, 1_920];
/// How far away the next thing may be, in seconds.
const STEPS: [u64; 9] = [
    0,
    20,
    60,
    300,
    900,
    2_000,
    5 * 3_600,
    25 * 3_600,
    48 * 3_600,
];
const MOST_ROUNDS: u32 = 400;
/// Longer than the calendar's longest period.
const A_WEEK_AND_MORE: u64 = 9 * 24 * 3_600;

impl Scene {
    pub(crate) async fn end(&mut self) {
        self.tell("the end");
        // A token that cannot be made now is made without any further webhook.
        let away = self.dice.one_in(3).then_some(("processor_token", 1));
        self.hands.watch.seen().away = away;
        while !self.frozen.is_empty() {
            let actor = self.frozen.remove(0);
            self.thaw(actor).await;
        }
        for seconds in RETRIES {
            self.advance(seconds).await;
            while self.mailbox.deliver_late().await {}
            self.stream_all().await;
            self.reconcile_until(None).await;
        }
        self.come_to_rest().await;
        if self.silent {
            self.tell("the calendar's turn");
            self.advance(A_WEEK_AND_MORE).await;
            self.come_to_rest().await;
        }
    }

    /// Goes on until nothing is due any more.
    async fn come_to_rest(&mut self) {
        let mut truths = Vec::new();
        for item_id in self.handed() {
            truths.push(self.truth(&item_id).await);
        }
        for _ in 0..MOST_ROUNDS {
            self.stream_all().await;
            let Some(wait) = self.next_step(&truths).await else {
                return;
            };
            self.advance(wait).await;
            self.reconcile_until(None).await;
        }
        let due = self.due_within(STEPS[8], &truths).await;
        self.violation(format!("it never comes to rest: {due:?}"));
    }

    async fn next_step(&self, truths: &[Value]) -> Option<u64> {
        for step in STEPS {
            if !self.due_within(step, truths).await.is_empty() {
                return Some(step);
            }
        }
        None
    }

    /// What is due by then, and not just the calendar's.
    async fn due_within(&self, seconds: u64, truths: &[Value]) -> Vec<RecordKey> {
        let then = self.sandbox.now() + SignedDuration::from_secs(seconds.cast_signed());
        let mut due = self.store.due(then, u32::MAX).await.unwrap().keys;
        let now = self.sandbox.now();
        due.retain(|key| match DueRecord::of(key) {
            Some(DueRecord::Item(_, item_id)) => {
                let item = self.stored(item_id.as_str()).unwrap();
                let due_at = item.due_at.unwrap();
                let by_calendar = due_at.duration_since(item.updated_at).as_hours() >= 1;
                let overdue = self.silent && due_at <= now;
                let truth = truths
                    .iter()
                    .find(|truth| truth["item_id"] == item_id.as_str());
                let linked = item.lifecycle == Lifecycle::Linked;
                let hopeless = linked && truth.is_some_and(|truth| waits_for_ever(&item, truth));
                (!by_calendar || overdue) && !hopeless
            }
            _ => true,
        });
        due
    }
}

/// Whether the Item has a token to replace that Plaid will not make: it is read again for
/// that every five minutes.
fn waits_for_ever(item: &shared::domain::Item, truth: &Value) -> bool {
    let mut renewed = item.accounts.iter().filter(|account| account.renew);
    renewed.any(|account| !would_make_token(truth, account.plaid.account_id.as_str()))
}
