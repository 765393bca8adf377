//! Many users link at once: how long they wait, what they are told, and whether every Item
//! at Plaid is recorded once and for its user. Plaid's quota can be made small.

mod journey;
mod report;
mod truth;

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use self::journey::{Journey, travel};
use crate::Failure;
use crate::people::People;
use crate::stack::Running;

/// Many users link at once, and whether every Item is recorded once
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many users
    #[arg(long, default_value_t = 100)]
    users: usize,
    /// How long Plaid takes for each answer, in milliseconds
    #[arg(long, default_value_t = 200)]
    plaid_latency_ms: u64,
    /// How many processor tokens Plaid makes in a minute; without it, any number
    #[arg(long)]
    plaid_limit: Option<usize>,
    /// How long a user asks again for the outcome, in seconds
    #[arg(long, default_value_t = 600)]
    patience: u64,
}

/// Where Plaid's quota is.
const PROCESSOR_TOKENS: &str = "/processor/token/create";
/// How many users sign in at once, before anything is measured.
const SIGNING_IN: usize = 8;

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let latency = Duration::from_millis(options.plaid_latency_ms);
    let stack = Running::start(latency).await?;
    let people = People::of(&stack.address)?;
    let users = sign_in_all(&people, options.users).await?;
    if let Some(per_minute) = options.plaid_limit {
        let limit = json!({ "endpoint": PROCESSOR_TOKENS, "per_minute": per_minute });
        people.ask_plaid("/simulator/limits", &limit).await?;
    }
    announce(options);
    let begun = Instant::now();
    let journeys = travel_all(&people, users, Duration::from_secs(options.patience)).await?;
    report::print(&journeys, begun.elapsed());
    truth::check(&people, &journeys).await
}

fn announce(options: &Options) {
    let quota = options.plaid_limit.map_or_else(
        || "any number of processor tokens".to_owned(),
        |limit| format!("{limit} processor tokens a minute"),
    );
    let Options {
        users,
        plaid_latency_ms: latency,
        ..
    } = options;
    println!("{users} users at once; Plaid answers in {latency} ms and makes {quota}");
}

/// The users' names and tokens.
async fn sign_in_all(people: &People, count: usize) -> Result<Vec<(String, String)>, Failure> {
    let mut signing_in = JoinSet::new();
    let mut users = Vec::new();
    for number in 0..count {
        if signing_in.len() >= SIGNING_IN {
            users.extend(signing_in.join_next().await.transpose()?.transpose()?);
        }
        let people = people.clone();
        signing_in.spawn(async move {
            let user_id = format!("user-{number}");
            let token = people.sign_in(&user_id).await?;
            Ok::<_, Failure>((user_id, token))
        });
    }
    while let Some(user) = signing_in.join_next().await {
        users.push(user??);
    }
    Ok(users)
}

async fn travel_all(
    people: &People,
    users: Vec<(String, String)>,
    patience: Duration,
) -> Result<Vec<Journey>, Failure> {
    let mut travelling = JoinSet::new();
    for (user_id, token) in users {
        travelling.spawn(travel(people.clone(), user_id, token, patience));
    }
    let mut journeys = Vec::new();
    while let Some(journey) = travelling.join_next().await {
        journeys.push(journey??);
    }
    Ok(journeys)
}
