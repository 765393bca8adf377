//! Tells which check a webhook of Plaid's fails.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use plaid_webhook::{
    Check, Diagnosis, Outcome, Rejection, Timestamp, UnverifiedToken, VerificationKey, body_hash,
};
use serde::Deserialize;

/// Tells which check a webhook of Plaid's fails, and why.
///
/// Every check is listed in the order in which a receiver makes them. Some can be told even
/// after another has failed; those that cannot are marked with a dash. The body is never
/// printed.
#[derive(Debug, Parser)]
#[command(
    name = "check-webhook",
    after_help = "\
Exit status: 0 every check passed, 1 one failed, 2 a file or an option cannot be used.

Which key? Without --key, that is told:
  check-webhook --header header.txt --body body.json

Plaid gives it out, and its answer can be used as it is:
  curl https://sandbox.plaid.com/webhook_verification_key/get \\
    -H 'content-type: application/json' \\
    -d '{\"client_id\": \"...\", \"secret\": \"...\", \"key_id\": \"<kid>\"}' > key.json

A webhook that arrived just now, and one that was recorded a while ago:
  check-webhook --header header.txt --body body.json --key key.json
  check-webhook --header header.txt --body body.json --key key.json --now 2026-11-26T10:00:00Z

The header from a log, as a line that may have the header's name:
  grep -i '^plaid-verification:' request.txt | check-webhook --header - --body body.json"
)]
struct Options {
    /// A file with the value of the header Plaid-Verification, or - for standard input
    #[arg(long, value_name = "FILE")]
    header: PathBuf,

    /// A file with the body, byte for byte as it was received
    #[arg(long, value_name = "FILE")]
    body: PathBuf,

    /// A file with Plaid's key: a JWK, or the whole of Plaid's answer.
    /// Without it, the checks that need one are not made
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// When the webhook arrived, as RFC 3339 or in seconds since 1970 [default: now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    now: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, io::Error),
    #[error("{0} is no JWK and no answer of /webhook_verification_key/get: {1}")]
    NoKey(String, serde_json::Error),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Plaid's answer; everything else in it does not matter here.
#[derive(Deserialize)]
struct KeyAnswer {
    key: VerificationKey,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("check-webhook: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Whether every check passed.
fn run(options: &Options) -> Result<bool, Failure> {
    let header = read_header(&options.header)?;
    let body = read_file(&options.body)?;
    let key = options.key.as_deref().map(read_key).transpose()?;
    let now = options.now.unwrap_or_else(Timestamp::now);
    let diagnosis = Diagnosis::of(Some(&header), &body, key.as_ref(), now);
    let out = &mut io::stdout().lock();
    if let Some(token) = &diagnosis.token {
        print_token(out, token, &body, now)?;
    }
    for (check, outcome) in &diagnosis.outcomes {
        let untold = *check == Check::Key && key.is_none();
        print_check(out, *check, if untold { Outcome::Untold } else { *outcome })?;
    }
    match (diagnosis.rejection(), &diagnosis.token) {
        (None, _) => writeln!(out, "\nbelieved")?,
        (Some(Rejection::UnknownKey), Some(token)) => {
            writeln!(
                out,
                "\nundecided: give the key {} with --key",
                token.key_id()
            )?;
        }
        (Some(rejection), _) => {
            writeln!(out, "\nrefused: {}", rejection.reason())?;
            writeln!(out, "{}", usual_cause(rejection))?;
        }
    }
    Ok(diagnosis.rejection().is_none())
}

fn print_token(
    out: &mut impl Write,
    token: &UnverifiedToken<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Failure> {
    let age = now.duration_since(token.issued_at()).as_secs();
    writeln!(out, "kid          {}", token.key_id())?;
    writeln!(
        out,
        "signed at    {}, {age} s before {now}",
        token.issued_at()
    )?;
    writeln!(out, "signed hash  {}", token.body_hash())?;
    writeln!(
        out,
        "body's hash  {}, {} bytes\n",
        body_hash(body),
        body.len()
    )?;
    Ok(())
}

fn print_check(out: &mut impl Write, check: Check, outcome: Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Passed => writeln!(out, "pass  {}", check.demand())?,
        Outcome::Untold => writeln!(out, "-     {}", check.demand())?,
        Outcome::Failed(rejection) => writeln!(out, "FAIL  {rejection}")?,
    }
    Ok(())
}

/// What is mostly behind it, for whoever looks at a webhook that should have been believed.
fn usual_cause(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::MissingHeader => "Plaid did not send this, or a proxy dropped the header.",
        Rejection::MalformedToken => "Give the header's whole value, and nothing else.",
        Rejection::AlgorithmNotAllowed
        | Rejection::HeaderNotAllowed
        | Rejection::MalformedKeyId
        | Rejection::MalformedClaims
        | Rejection::MalformedSignature => "Plaid makes no such tokens: this one is not Plaid's.",
        Rejection::FromTheFuture => "The clock is behind, or --now is.",
        Rejection::BodyHashMismatch => {
            "Give the bytes as they arrived: not parsed and written again, not encoded by a gateway,\n\
             no newline added by an editor."
        }
        Rejection::UnknownKey | Rejection::UnusableKey => "Give the key that has this kid.",
        Rejection::ExpiredKey => "Plaid had taken the key out of use: this is not Plaid's.",
        Rejection::SignatureMismatch => "Somebody else signed it, or the token was changed.",
        Rejection::TooOld { .. } => {
            "For a recorded webhook, --now tells when it arrived. Else the clock is ahead, or somebody\n\
             sends an old webhook again."
        }
    }
}

/// The value; a line of a recorded request, with the header's name, will do too.
fn read_header(path: &Path) -> Result<String, Failure> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| Failure::Unreadable("standard input".to_owned(), error))?;
    } else {
        text = read_file(path)?;
    }
    let text = String::from_utf8_lossy(&text);
    let value = match text.split_once(':') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("plaid-verification") => value,
        _ => &text,
    };
    Ok(value.trim().to_owned())
}

fn read_key(path: &Path) -> Result<VerificationKey, Failure> {
    let json = read_file(path)?;
    serde_json::from_slice::<KeyAnswer>(&json)
        .map(|answer| answer.key)
        .or_else(|_| serde_json::from_slice(&json))
        .map_err(|error| Failure::NoKey(path.display().to_string(), error))
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Unreadable(path.display().to_string(), error))
}

fn read_time(text: &str) -> Result<Timestamp, String> {
    let seconds = text.parse::<i64>().ok();
    match seconds.map(Timestamp::from_second) {
        Some(Ok(time)) => Ok(time),
        _ => text
            .parse()
            .map_err(|_| "neither RFC 3339 nor seconds since 1970".to_owned()),
    }
}
