//! The functions as AWS runs them: the shipped programs, each in a process of its own that
//! gets its events from the API of Lambda's runtimes and calls its upstreams over TLS. Beside
//! them, in the same run and in turn, what others would write.

mod authority;
mod chart;
mod contestants;
mod front;
mod ledger;
mod measure;
mod report;
mod runtime_api;
mod sandbox;
mod size;
mod table;
mod upstreams;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use self::contestants::{Contestant, FUNCTIONS};
use self::measure::Places;
use self::report::Report;
use self::size::Size;
use self::upstreams::Upstreams;
use crate::Failure;

/// The functions as they are shipped, beside what others would write: cold, warm, memory, size
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many sandboxes of each are started; medians are told
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How many events each gets after its first one
    #[arg(long, default_value_t = 100)]
    invocations: u32,
    /// Ages, in events, at which the memory of a further sandbox is told, as in `1000,10000`
    #[arg(long, value_delimiter = ',')]
    ages: Vec<u64>,
    /// How long Plaid takes for each answer, in milliseconds
    #[arg(long, default_value_t = 20)]
    plaid_latency_ms: u64,
    /// How long a service of AWS takes for each answer, in milliseconds
    #[arg(long, default_value_t = 2)]
    aws_latency_ms: u64,
    /// Only these functions
    #[arg(long, value_delimiter = ',')]
    functions: Vec<String>,
    /// Only these contestants
    #[arg(long, value_delimiter = ',')]
    contestants: Vec<Contestant>,
    /// Take the programs and packages that are there
    #[arg(long)]
    no_build: bool,
    /// Where the figures are written to, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where a picture of them is written to, as SVG
    #[arg(long)]
    svg: Option<PathBuf>,
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let target = target()?;
    let contestants = options.contestants();
    if !options.no_build {
        for contestant in &contestants {
            println!("building: {}", contestant.name());
            contestant.build(&target)?;
        }
    }
    let folder = target.join("bench-lambda");
    std::fs::create_dir_all(&folder)?;
    let plaid = Duration::from_millis(options.plaid_latency_ms);
    let aws = Duration::from_millis(options.aws_latency_ms);
    let upstreams = Upstreams::start(&folder, plaid, aws).await?;
    let places = Places {
        target: &target,
        folder: &folder,
    };
    let mut report = Report::default();
    for function in options.functions()? {
        for round in 1..=options.rounds {
            // In turn: whatever else the machine is doing meets all of them.
            for &contestant in &contestants {
                let measured = measure::round(
                    &places,
                    &upstreams,
                    contestant,
                    function,
                    options.invocations,
                );
                report.add(function, contestant, measured.await?);
            }
            println!("{function}: round {round} of {}", options.rounds);
        }
        for &contestant in &contestants {
            let size = Size::of(&contestant.deployed(&target, function))?;
            report.deployed(function, contestant, size);
        }
        for &contestant in contestants.iter().filter(|contestant| contestant.works()) {
            let ages = &options.ages;
            let ages = measure::grow_old(&places, &upstreams, contestant, function, ages).await?;
            report.grown(function, contestant, ages);
        }
    }
    let summaries = report.summaries();
    print!("{}", table::of(&summaries)?);
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&summaries)?)?;
    }
    if let Some(path) = &options.svg {
        std::fs::write(path, chart::of(&summaries)?)?;
    }
    Ok(())
}

impl Options {
    fn contestants(&self) -> Vec<Contestant> {
        let all = [
            Contestant::Ours,
            Contestant::Bare,
            Contestant::Node,
            Contestant::Python,
        ];
        let wanted =
            |one: &Contestant| self.contestants.is_empty() || self.contestants.contains(one);
        all.into_iter().filter(wanted).collect()
    }

    fn functions(&self) -> Result<Vec<&'static str>, Failure> {
        let unknown = |name: &&String| !FUNCTIONS.contains(&name.as_str());
        if let Some(name) = self.functions.iter().find(unknown) {
            return Err(format!("{name} is none of {}", FUNCTIONS.join(", ")).into());
        }
        let wanted =
            |name: &&str| self.functions.is_empty() || self.functions.iter().any(|own| own == name);
        Ok(FUNCTIONS.into_iter().filter(wanted).collect())
    }
}

/// Where Cargo put this very program: `<target>/<profile>/bench`.
fn target() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("no target folder")?;
    Ok(target.to_owned())
}
