//! The parts of the house, each by itself and in memory: what a verified webhook, a sealed
//! token, a record and an answer cost a processor. That each part does its work is asserted
//! once, before it is measured.

mod answers;
mod cpu;
mod dynamodb;
mod items;
mod receiver;
mod records;
mod vault;
mod verification;
mod webhook;
mod webhooks;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use self::cpu::Cpu;

type Criterion = criterion::Criterion<Cpu>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Long enough: the parts take microseconds.
const WARM_UP: Duration = Duration::from_secs(1);
const MEASUREMENT: Duration = Duration::from_secs(3);

fn main() -> Result<(), Failure> {
    let mut criterion = criterion::Criterion::default()
        .with_measurement(Cpu)
        .without_plots()
        .warm_up_time(WARM_UP)
        .measurement_time(MEASUREMENT)
        .configure_from_args();
    // As the functions have it.
    let runtime = Builder::new_current_thread().enable_time().build()?;
    measure(&mut criterion, &runtime)?;
    criterion.final_summary();
    Ok(())
}

fn measure(criterion: &mut Criterion, runtime: &Runtime) -> Result<(), Failure> {
    verification::measure(criterion, runtime)?;
    webhooks::measure(criterion, runtime)?;
    receiver::measure(criterion, runtime)?;
    vault::measure(criterion)?;
    records::measure(criterion)?;
    answers::measure(criterion, runtime)
}
