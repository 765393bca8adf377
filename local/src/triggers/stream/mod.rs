//! Streams: what Lambda's event source mappings do. Each mapping reads its stream by
//! itself, in order, so that a slow function holds up nobody else.

mod batch;
mod record;
mod settings;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use self::batch::{Batch, FollowUp, Outcome};
use self::record::Record;
pub(super) use self::settings::Settings;
use self::settings::StartingPosition;
use super::positions::Positions;
use super::stop::{Stop, Stopped};
use crate::aws::dynamodb::{DynamoDb, DynamoDbError};
use crate::functions::{FunctionError, Runner};

/// How often a stream is looked at. AWS does it four times a second.
const POLL: Duration = Duration::from_millis(100);
/// How many records are read at a time.
const PAGE: usize = 1000;
/// How long a new mapping looks back at most: AWS's streams go no further.
const HORIZON: Duration = Duration::from_hours(24);
/// The first pause after a failure, and the longest. AWS begins with seconds and ends with
/// minutes.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Looks for the end of a stream, again and again, for all mappings that read it.
pub(super) async fn follow(
    database: DynamoDb,
    stream: String,
    end: watch::Sender<Option<String>>,
    mut stop: Stop,
) {
    let mut known = None;
    loop {
        let begun = Instant::now();
        match newer(&database, &stream, known.as_deref()).await {
            Ok(None) => {}
            Ok(newest) => {
                known.clone_from(&newest);
                end.send_replace(newest);
            }
            Err(error) => report(&stream, &error),
        }
        // However long it takes, the database has time for others.
        let pause = POLL.max(begun.elapsed() * 20);
        if stop.during(sleep(pause)).await.is_err() {
            return;
        }
    }
}

/// The sequence number of the last record, if it is another than the known one.
async fn newer(
    database: &DynamoDb,
    stream: &str,
    known: Option<&str>,
) -> Result<Option<String>, DynamoDbError> {
    // The first question takes the database long, the others do not.
    let Some(known) = known else {
        return database.end_of_stream(stream).await;
    };
    let records = database.records_after(stream, Some(known), PAGE).await?;
    let last = records
        .last()
        .and_then(|record| record.pointer("/dynamodb/SequenceNumber"));
    Ok(last.and_then(Value::as_str).map(str::to_owned))
}

/// One function that reads a stream, or its share of the records.
pub(super) struct Mapping {
    /// The trigger's name.
    pub(super) name: String,
    /// The function's package.
    pub(super) function: String,
    pub(super) settings: Settings,
    /// Which records are its: of a mapping with several batches at once there are as many
    /// of these.
    pub(super) lane: u64,
    pub(super) database: DynamoDb,
    pub(super) runner: Arc<Runner>,
    pub(super) positions: Positions,
    /// The sequence number of the stream's last record.
    pub(super) end: watch::Receiver<Option<String>>,
    pub(super) stop: Stop,
}

impl Mapping {
    /// Where it goes on. Written down at the first start: what comes after it is delivered,
    /// however often the program is started before.
    pub(super) async fn position(&self) -> Result<String, DynamoDbError> {
        let (place, source) = self.place();
        if let Some(known) = self.positions.get(&place, &source) {
            return Ok(known);
        }
        let first = match self.settings.from {
            StartingPosition::Latest => {
                let end = self.database.end_of_stream(&self.settings.stream).await?;
                end.unwrap_or_default()
            }
            StartingPosition::TrimHorizon => self.horizon().await?,
        };
        self.positions.set(&place, &source, &first).await;
        Ok(first)
    }

    /// Under which name the position is remembered, and of what: with another number of
    /// lanes the records are shared out in another way.
    fn place(&self) -> (String, String) {
        let Self {
            name,
            settings,
            lane,
            ..
        } = self;
        match settings.lanes {
            1 => (name.clone(), settings.stream.clone()),
            lanes => (
                format!("{name}/{lane}"),
                format!("{} in {lanes}", settings.stream),
            ),
        }
    }

    fn wants(&self, record: &Record) -> bool {
        self.settings.wants(&record.json) && record.lane(self.settings.lanes) == self.lane
    }

    /// The last record that AWS's stream would not have any more.
    async fn horizon(&self) -> Result<String, DynamoDbError> {
        let now = Timestamp::now();
        let mut horizon = String::new();
        loop {
            let page = self.read(&horizon).await?;
            let older = page.iter().take_while(|record| record.age(now) > HORIZON);
            let older = older.last().map(|record| record.sequence.clone());
            match older {
                Some(last) => horizon = last,
                None => return Ok(horizon),
            }
        }
    }

    /// Delivers what comes after a position, until it is stopped.
    pub(super) async fn run(mut self, after: String) {
        drop(self.deliver_all(after).await);
    }

    async fn deliver_all(&mut self, mut after: String) -> Result<(), Stopped> {
        loop {
            let (records, through) = self.collect(&after).await?;
            for batch in Batch::fill(records, self.settings.batch_size) {
                self.deliver(batch).await?;
            }
            after = through;
        }
    }

