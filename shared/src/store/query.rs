//! Pages of the records of one partition.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Table;
use super::attributes::text;
use super::expressions::Condition;
use super::refusal::unavailable;
use super::rows::Row;
use super::write::attributes;
use crate::domain::{RecordKey, UserId};
use crate::ports::StoreError;

/// Which records of a partition are asked for.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pk: String,
    prefix: Option<&'static str>,
    after: Option<RecordKey>,
    newest_first: bool,
    filter: Condition,
    limit: u32,
}

/// Records in the order of their keys.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// The last key that was looked at, if there may be more.
    pub(super) last: Option<RecordKey>,
}

impl Query {
    /// All records of the user; `limit` bounds how many are looked at.
    pub(super) fn of(user_id: &UserId, limit: u32) -> Self {
        Self::within(RecordKey::user_partition(user_id), limit)
    }

    /// All records of the partition; `limit` bounds how many are looked at.
    pub(super) fn within(pk: impl Into<String>, limit: u32) -> Self {
        Self {
            pk: pk.into(),
            prefix: None,
            after: None,
            newest_first: false,
            filter: Condition::default(),
            limit,
        }
    }

    /// Only those whose sort key begins so.
    pub(super) fn beginning(self, prefix: &'static str) -> Self {
        Self {
            prefix: Some(prefix),
            ..self
        }
    }

    /// Only those behind this one.
    pub(super) fn after(self, after: Option<RecordKey>) -> Self {
        Self { after, ..self }
    }

    /// The greatest key first.
    pub(super) fn newest_first(self) -> Self {
        Self {
            newest_first: true,
            ..self
        }
    }

    /// Leaves out, of those that were looked at, all for which this does not hold.
    pub(super) fn only_if(self, filter: Condition) -> Self {
        Self { filter, ..self }
    }

    fn key_condition(&self) -> &'static str {
        match self.prefix {
            Some(_) => "pk = :pk AND begins_with(sk, :prefix)",
            None => "pk = :pk",
        }
    }
}

impl Table {
    /// Reads consistently.
    pub(super) async fn query(&self, query: Query) -> Result<Page, StoreError> {
        let references = query.filter.references();
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(query.key_condition())
            .set_filter_expression(query.filter.expression())
            .set_expression_attribute_names(references.names())
            .set_expression_attribute_values(references.values())
            .expression_attribute_values(":pk", text(&query.pk))
            .set_exclusive_start_key(query.after.as_ref().map(attributes))
            .scan_index_forward(!query.newest_first)
            .consistent_read(true)
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX));
        if let Some(prefix) = query.prefix {
            request = request.expression_attribute_values(":prefix", text(prefix));
        }
        let answer = request.send().await.map_err(|error| unavailable(&error))?;
        let last = answer.last_evaluated_key.as_ref().and_then(record_key);
        Ok(Page {
            rows: answer.items.unwrap_or_default(),
            last,
        })
    }
}

impl Page {
    /// What follows the prefix in the sort key of the last record.
    pub(super) fn last_id(&self, prefix: &str) -> Option<&str> {
        self.last.as_ref()?.sk.strip_prefix(prefix)
    }
}

/// The key of a record, or of an entry of the index.
pub(super) fn record_key(row: &Row) -> Option<RecordKey> {
    let part = |name| {
        row.get(name)
            .and_then(|part| AttributeValue::as_s(part).ok())
    };
    Some(RecordKey {
        pk: part("pk")?.clone(),
        sk: part("sk")?.clone(),
    })
}
