//! Records that somebody must look after.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::Table;
use super::attributes::{moment, text};
use super::expressions::{Condition, Edit};
use super::query::record_key;
use super::refusal::{tolerating, unavailable};
use super::rows::Row;
use super::shards::shards;
use super::write::Write;
use crate::domain::RecordKey;
use crate::ports::{Due, DueRecords, StoreError};

impl DueRecords for Table {
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Due, StoreError> {
        let mut queries = JoinSet::new();
        for shard in shards() {
            queries.spawn(entries(self.due_in(&shard, now, limit)));
        }
        let mut found = Vec::new();
        while let Some(shard) = queries.join_next().await {
            let shard = shard.map_err(|failed| StoreError::Unavailable(failed.to_string()))?;
            found.extend(shard?);
        }
        found.sort_by_key(|(due_at, _)| *due_at);
        Ok(found.into_iter().take(limit as usize).collect())
    }

    async fn postpone(&self, key: &RecordKey, until: Timestamp) -> Result<(), StoreError> {
        let edit = Edit::default().set("due_at", moment(until));
        let still_due = Condition::default().has("due_at");
        let postpone = Write::update(key.clone(), edit).only_if(still_due);
        tolerating(self.write(postpone).await)
    }
}

impl Table {
    fn due_in(&self, shard: &str, now: Timestamp, limit: u32) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .index_name("due")
            .key_condition_expression("due = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", text(shard))
            .expression_attribute_values(":now", moment(now))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
    }
}

/// The first entries of a shard: since when each record is due, and its key.
async fn entries(query: QueryFluentBuilder) -> Result<Vec<(Timestamp, RecordKey)>, StoreError> {
    let answer = query.send().await.map_err(|error| unavailable(&error))?;
    let rows = answer.items.unwrap_or_default();
    rows.iter()
        .map(|row| entry(row).ok_or_else(|| StoreError::Corrupt("the index due".to_owned())))
        .collect()
}

fn entry(row: &Row) -> Option<(Timestamp, RecordKey)> {
    let due_at = row.get("due_at")?.as_n().ok()?;
    let due_at = Timestamp::from_millisecond(due_at.parse().ok()?).ok()?;
    Some((due_at, record_key(row)?))
}
