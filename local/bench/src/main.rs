//! Measures a local stack that runs in a process of its own, and the functions as AWS runs
//! them. Prints figures; whether they are good is for people to say. What must hold is checked
//! all the same.

mod exchange;
mod figures;
mod lambda;
mod people;
mod stack;
mod users;
mod webhooks;

use clap::{Parser, Subcommand};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures a local stack in memory, and functions in processes of their own
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// How long an exchange takes beyond Plaid's round trips
    Exchange(exchange::Options),
    /// The functions as they are shipped, beside what others would write: cold, warm, memory, size
    Lambda(lambda::Options),
    /// Many users link at once, and whether every Item is recorded once
    Users(users::Options),
    /// Signed webhooks at a steady rate, and whether all of them are applied, once each
    Webhooks(webhooks::Options),
    /// The stack that is measured
    #[command(hide = true)]
    Stack(stack::Options),
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    match Options::parse().command {
        Command::Exchange(options) => exchange::run(&options).await,
        Command::Lambda(options) => lambda::run(&options).await,
        Command::Users(options) => users::run(&options).await,
        Command::Webhooks(options) => webhooks::run(&options).await,
        Command::Stack(options) => stack::serve(&options).await,
    }
}