    /// The next records that are wanted, and the last one that was read for them.
    async fn collect(&mut self, after: &str) -> Result<(Vec<Record>, String), Stopped> {
        let mut wanted = Vec::new();
        let mut through = after.to_owned();
        let mut until = None;
        loop {
            // Before the read: what is written after it wakes us up.
            self.end.borrow_and_update();
            let page = match self.read(&through).await {
                Ok(page) => page,
                Err(error) => {
                    report(&self.settings.stream, &error);
                    self.stop.during(sleep(PAUSES.1)).await?;
                    continue;
                }
            };
            let more = page.len() == PAGE;
            if let Some(last) = page.last() {
                last.sequence.clone_into(&mut through);
            }
            wanted.extend(page.into_iter().filter(|record| self.wants(record)));
            let full = wanted.len() >= self.settings.batch_size.min(PAGE);
            if full || (!wanted.is_empty() && self.settings.window.is_zero()) {
                return Ok((wanted, through));
            }
            if more {
                continue;
            }
            if wanted.is_empty() {
                let changed = self.end.changed();
                // Without its sender nothing ends this but the stop.
                if self.stop.during(changed).await?.is_err() {
                    self.stop.during(std::future::pending::<()>()).await?;
                }
                continue;
            }
            let until = *until.get_or_insert_with(|| Instant::now() + self.settings.window);
            let changed = timeout_at(until, self.end.changed());
            if self.stop.during(changed).await?.is_err() {
                return Ok((wanted, through));
            }
        }
    }

    async fn read(&self, after: &str) -> Result<Vec<Record>, DynamoDbError> {
        let stream = &self.settings.stream;
        let after = (!after.is_empty()).then_some(after);
        let page = self.database.records_after(stream, after, PAGE).await?;
        Ok(page
            .into_iter()
            .map(|record| Record::of(record, stream))
            .collect())
    }

    /// Delivers a batch until nothing of it is left, one way or the other.
    async fn deliver(&mut self, batch: Batch) -> Result<(), Stopped> {
        let limits = self.settings.limits;
        let mut waiting = VecDeque::from([batch]);
        let mut failures = 0;
        while let Some(mut batch) = waiting.pop_front() {
            // A program that is stopping begins nothing new.
            self.stop.check()?;
            let expired = batch.take_expired(&limits, Timestamp::now());
            self.give_up(&expired, "they became too old").await;
            if batch.records.is_empty() {
                continue;
            }
            let event = record::event(&batch.records);
            // Not cut short by a stop: an invocation under way has a moment to finish.
            let result = self.runner.invoke(&self.function, event).await;
            let outcome = batch.outcome(&result, &limits);
            let done = match outcome {
                Outcome::Succeeded => batch.records.len(),
                Outcome::FailedFrom(first) => first,
                Outcome::Failed | Outcome::NotReached => 0,
            };
            if let Some(last) = done.checked_sub(1).and_then(|last| batch.records.get(last)) {
                failures = 0;
                self.remember(last).await;
            }
            if outcome != Outcome::Succeeded {
                self.log_failure(&batch, outcome, &result);
            }
            match batch.follow_up(outcome, &limits) {
                FollowUp::Nothing => {}
                FollowUp::GiveUp(batch) => {
                    self.give_up(&batch.records, "their retries are used up")
                        .await;
                }
                FollowUp::Again(batches) => {
                    for batch in batches.into_iter().rev() {
                        waiting.push_front(batch);
                    }
                    self.stop.during(sleep(pause(failures))).await?;
                    failures += 1;
                }
            }
        }
        Ok(())
    }

    async fn remember(&self, last: &Record) {
        let (place, source) = self.place();
        self.positions.set(&place, &source, &last.sequence).await;
    }

    fn log_failure(&self, batch: &Batch, outcome: Outcome, result: &Result<Value, FunctionError>) {
        let error = match result {
            Ok(_) => "its answer names failed records".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            trigger = self.name,
            function = self.function,
            records = batch.records.len(),
            retries = batch.retries,
            ?outcome,
            error,
            "a batch of the stream failed"
        );
    }

    /// Says what is lost as loudly as a log can; AWS has a destination for it.
    async fn give_up(&self, records: &[Record], reason: &str) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        tracing::error!(
            trigger = self.name,
            function = self.function,
            records = records.len(),
            first = first.sequence,
            last = last.sequence,
            reason,
            "RECORDS OF THE STREAM ARE GIVEN UP"
        );
        self.remember(last).await;
    }
}

/// Doubles with each failure in a row.
fn pause(failures: u32) -> Duration {
    let (first, longest) = PAUSES;
    first.saturating_mul(1 << failures.min(16)).min(longest)
}

fn report(stream: &str, error: &DynamoDbError) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(stream, %error, source, "the stream cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        assert_eq!(pause(0), Duration::from_millis(100));
        assert_eq!(pause(3), Duration::from_millis(800));
        assert_eq!(pause(50), PAUSES.1);
    }
}
