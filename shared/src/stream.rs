//! DynamoDB's stream as Lambda hands it to a function, as far as we look: which records were
//! written. Their content is read from the table, which knows better by now.

use serde::{Deserialize, Serialize};

use crate::domain::RecordKey;

/// A batch of the stream.
#[derive(Debug, Default, Deserialize)]
pub struct StreamEvent {
    /// The records, in the order of their writes.
    #[serde(rename = "Records", default)]
    pub records: Vec<StreamRecord>,
}

/// One write.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    #[serde(rename = "eventName")]
    event: String,
    dynamodb: Written,
}

#[derive(Debug, Deserialize)]
struct Written {
    #[serde(rename = "Keys")]
    keys: Keys,
    #[serde(rename = "SequenceNumber")]
    sequence_number: String,
}

#[derive(Debug, Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl StreamRecord {
    /// The record's key in the table.
    pub fn key(&self) -> RecordKey {
        RecordKey {
            pk: self.dynamodb.keys.pk.text.clone(),
            sk: self.dynamodb.keys.sk.text.clone(),
        }
    }

    /// Whether the record was new, and neither changed nor deleted.
    pub fn is_insert(&self) -> bool {
        self.event == "INSERT"
    }

    /// The write's place in the stream.
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }
}

/// What a function answers: Lambda delivers everything again from the first of these on.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamAnswer {
    #[serde(rename = "batchItemFailures")]
    failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    sequence_number: String,
}

impl StreamAnswer {
    /// This record is to be delivered again.
    pub fn failed(&mut self, record: &StreamRecord) {
        self.failures.push(Failure {
            sequence_number: record.sequence_number().to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"Records": [{"eventID": "1", "eventName": "INSERT",
        "eventSource": "aws:dynamodb", "dynamodb": {"Keys": {"pk": {"S": "INBOX#I"},
        "sk": {"S": "1#2"}}, "SequenceNumber": "111", "SizeBytes": 26,
        "StreamViewType": "NEW_IMAGE"}}]}"#;

    #[test]
    fn a_batch_is_read_and_its_failures_are_named() {
        let event: StreamEvent = serde_json::from_str(EVENT).unwrap();
        let record = &event.records[0];
        assert_eq!(
            (record.key().pk.as_str(), record.key().sk.as_str()),
            ("INBOX#I", "1#2")
        );
        assert!(record.is_insert());
        let mut answer = StreamAnswer::default();
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"batchItemFailures":[]}"#
        );
        answer.failed(record);
        let answer = serde_json::to_value(&answer).unwrap();
        assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "111");
    }
}
