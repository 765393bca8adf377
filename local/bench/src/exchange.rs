//! How long an exchange takes beyond Plaid's round trips.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::figures::Figures;
use crate::people::{People, read};
use crate::stack::Running;

/// How long an exchange takes beyond Plaid's round trips
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many exchanges of each kind
    #[arg(long, default_value_t = 200)]
    exchanges: u32,
    /// How long Plaid takes for each answer, in milliseconds
    #[arg(long, default_value_t = 50)]
    plaid_latency_ms: u64,
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let latency = Duration::from_millis(options.plaid_latency_ms);
    let stack = Running::start(latency).await?;
    let people = People::of(&stack.address)?;
    let round_trip = round_trip(&people, options.exchanges).await?;
    println!("one of Plaid's round trips: {round_trip}");
    for (name, hinted, round_trips) in [
        ("with hints, 2 round trips", true, 2),
        ("without, 3 round trips", false, 3),
    ] {
        let mut own = Vec::new();
        for number in 0..options.exchanges {
            let user = people.sign_in(&format!("{hinted}-{number}")).await?;
            let body = body(&people, hinted).await?;
            let begun = Instant::now();
            read(people.linking(&user, &body).send().await?).await?;
            let plaids = round_trip.quantile(0.5) * round_trips;
            own.push(begun.elapsed().saturating_sub(plaids));
        }
        println!("an exchange {name}: beyond them {}", Figures::of(own));
    }
    Ok(())
}

/// How long Plaid really takes: a timer is never exact, and HTTP costs something.
async fn round_trip(people: &People, count: u32) -> Result<Figures, Failure> {
    let mut took = Vec::new();
    for _ in 0..count {
        let begun = Instant::now();
        people.run_link().await?;
        took.push(begun.elapsed());
    }
    Ok(Figures::of(took))
}

/// What a front end sends after Link, with Link's metadata or without it.
async fn body(people: &People, hinted: bool) -> Result<Value, Failure> {
    if hinted {
        people.after_link().await
    } else {
        Ok(json!({ "public_token": people.run_link().await? }))
    }
}
