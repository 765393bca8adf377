//! All rounds of a run, and the figures that they come to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Options;
use super::contestants::Contestant;
use super::measure::{Age, Round};
use crate::figures::Figures;

/// What was measured.
pub(super) struct Report {
    plaid_latency: Duration,
    rows: BTreeMap<(&'static str, Contestant), Row>,
}

#[derive(Default)]
struct Row {
    rounds: Vec<Round>,
    ages: Vec<Age>,
    size: Option<u64>,
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
    /// The median without what Plaid takes for its answers.
    pub(super) beyond_plaid_ms: f64,
    /// Of the processor, for each event but the first.
    pub(super) cpu_us: f64,
    /// Resident memory before the first event, and after the last.
    pub(super) fresh_mb: f64,
    pub(super) used_mb: f64,
    /// The same of a further sandbox at these ages, in events.
    pub(super) at_age_mb: BTreeMap<u64, f64>,
    /// What is deployed.
    pub(super) size_mb: Option<f64>,
    /// TLS handshakes until the first event was answered.
    pub(super) cold_connections: u32,
    /// What an event asks of the upstreams, in its order.
    pub(super) calls: Vec<String>,
    /// Read and write units of DynamoDB for one.
    pub(super) units: f64,
}

impl Report {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            plaid_latency: Duration::from_millis(options.plaid_latency_ms),
            rows: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, function: &'static str, contestant: Contestant, round: Round) {
        self.row(function, contestant).rounds.push(round);
    }

    pub(super) fn deployed(&mut self, function: &'static str, contestant: Contestant, size: u64) {
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
        let summary = |(&(function, contestant), row): (&(_, _), &Row)| {
            row.summary(function, contestant, self.plaid_latency)
        };
        self.rows.iter().filter_map(summary).collect()
    }
}

impl Row {
    fn summary(
        &self,
        function: &'static str,
        contestant: Contestant,
        plaid_latency: Duration,
    ) -> Option<Summary> {
        let last = self.rounds.last()?;
        let warm = Figures::of(
            self.rounds
                .iter()
                .flat_map(|round| round.warm.clone())
                .collect(),
        );
        let calls = last.warm_traffic.calls.clone();
        let plaids = plaid_latency * round_trips(function);
        Some(Summary {
            function,
            contestant,
            init_ms: ms(self.median(|round| round.init)),
            init_cpu_ms: ms(self.median(|round| round.init_cpu)),
            first_ms: ms(self.median(|round| round.first)),
            warm_p50_ms: ms(warm.quantile(0.5)),
            warm_p90_ms: ms(warm.quantile(0.9)),
            warm_p99_ms: ms(warm.quantile(0.99)),
            beyond_plaid_ms: ms(warm.quantile(0.5).saturating_sub(plaids)),
            cpu_us: ms(self.median(|round| round.cpu)) * 1000.0,
            fresh_mb: self.memory(|round| round.resident[0]),
            used_mb: self.memory(|round| round.resident[1]),
            at_age_mb: self
                .ages
                .iter()
                .map(|age| (age.events, mb(age.resident)))
                .collect(),
            size_mb: self.size.map(mb),
            cold_connections: last.cold_traffic.connections,
            calls,
            units: last.warm_traffic.units,
        })
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

/// How often a function waits for Plaid; what it asks at the same time counts once.
fn round_trips(function: &str) -> u32 {
    match function {
        "create-link-token" => 1,
        "exchange-and-processor-token" => 2,
        _ => 0,
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "megabytes, for people")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
