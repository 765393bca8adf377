//! The log of calls: which endpoint, in which order, with what result. No secrets.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Clock;

/// How many calls are remembered one by one; the counts go on.
const REMEMBERED: usize = 10_000;

/// One call on one of the service's paths.
#[derive(Debug)]
pub struct Call {
    /// The endpoint's name.
    pub endpoint: String,
    /// The id that the answer carries.
    pub request_id: String,
    /// `None` when the connection was cut.
    pub status: Option<u16>,
    /// What an error said.
    pub error: Option<String>,
    /// Whether a fault struck it.
    pub fault: bool,
    /// When it came, in the simulator's time.
    pub started_at: Timestamp,
}

/// The calls since the start or the last reset.
#[derive(Debug, Default)]
pub struct CallLog {
    counts: BTreeMap<String, u64>,
    calls: VecDeque<Call>,
}

impl CallLog {
    /// Notes a call that has ended.
    pub fn add(&mut self, call: Call) {
        *self.counts.entry(call.endpoint.clone()).or_default() += 1;
        if self.calls.len() == REMEMBERED {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Forgets all calls.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The log as `GET /simulator/requests` shows it; `error` names the field of what an
    /// error said.
    pub fn view(&self, error: &str, clock: &Clock) -> Value {
        // They are noted when they end; what matters is when they came.
        let mut calls: Vec<&Call> = self.calls.iter().collect();
        calls.sort_by_key(|call| call.started_at);
        let calls = calls.into_iter().map(|call| {
            json!({
                "endpoint": call.endpoint,
                "request_id": call.request_id,
                "status": call.status,
                error: call.error,
                "fault": call.fault,
                "started_at": clock.shown(call.started_at).to_string(),
            })
        });
        json!({"counts": self.counts, "requests": calls.collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: usize) -> Call {
        Call {
            endpoint: "/a".to_owned(),
            request_id: number.to_string(),
            status: None,
            error: Some("late".to_owned()),
            fault: true,
            started_at: Timestamp::constant(1_790_000_000, 0),
        }
    }

    #[test]
    fn calls_are_shown_in_the_order_in_which_they_came() {
        let mut log = CallLog::default();
        let earlier = Call {
            started_at: Timestamp::UNIX_EPOCH,
            ..call(2)
        };
        log.add(call(1));
        log.add(earlier);
        let view = log.view("error_code", &Clock::frozen_at(Timestamp::MAX));
        let first = json!({
            "endpoint": "/a", "request_id": "2", "status": null, "error_code": "late",
            "fault": true, "started_at": "1970-01-01T00:00:00Z",
        });
        assert_eq!(view["requests"][0], first);
        assert_eq!(view["requests"][1]["request_id"], "1");
    }

    #[test]
    fn the_oldest_calls_are_forgotten_and_still_counted() {
        let mut log = CallLog::default();
        (0..=REMEMBERED).for_each(|number| log.add(call(number)));
        let view = log.view("error", &Clock::frozen_at(Timestamp::MAX));
        let requests = view["requests"].as_array().unwrap();
        assert_eq!(requests.len(), REMEMBERED);
        assert_eq!(requests[0]["request_id"], "1");
        assert_eq!(view["counts"], json!({"/a": REMEMBERED + 1}));
        log.clear();
        let view = log.view("error", &Clock::frozen_at(Timestamp::MAX));
        assert_eq!(view, json!({"counts": {}, "requests": []}));
    }
}
