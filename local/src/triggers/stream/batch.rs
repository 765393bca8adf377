//! What becomes of a batch: Lambda's rules for streams, without any input or output.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::record::Record;
use super::settings::Limits;
use crate::functions::FunctionError;

/// How long a stream keeps a record.
const RETENTION: Duration = Duration::from_hours(24);
/// What an invocation's event may be at most, in bytes.
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// Records that are delivered together, in the order of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// How often they were tried again.
    pub(super) retries: u64,
}

/// What an invocation came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    Succeeded,
    /// All before this one succeeded.
    FailedFrom(usize),
    Failed,
    /// The function was not reached, so that nothing can be said about the records.
    NotReached,
}

/// What is to be done after an invocation, besides going on behind its batch.
#[derive(Debug, PartialEq)]
pub(super) enum FollowUp {
    Nothing,
    /// These are delivered, one after the other.
    Again(Vec<Batch>),
    /// These have used up their attempts.
    GiveUp(Batch),
}

impl Batch {
    /// Batches for records, none larger than a function takes.
    pub(super) fn fill(records: Vec<Record>, size: usize) -> Vec<Self> {
        let mut batches: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for record in records {
            let more = record.json.to_string().len();
            match batches.last_mut() {
                Some(last) if last.records.len() < size && bytes + more <= MAX_EVENT => {
                    last.records.push(record);
                    bytes += more;
                }
                _ => {
                    batches.push(Self {
                        records: vec![record],
                        retries: 0,
                    });
                    bytes = more;
                }
            }
        }
        batches
    }

    /// Takes out the records that have become too old to be tried.
    pub(super) fn take_expired(&mut self, limits: &Limits, now: Timestamp) -> Vec<Record> {
        // Every record is tried once, even if nothing ran when the stream would have
        // dropped it: a laptop is switched off at times.
        let kept = (self.retries > 0).then_some(RETENTION);
        let Some(max_age) = limits.max_age.into_iter().chain(kept).min() else {
            return Vec::new();
        };
        let records = std::mem::take(&mut self.records).into_iter();
        let (expired, left) = records.partition(|record| record.age(now) > max_age);
        self.records = left;
        expired
    }

    /// What the result of an invocation with this batch means.
    pub(super) fn outcome(
        &self,
        result: &Result<Value, FunctionError>,
        limits: &Limits,
    ) -> Outcome {
        match result {
            Ok(answer) if limits.reports_failures => self.reported(answer),
            Ok(_) => Outcome::Succeeded,
            Err(FunctionError::Unreachable(_)) => Outcome::NotReached,
            Err(_) => Outcome::Failed,
        }
    }

    /// The first of the records that the answer names.
    fn reported(&self, answer: &Value) -> Outcome {
        let failures = match answer.get("batchItemFailures") {
            None | Some(Value::Null) => return Outcome::Succeeded,
            Some(Value::Array(failures)) => failures,
            Some(_) => return Outcome::Failed,
        };
        let place = |failure: &Value| {
            let sequence = failure.get("itemIdentifier")?.as_str()?;
            let mut records = self.records.iter();
            records.position(|record| record.sequence == sequence)
        };
        let places: Option<Vec<usize>> = failures.iter().map(place).collect();
        match places.map(|places| places.into_iter().min()) {
            Some(None) => Outcome::Succeeded,
            Some(Some(0)) | None => Outcome::Failed,
            Some(Some(first)) => Outcome::FailedFrom(first),
        }
    }

    /// What is to be done after an outcome. Splitting a batch does not count as a retry,
    /// and neither does going on from the first record that failed.
    pub(super) fn follow_up(mut self, outcome: Outcome, limits: &Limits) -> FollowUp {
        match outcome {
            Outcome::Succeeded => FollowUp::Nothing,
            Outcome::NotReached => FollowUp::Again(vec![self]),
            Outcome::FailedFrom(first) => {
                let records = self.records.split_off(first);
                FollowUp::Again(vec![Self {
                    records,
                    retries: 0,
                }])
            }
            Outcome::Failed if limits.bisects && self.records.len() > 1 => {
                let records = self.records.split_off(self.records.len() / 2);
                let second = Self {
                    records,
                    retries: self.retries,
                };
                FollowUp::Again(vec![self, second])
            }
            Outcome::Failed if limits.retries.is_some_and(|limit| self.retries >= limit) => {
                FollowUp::GiveUp(self)
            }
            Outcome::Failed => {
                self.retries += 1;
                FollowUp::Again(vec![self])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(number: u32) -> Record {
        Record {
            sequence: number.to_string(),
            written: Timestamp::UNIX_EPOCH,
            json: json!({ "n": number }),
        }
    }

    fn batch(numbers: impl IntoIterator<Item = u32>) -> Batch {
        Batch {
            records: numbers.into_iter().map(record).collect(),
            retries: 0,
        }
    }

    const REPORTING: Limits = Limits {
        reports_failures: true,
        bisects: false,
        retries: None,
        max_age: None,
    };

    fn outcome(answer: Value) -> Outcome {
        batch(1..=5).outcome(&Ok(answer), &REPORTING)
    }

    #[test]
    fn records_are_batched_in_order_up_to_the_size() {
        let records = (1..=5).map(record).collect();
        let batches = Batch::fill(records, 2);
        assert_eq!(batches, [batch(1..=2), batch(3..=4), batch([5])]);
        assert_eq!(Batch::fill(Vec::new(), 2), []);
    }

    #[test]
    fn a_batch_is_no_larger_than_an_event_may_be() {
        let large = |number| Record {
            json: json!({ "n": "x".repeat(MAX_EVENT / 2) }),
            ..record(number)
        };
        let batches = Batch::fill((1..=3).map(large).collect(), 100);
        assert_eq!(batches.len(), 3);
    }

    #[test]
    fn an_answer_without_failures_is_a_success() {
        for answer in [
            json!({ "batchItemFailures": [] }),
            json!({ "batchItemFailures": null }),
            json!({}),
            Value::Null,
        ] {
            assert_eq!(outcome(answer.clone()), Outcome::Succeeded, "{answer}");
        }
    }

    #[test]
    fn the_lowest_reported_record_counts() {
        let answer = json!({ "batchItemFailures": [
            { "itemIdentifier": "4" }, { "itemIdentifier": "3" }, { "itemIdentifier": "5" },
        ] });
        assert_eq!(outcome(answer), Outcome::FailedFrom(2));
        let answer = json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] });
        assert_eq!(outcome(answer), Outcome::Failed);
    }

