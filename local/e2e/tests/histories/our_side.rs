//! What our own functions do: streams, the schedule, and invocations that freeze or die.

use shared::domain::RecordKey;

use crate::scene::Scene;

/// Further than any history goes.
const NEVER: i64 = 400 * 24 * 3600;

impl Scene {
    /// Delivers what the streams have not delivered yet, or half of it.
    pub(crate) async fn stream(&mut self) {
        let freeze_at = self.dice.one_in(5).then_some("replace");
        let (mut inbox, changes) = self.undelivered();
        if self.dice.one_in(4) {
            inbox.truncate(inbox.len().div_ceil(2));
        }
        if self.dice.one_in(8) {
            self.bus.refuse_after(1);
        }
        self.deliver(inbox, changes, freeze_at).await;
    }

    /// Everything that the streams have not delivered yet.
    pub(crate) async fn stream_all(&mut self) {
        let (inbox, changes) = self.undelivered();
        self.deliver(inbox, changes, None).await;
    }

    async fn deliver(
        &mut self,
        inbox: Vec<RecordKey>,
        changes: Vec<RecordKey>,
        freeze_at: Option<&'static str>,
    ) {
        for key in inbox.iter().chain(&changes) {
            self.delivered.insert((key.pk.clone(), key.sk.clone()));
        }
        if !inbox.is_empty() {
            let work = self.functions.process(&inbox);
            let told = self.invoke("process", freeze_at, work).await;
            let failed = told.is_some_and(|told| told.body["batchItemFailures"][0].is_object());
            if failed {
                self.violation("the stream is to deliver webhooks again");
            }
        }
        if !changes.is_empty() {
            let work = self.functions.publish(&changes);
            self.invoke("publish", None, work).await;
        }
    }

    /// The schedule's minute. What the calendar alone would do is put off, except where
    /// truths change silently: nothing else may need it.
    pub(crate) async fn reconcile(&mut self) {
        let alone = self.handed().len() < 2;
        let freeze_at = (alone && self.dice.one_in(6)).then_some("replace");
        self.reconcile_until(freeze_at).await;
    }

    pub(crate) async fn reconcile_until(&mut self, freeze_at: Option<&'static str>) {
        if !self.silent {
            self.forget_the_calendar();
        }
        let work = self.functions.reconcile();
        self.invoke("reconcile", freeze_at, work).await;
    }

    /// A re-read that is due within minutes has a reason; others are the calendar's.
    pub(crate) fn forget_the_calendar(&self) {
        let never = self.sandbox.now() + jiff::SignedDuration::from_secs(NEVER);
        let mut records = self.store.records();
        for item in records.items.values_mut() {
            let due_at = item.due_at;
            let by_calendar =
                due_at.is_some_and(|at| at.duration_since(item.updated_at).as_hours() >= 1);
            if by_calendar {
                item.due_at = Some(never);
            }
        }
    }

    /// Somebody who is frozen goes on; or dies, unless that loses an Item.
    pub(crate) async fn release(&mut self) {
        if self.frozen.is_empty() {
            return;
        }
        let actor = self.frozen.remove(0);
        if actor.what != "exchange" && self.dice.one_in(4) {
            self.tell(format!("{} died", actor.what));
            self.hands.kill(actor);
            return;
        }
        self.thaw(actor).await;
    }

    /// Plaid refuses some of the next calls: to read an Item, or to make a token.
    pub(crate) fn plaid_is_away(&mut self) {
        let calls = 1 + u32::try_from(self.dice.below(3)).unwrap();
        let from = self
            .dice
            .one_of(&["item_get", "accounts", "processor_token"]);
        self.tell(format!("Plaid refuses {calls} calls of {from}"));
        self.hands.watch.seen().away = Some((from, calls));
    }

    /// Time passes: seconds, minutes, rarely hours.
    pub(crate) async fn let_time_pass(&mut self) {
        let roll = self.dice.below(20);
        let seconds = match roll {
            0..8 => 1 + self.dice.below(40),
            8..18 => 60 + self.dice.below(500),
            18 => 1_800 + self.dice.below(3_600),
            _ => 4 * 3_600 + self.dice.below(20 * 3_600),
        };
        self.advance(seconds as u64).await;
        self.tell("is the time");
    }
}
