//! A record of a stream as Lambda hands it to a function.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::template::REGION;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// Its place in the stream. All have the same length: text order is their order.
    pub(super) sequence: String,
    /// When it was written.
    pub(super) written: Timestamp,
    /// What the function gets.
    pub(super) json: Value,
}

impl Record {
    /// A record of the database, which has an ARN and a region of its own.
    pub(super) fn of(mut json: Value, stream: &str) -> Self {
        let mut written = Timestamp::UNIX_EPOCH;
        let mut sequence = String::new();
        if let Some(change) = json.get_mut("dynamodb").and_then(Value::as_object_mut) {
            if let Some(number) = change.get("SequenceNumber").and_then(Value::as_str) {
                number.clone_into(&mut sequence);
            }
            let created = "ApproximateCreationDateTime";
            if let Some(seconds) = change.get(created).and_then(whole_seconds) {
                change.insert(created.to_owned(), seconds.into());
                written = Timestamp::from_second(seconds).unwrap_or(written);
            }
        }
        if let Some(fields) = json.as_object_mut() {
            fields.insert("awsRegion".to_owned(), REGION.into());
            fields.insert("eventSourceARN".to_owned(), stream.into());
        }
        Self {
            sequence,
            written,
            json,
        }
    }

    /// Which of so many lanes it takes. All writes of one item take the same; Lambda does
    /// not promise more, not even for items of one partition.
    pub(super) fn lane(&self, lanes: u64) -> u64 {
        let keys = self.json.pointer("/dynamodb/Keys").map(Value::to_string);
        // FNV-1a. Not the standard library's hash: after its change a lane would go on
        // behind records that had been another's.
        let hash = keys
            .unwrap_or_default()
            .bytes()
            .fold(FNV_OFFSET, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
            });
        hash.checked_rem(lanes).unwrap_or_default()
    }

    /// How long ago it was written.
    pub(super) fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.written)
            .try_into()
            .unwrap_or_default()
    }
}

/// The database writes whole seconds as a fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "seconds of the clock are far from the limits"
)]
fn whole_seconds(value: &Value) -> Option<i64> {
    value.as_f64().map(|seconds| seconds as i64)
}

/// The event with these records.
pub(super) fn event(records: &[Record]) -> Value {
    let records: Vec<&Value> = records.iter().map(|record| &record.json).collect();
    json!({ "Records": records })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(pk: &str, sk: &str) -> Record {
        let json = json!({ "dynamodb": {
            "Keys": { "pk": { "S": pk }, "sk": { "S": sk } },
            "SequenceNumber": "7",
            "ApproximateCreationDateTime": 1_700_000_000.0,
        } });
        Record::of(json, "the-stream")
    }

    #[test]
    fn a_record_says_where_it_comes_from_and_when_it_was_written() {
        let record = record("p", "s");
        assert_eq!(record.sequence, "7");
        assert_eq!(record.json["eventSourceARN"], "the-stream");
        assert_eq!(
            record.json["dynamodb"]["ApproximateCreationDateTime"].to_string(),
            "1700000000"
        );
        let now = Timestamp::from_second(1_700_000_060).unwrap();
        assert_eq!(record.age(now), Duration::from_mins(1));
        assert_eq!(record.age(Timestamp::UNIX_EPOCH), Duration::ZERO);
    }

    #[test]
    fn writes_of_one_item_take_one_lane_and_items_are_shared_out() {
        let lanes: Vec<u64> = (0..100)
            .map(|n| record("p", &n.to_string()).lane(4))
            .collect();
        assert_eq!(record("p", "7").lane(4), lanes[7]);
        for lane in 0..4 {
            assert!(
                lanes.iter().filter(|other| **other == lane).count() > 10,
                "{lanes:?}"
            );
        }
        assert!(lanes.iter().all(|lane| *lane < 4));
        // Written down in data folders: these must never change.
        assert_eq!([lanes[0], lanes[1], lanes[2]], [2, 3, 0]);
    }
}
