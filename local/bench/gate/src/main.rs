//! Holds what does not depend on the machine's mood: the size of the functions, and how many
//! instructions it takes to verify a webhook. A figure that has grown by more than a twentieth
//! is a failure.
//!
//! It looks at programs beside its own, so it is built like them:
//! `cargo run --profile deploy-test --package gate`.

mod instructions;
mod sizes;
mod verify;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

type Failure = Box<dyn std::error::Error + Send + Sync>;
/// A figure by its name.
type Figures = BTreeMap<String, u64>;

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/figures.json");
/// A function each.
const FUNCTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../functions");
/// A figure may be larger than the one on file by one in so many.
const HEADROOM: u64 = 20;

/// Holds sizes and instructions against those on file
#[derive(Debug, Parser)]
#[command(name = "gate")]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Puts what is measured on file
    Write,
    /// Verifies one webhook this often: what is measured
    #[command(hide = true)]
    Verify { times: u32 },
}

fn main() -> Result<ExitCode, Failure> {
    match Options::parse().command {
        Some(Command::Verify { times }) => {
            verify::verify(times)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Write) => {
            let text = serde_json::to_string_pretty(&measure()?)?;
            std::fs::write(FIGURES, text + "\n")?;
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let on_file = serde_json::from_str(&std::fs::read_to_string(FIGURES)?)?;
            Ok(judge(&on_file, &measure()?))
        }
    }
}

fn measure() -> Result<Figures, Failure> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("no folder")?;
    let mut figures = sizes::of_functions(Path::new(FUNCTIONS), folder)?;
    let verified = instructions::of_a_verified_webhook(&program, folder)?;
    figures.insert("instructions for a verified webhook".to_owned(), verified);
    Ok(figures)
}

fn judge(on_file: &Figures, measured: &Figures) -> ExitCode {
    let mut is_good = true;
    for (name, &now) in measured {
        let before = on_file.get(name).copied();
        let verdict = verdict(before, now);
        is_good &= verdict.is_none();
        let before = before.map_or("none".to_owned(), |before| before.to_string());
        println!(
            "{name}: {now}, on file {before}. {}",
            verdict.unwrap_or("ok")
        );
    }
    for name in on_file.keys().filter(|name| !measured.contains_key(*name)) {
        println!("{name}: is on file, and was not measured");
        is_good = false;
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        println!("Where that is meant: cargo run --profile deploy-test --package gate -- write");
        ExitCode::FAILURE
    }
}

/// What is wrong with a figure.
fn verdict(before: Option<u64>, now: u64) -> Option<&'static str> {
    let Some(before) = before else {
        return Some("NOT ON FILE");
    };
    let headroom = before / HEADROOM;
    if now > before + headroom {
        Some("GROWN by more than a twentieth")
    } else if now + headroom < before {
        // Or the gain could be lost again unnoticed.
        Some("SHRUNK by more than a twentieth: put it on file")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_may_change_by_a_twentieth() {
        assert_eq!(verdict(Some(1000), 1050), None);
        assert_eq!(verdict(Some(1000), 950), None);
        assert!(verdict(Some(1000), 1051).is_some());
        assert!(verdict(Some(1000), 949).is_some());
        assert!(verdict(None, 1).is_some());
    }

    #[test]
    fn what_was_not_measured_is_a_failure() {
        let figures = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1)).collect();
        let both: Figures = figures(&["a", "b"]);
        assert_eq!(judge(&both, &both), ExitCode::SUCCESS);
        assert_eq!(judge(&both, &figures(&["a"])), ExitCode::FAILURE);
        assert_eq!(judge(&figures(&["a"]), &both), ExitCode::FAILURE);
    }
}