    #[test]
    fn an_answer_that_names_no_record_of_the_batch_is_a_failure_of_all() {
        for failure in [
            json!({ "itemIdentifier": "" }),
            json!({ "itemIdentifier": null }),
            json!({ "itemIdentifier": "6" }),
            json!({ "item": "3" }),
        ] {
            let answer = json!({ "batchItemFailures": [{ "itemIdentifier": "3" }, failure] });
            assert_eq!(outcome(answer), Outcome::Failed, "{failure}");
        }
        assert_eq!(
            outcome(json!({ "batchItemFailures": "3" })),
            Outcome::Failed
        );
    }

    #[test]
    fn an_answer_is_only_read_where_the_template_says_so() {
        let answer = Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "3" }] }));
        let limits = Limits::default();
        assert_eq!(batch(1..=5).outcome(&answer, &limits), Outcome::Succeeded);
    }

    #[test]
    fn a_partial_failure_goes_on_from_there_with_all_its_retries() {
        let limits = Limits {
            retries: Some(0),
            ..REPORTING
        };
        let mut tried = batch(1..=5);
        tried.retries = 3;
        let again = FollowUp::Again(vec![batch(3..=5)]);
        assert_eq!(tried.follow_up(Outcome::FailedFrom(2), &limits), again);
    }

    #[test]
    fn a_batch_is_given_up_after_its_retries() {
        let limits = Limits {
            retries: Some(2),
            ..REPORTING
        };
        let mut tried = batch(1..=2);
        for retries in 1..=2 {
            let FollowUp::Again(mut again) = tried.follow_up(Outcome::Failed, &limits) else {
                panic!("given up after {retries}")
            };
            tried = again.remove(0);
            assert_eq!((again.len(), tried.retries), (0, retries));
        }
        let given_up = FollowUp::GiveUp(tried.clone());
        assert_eq!(tried.follow_up(Outcome::Failed, &limits), given_up);
    }

    #[test]
    fn without_a_limit_a_batch_is_tried_forever_and_not_reaching_it_never_counts() {
        let mut tried = batch(1..=2);
        tried.retries = 100_000;
        let FollowUp::Again(again) = tried.clone().follow_up(Outcome::Failed, &REPORTING) else {
            panic!("given up")
        };
        assert_eq!(again[0].retries, 100_001);
        let limits = Limits {
            retries: Some(0),
            ..REPORTING
        };
        let again = FollowUp::Again(vec![tried.clone()]);
        assert_eq!(tried.follow_up(Outcome::NotReached, &limits), again);
    }

    #[test]
    fn a_split_keeps_the_order_and_does_not_count_as_a_retry() {
        let limits = Limits {
            bisects: true,
            retries: Some(0),
            ..REPORTING
        };
        let halves = FollowUp::Again(vec![batch(1..=2), batch(3..=5)]);
        assert_eq!(batch(1..=5).follow_up(Outcome::Failed, &limits), halves);
        let given_up = FollowUp::GiveUp(batch([1]));
        assert_eq!(batch([1]).follow_up(Outcome::Failed, &limits), given_up);
    }

    #[test]
    fn records_that_are_too_old_are_taken_out_before_the_others_are_tried() {
        let limits = Limits {
            max_age: Some(Duration::from_mins(1)),
            ..REPORTING
        };
        let now = Timestamp::from_second(100).unwrap();
        let mut batch = batch(1..=2);
        batch.records[1].written = now - Duration::from_mins(1);
        assert_eq!(batch.take_expired(&limits, now), [record(1)]);
        assert_eq!(batch.records.len(), 1);
    }

    #[test]
    fn a_record_of_any_age_is_tried_once_and_not_again_when_the_stream_would_not_have_it() {
        let now = Timestamp::from_second(24 * 60 * 60 + 1).unwrap();
        let mut batch = batch([1]);
        assert_eq!(batch.take_expired(&REPORTING, now), []);
        batch.retries = 1;
        assert_eq!(batch.take_expired(&REPORTING, now), [record(1)]);
    }
}
