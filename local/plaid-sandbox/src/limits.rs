//! How many calls of an endpoint Plaid takes in a minute, once a test has said so.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::wire::error::PlaidError;

/// Plaid counts by the minute; this one ends with the call that asks.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// The code of endpoints that have none of their own.
const ANY: &str = "RATE_LIMIT";

/// The limits, by endpoint. They are not saved: each start has none.
#[derive(Debug, Default)]
pub(crate) struct Limits(BTreeMap<String, Limit>);

/// A limit, and the calls that it has let through in the last minute.
#[derive(Debug)]
struct Limit {
    per_minute: usize,
    taken: VecDeque<Timestamp>,
    refused: u64,
}

impl Limits {
    /// From now on `endpoint` takes so many calls a minute; counting begins anew.
    pub(crate) fn set(&mut self, endpoint: String, per_minute: usize) {
        let limit = Limit {
            per_minute,
            taken: VecDeque::new(),
            refused: 0,
        };
        self.0.insert(endpoint, limit);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call.
    ///
    /// # Errors
    /// It is one too many; it does not count.
    pub(crate) fn take(&mut self, endpoint: &str, now: Timestamp) -> Result<(), PlaidError> {
        let Some(limit) = self.0.get_mut(endpoint) else {
            return Ok(());
        };
        limit.forget_before(now);
        if limit.taken.len() >= limit.per_minute {
            limit.refused += 1;
            return Err(PlaidError::of(code(endpoint)));
        }
        limit.taken.push_back(now);
        Ok(())
    }

    pub(crate) fn view(&self) -> Value {
        let limits = self.0.iter().map(|(endpoint, limit)| {
            json!({
                "endpoint": endpoint,
                "per_minute": limit.per_minute,
                "error_code": code(endpoint),
                "refused": limit.refused,
            })
        });
        json!({"limits": limits.collect::<Vec<_>>()})
    }
}

impl Limit {
    fn forget_before(&mut self, now: Timestamp) {
        let is_old = |taken: &Timestamp| now.duration_since(*taken) >= MINUTE;
        while self.taken.front().is_some_and(is_old) {
            self.taken.pop_front();
        }
    }
}

/// What Plaid calls it.
fn code(endpoint: &str) -> &'static str {
    match endpoint {
        "/accounts/get" => "ACCOUNTS_LIMIT",
        "/auth/get" => "AUTH_LIMIT",
        "/item/get" => "ITEM_GET_LIMIT",
        _ => ANY,
    }
}
