//! All rounds of a run, and the figures that they come to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::contestants::Contestant;
use super::measure::{Age, Event, Round};
use super::size::Size;
use crate::figures::Figures;

/// What was measured.
#[derive(Default)]
pub(super) struct Report {
    rows: BTreeMap<(&'static str, Contestant), Row>,
}

#[derive(Default)]
struct Row {
    rounds: Vec<Round>,
    ages: Vec<Age>,
    size: Option<Size>,
}

/// A function of a contestant in numbers: medians of its sandboxes.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) function: &'static str,
    pub(super) contestant: Contestant,
    /// From the start of the process to its first question for an event.
    pub(super) init_ms: f64,
    /// What that took of the processor.
    pub(super) init_cpu_ms: f64,
    /// The first event.
    pub(super) first_ms: f64,
    /// All others.
    pub(super) warm_p50_ms: f64,
    pub(super) warm_p90_ms: f64,
    pub(super) warm_p99_ms: f64,
    /// The median without the time in which Plaid was answering.
    pub(super) beyond_plaid_ms: f64,
    /// The median without the time in which anybody was answering.
    pub(super) alone_ms: f64,
    /// Of the processor, for each event but the first.
    pub(super) cpu_us: f64,
    /// Resident memory before the first event, and after the last.
    pub(super) fresh_mb: f64,
    pub(super) used_mb: f64,
    /// The same of a further sandbox at these ages, in events.
    pub(super) at_age_mb: BTreeMap<u64, f64>,
    /// What is deployed, and what is uploaded for it.
    pub(super) size_mb: Option<f64>,
    pub(super) zipped_mb: Option<f64>,
    /// TLS handshakes until the first event was answered.
    pub(super) cold_connections: u32,
    /// What an event asks of the upstreams, in its order.
    pub(super) calls: Vec<String>,
    /// Read and write units of DynamoDB for one.
    pub(super) units: f64,
}

impl Report {
    pub(super) fn add(&mut self, function: &'static str, contestant: Contestant, round: Round) {
        self.row(function, contestant).rounds.push(round);
    }

    pub(super) fn deployed(&mut self, function: &'static str, contestant: Contestant, size: Size) {
        self.row(function, contestant).size = Some(size);
    }

    pub(super) fn grown(&mut self, function: &'static str, contestant: Contestant, ages: Vec<Age>) {
        self.row(function, contestant).ages = ages;
    }

    fn row(&mut self, function: &'static str, contestant: Contestant) -> &mut Row {
        self.rows.entry((function, contestant)).or_default()
    }

    /// The figures, function by function.
    pub(super) fn summaries(&self) -> Vec<Summary> {
        let summary =
            |(&(function, contestant), row): (&(_, _), &Row)| row.summary(function, contestant);
        self.rows.iter().filter_map(summary).collect()
    }
}

impl Row {
    fn summary(&self, function: &'static str, contestant: Contestant) -> Option<Summary> {
        let last = self.rounds.last()?;
        let warm = self.warm(|event| event.took);
        let calls = last.warm_traffic.calls.iter();
        Some(Summary {
            function,
            contestant,
            init_ms: ms(self.median(|round| round.init)),
            init_cpu_ms: ms(self.median(|round| round.init_cpu)),
            first_ms: ms(self.median(|round| round.first)),
            warm_p50_ms: ms(warm.quantile(0.5)),
            warm_p90_ms: ms(warm.quantile(0.9)),
            warm_p99_ms: ms(warm.quantile(0.99)),
            beyond_plaid_ms: ms(self.warm(|event| event.beyond_plaid).quantile(0.5)),
            alone_ms: ms(self.warm(|event| event.alone).quantile(0.5)),
            cpu_us: ms(self.median(|round| round.cpu)) * 1000.0,
            fresh_mb: self.memory(|round| round.resident[0]),
            used_mb: self.memory(|round| round.resident[1]),
            at_age_mb: self
                .ages
                .iter()
                .map(|age| (age.events, mb(age.resident)))
                .collect(),
            size_mb: self.size.map(|size| mb(size.unpacked)),
            zipped_mb: self.size.map(|size| mb(size.zipped)),
            cold_connections: last.cold_traffic.connections,
            calls: calls.map(|call| call.name.clone()).collect(),
            units: last.warm_traffic.units,
        })
    }

    fn warm(&self, of: impl Fn(&Event) -> Duration) -> Figures {
        let events = self.rounds.iter().flat_map(|round| &round.warm);
        Figures::of(events.map(of).collect())
    }

    fn median(&self, of: impl Fn(&Round) -> Duration) -> Duration {
        Figures::of(self.rounds.iter().map(of).collect()).quantile(0.5)
    }

    fn memory(&self, of: impl Fn(&Round) -> u64) -> f64 {
        let mut all: Vec<u64> = self.rounds.iter().map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().map(mb).unwrap_or_default()
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "megabytes, for people")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
