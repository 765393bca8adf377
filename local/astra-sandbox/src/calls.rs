//! The log of calls: which endpoint, in which order, with what result. No secrets.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::Clock;

/// How many calls are remembered one by one; the counts go on.
const REMEMBERED: usize = 10_000;

/// One call on one of Astra's paths.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) endpoint: String,
    pub(crate) request_id: String,
    /// `None` when the connection was cut.
    pub(crate) status: Option<u16>,
    /// What an error said.
    pub(crate) error: Option<String>,
    /// Whether a fault struck it.
    pub(crate) fault: bool,
    pub(crate) started_at: Timestamp,
}

/// The calls since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    counts: BTreeMap<String, u64>,
    calls: VecDeque<Call>,
}

impl CallLog {
    pub(crate) fn add(&mut self, call: Call) {
        *self.counts.entry(call.endpoint.clone()).or_default() += 1;
        if self.calls.len() == REMEMBERED {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(crate) fn view(&self, clock: &Clock) -> Value {
        // They are noted when they end; what matters is when they came.
        let mut calls: Vec<&Call> = self.calls.iter().collect();
        calls.sort_by_key(|call| call.started_at);
        let calls = calls.into_iter().map(|call| {
            json!({
                "endpoint": call.endpoint,
                "request_id": call.request_id,
                "status": call.status,
                "error": call.error,
                "fault": call.fault,
                "started_at": clock.shown(call.started_at).to_string(),
            })
        });
        json!({"counts": self.counts, "requests": calls.collect::<Vec<_>>()})
    }
}
