//! One sandbox after the other, and what each took.

use std::path::Path;
use std::time::Duration;

use super::contestants::Contestant;
use super::ledger::{Traffic, Upstream};
use super::sandbox::Sandbox;
use super::upstreams::Upstreams;
use super::work::Work;
use crate::Failure;

/// What one sandbox took.
#[derive(Debug, Clone)]
pub(super) struct Round {
    /// Until it asked for its first event.
    pub(super) init: Duration,
    pub(super) init_cpu: Duration,
    /// Its first event.
    pub(super) first: Duration,
    /// The others.
    pub(super) warm: Vec<Event>,
    /// Of the processor, for each of the others.
    pub(super) cpu: Duration,
    /// Memory before the first event, and after the last, in bytes.
    pub(super) resident: [u64; 2],
    /// What went to the upstreams before the first event and with it, and with the last one.
    pub(super) cold_traffic: Traffic,
    pub(super) warm_traffic: Traffic,
}

/// An event, and how long it took.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) took: Duration,
    /// Without the time in which Plaid was answering.
    pub(super) beyond_plaid: Duration,
    /// Without the time in which any upstream was answering.
    pub(super) alone: Duration,
}

impl Event {
    fn new(took: Duration, traffic: &Traffic) -> Self {
        let plaid = traffic.waited(|call| call.upstream == Upstream::Plaid);
        Self {
            took,
            beyond_plaid: took.saturating_sub(plaid),
            alone: took.saturating_sub(traffic.waited(|_| true)),
        }
    }
}

/// Memory as a sandbox grows old, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Age {
    /// After how many events.
    pub(super) events: u64,
    pub(super) resident: u64,
}

/// Where the programs are, and where logs go.
pub(super) struct Places<'a> {
    pub(super) target: &'a Path,
    pub(super) folder: &'a Path,
}

impl Places<'_> {
    async fn start(
        &self,
        upstreams: &Upstreams,
        contestant: Contestant,
        function: &str,
    ) -> Result<Sandbox, Failure> {
        let command = contestant.command(self.target, function);
        let log = self.folder.join(format!("{contestant:?}-{function}.log"));
        let variables = upstreams.variables(self.target, function);
        Sandbox::start(&command, &variables, &log).await
    }
}

/// A new sandbox: cold, and then warm.
pub(super) async fn round(
    places: &Places<'_>,
    upstreams: &Upstreams,
    contestant: Contestant,
    function: &'static str,
    invocations: u32,
) -> Result<Round, Failure> {
    let work = Work::of(&upstreams.people, function);
    let mut events = Vec::new();
    for _ in 0..=invocations {
        events.push(work.next().await?);
    }
    upstreams.ledger.take();
    let mut sandbox = places.start(upstreams, contestant, function).await?;
    let fresh = sandbox.resident()?;
    let mut took = Vec::new();
    let mut cold_traffic = Traffic::default();
    let mut warm_traffic = Traffic::default();
    let mut cpu_after_first = Duration::ZERO;
    for event in &events {
        let (answer, time) = sandbox.invoke(event).await?;
        if contestant.works() {
            work.check(&answer)?;
        }
        warm_traffic = upstreams.ledger.take();
        if took.is_empty() {
            cold_traffic = warm_traffic.clone();
            cpu_after_first = sandbox.cpu()?;
        }
        took.push(Event::new(time, &warm_traffic));
    }
    let cpu = sandbox.cpu()?.saturating_sub(cpu_after_first) / invocations.max(1);
    let resident = [fresh, sandbox.resident()?];
    let (init, init_cpu) = (sandbox.init, sandbox.init_cpu);
    sandbox.stop().await?;
    let mut took = took.into_iter();
    Ok(Round {
        init,
        init_cpu,
        first: took.next().map(|event| event.took).unwrap_or_default(),
        warm: took.collect(),
        cpu,
        resident,
        cold_traffic,
        warm_traffic,
    })
}

/// A sandbox that lives long: its memory at these ages, in events.
pub(super) async fn grow_old(
    places: &Places<'_>,
    upstreams: &Upstreams,
    contestant: Contestant,
    function: &'static str,
    ages: &[u64],
) -> Result<Vec<Age>, Failure> {
    let work = Work::of(&upstreams.people, function);
    let mut sandbox = places.start(upstreams, contestant, function).await?;
    let mut found = Vec::new();
    let mut events = 0;
    for &age in ages {
        while events < age {
            let (answer, _) = sandbox.invoke(&work.next().await?).await?;
            work.check(&answer)?;
            events += 1;
        }
        let resident = sandbox.resident()?;
        found.push(Age { events, resident });
    }
    sandbox.stop().await?;
    Ok(found)
}
