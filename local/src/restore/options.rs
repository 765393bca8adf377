//! The command line of `cargo local restore`.

use clap::Args;

const LONG_ABOUT: &str = "\
Copies the records of a restored table into the table of a new stack, as docs/deploy.md tells.

A record that is in the new table already stays as it is there, so a copy that broke off is \
simply run again, and a stack that is at work loses nothing. The tables are found with \
AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN from the \
environment, whose role needs dynamodb:Scan on the one table, dynamodb:PutItem on the other, \
and the keys of both.";

const AFTER_HELP: &str = "\
Example, with the credentials of the AWS CLI:
  eval \"$(aws configure export-credentials --format env)\"
  AWS_REGION=us-east-1 cargo local restore --from restored --to \"$(output TableName)\"";

/// Copies a restored table's records into a new stack's table.
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = AFTER_HELP)]
pub struct Options {
    /// The restored table.
    #[arg(long, value_name = "TABLE")]
    pub from: String,

    /// The new stack's table: its output `TableName`.
    #[arg(long, value_name = "TABLE")]
    pub to: String,

    /// How many records are written at the same time.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub at_once: i32,
}
