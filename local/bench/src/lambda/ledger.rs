//! What went to the upstreams, what it cost, and how long it was waited for.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upstream {
    Aws,
    Plaid,
}

/// A call, from the last byte of its request to the first one of its answer.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// An operation of AWS, or a path of Plaid's.
    pub(super) name: String,
    pub(super) upstream: Upstream,
    pub(super) begun: Instant,
    pub(super) ended: Instant,
}

/// What went to the upstreams, and what it cost.
#[derive(Debug, Default, Clone)]
pub(super) struct Traffic {
    /// Connections, each with a TLS handshake.
    pub(super) connections: u32,
    /// In the order in which they were answered.
    pub(super) calls: Vec<Call>,
    /// What DynamoDB charges, in read and write units.
    pub(super) units: f64,
}

impl Traffic {
    /// The time in which one of these calls was being answered; what was asked at the same time
    /// counts once.
    pub(super) fn waited(&self, counts: impl Fn(&Call) -> bool) -> Duration {
        let mut calls: Vec<&Call> = self.calls.iter().filter(|call| counts(call)).collect();
        calls.sort_by_key(|call| call.begun);
        let mut waited = Duration::ZERO;
        let mut until = None;
        for call in calls {
            let from = until.map_or(call.begun, |until| call.begun.max(until));
            waited += call.ended.saturating_duration_since(from);
            until = until.max(Some(call.ended));
        }
        waited
    }
}

/// One account for all upstreams.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Traffic>>);

impl Ledger {
    /// What there was so far; the next account begins.
    pub(super) fn take(&self) -> Traffic {
        self.note(mem::take)
    }

    pub(super) fn note<T>(&self, entry: impl FnOnce(&mut Traffic) -> T) -> T {
        entry(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_at_the_same_time_is_waited_for_once() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let call = |upstream, begun, ended| Call {
            name: String::new(),
            upstream,
            begun: at(begun),
            ended: at(ended),
        };
        let traffic = Traffic {
            calls: vec![
                call(Upstream::Plaid, 20, 40),
                call(Upstream::Aws, 0, 10),
                call(Upstream::Plaid, 22, 25),
                call(Upstream::Aws, 35, 50),
            ],
            ..Traffic::default()
        };
        assert_eq!(traffic.waited(|_| true), Duration::from_millis(40));
        let plaids = traffic.waited(|call| call.upstream == Upstream::Plaid);
        assert_eq!(plaids, Duration::from_millis(20));
        assert_eq!(traffic.waited(|_| false), Duration::ZERO);
    }
}
