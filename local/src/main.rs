//! `cargo local`: the whole system in one process; `doctor`, which looks at one; `restore`, which
//! brings a deployed one's records back.

use std::error::Error;
use std::io::{IsTerminal, Write as _, stderr, stdout};
use std::process::ExitCode;

use clap::Parser as _;
use local::cli::{Cli, Command};
use local::doctor::{self, Finding};
use local::restore::{self, Copied};
use local::{Progress, Stack, logs, scenarios};
use shared::settings::Environment;
use shared::telemetry::RedactingWriter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.instead() {
        Some(Command::Doctor(options)) => examine(options),
        Some(Command::Restore(options)) => bring_back(options).map(|()| ExitCode::SUCCESS),
        None => {
            logs::to_stderr();
            run(cli).map(|()| ExitCode::SUCCESS)
        }
    };
    ended.unwrap_or_else(|error| {
        complain(error.as_ref());
        ExitCode::FAILURE
    })
}

/// Shows what is wrong with a stack; fails when a check does.
#[tokio::main]
async fn examine(options: &doctor::Options) -> Result<ExitCode, Box<dyn Error>> {
    let subject = options.subject()?;
    let mut writer = RedactingWriter::new(stdout());
    let colours = logs::has_colours(&stdout());
    let mut failed = false;
    let mut written = Ok(());
    let show = |finding: Finding| {
        failed |= finding.is_failure();
        let line = if options.json {
            writeln!(writer, "{}", finding.to_json())
        } else {
            finding.write(&mut writer, colours)
        };
        if written.is_ok() {
            written = line;
        }
    };
    doctor::examine(&subject, &Environment::of_process(), show).await?;
    written?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Copies a table, and says how far it is.
#[tokio::main]
async fn bring_back(options: &restore::Options) -> Result<(), Box<dyn Error>> {
    let progress = |copied: Copied| {
        show(&Progress {
            what: "copying",
            detail: copied.to_string(),
        });
    };
    let copied = restore::restore(options, &Environment::of_process(), progress).await?;
    writeln!(stdout(), "done: {copied}")?;
    Ok(())
}

#[tokio::main]
async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let scenario = cli.scenario();
    let options = cli.into_options(|name| std::env::var(name).ok())?;
    // Before the start: Ctrl-C is to work at any time.
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let stack = tokio::select! {
        stack = Stack::start_with(options, tell) => stack?,
        () = &mut stop => return Ok(()),
    };
    let next = if let Some(scenario) = scenario {
        tokio::select! {
            next = scenarios::play(&stack, scenario, tell) => next?,
            () = &mut stop => return Ok(()),
        }
    } else {
        Vec::new()
    };
    let mut stdout = stdout();
    writeln!(stdout, "ready {}", stack.gateway_url())?;
    stdout.flush()?;
    next.iter().for_each(tell);
    stop.await;
    tell(&Progress {
        what: "stopping",
        detail: String::new(),
    });
    stack.stop().await;
    Ok(())
}

/// A step of the stack's: a line among the lines of its log.
fn tell(progress: &Progress) {
    if stderr().is_terminal() {
        show(progress);
    } else {
        tracing::info!(detail = progress.detail, "{}", progress.what);
    }
}

/// One line of progress. Nothing can be done about a standard error that is gone.
fn show(progress: &Progress) {
    let (on, off) = if logs::has_colours(&stderr()) {
        ("\x1b[2m", "\x1b[0m")
    } else {
        ("", "")
    };
    drop(writeln!(
        stderr(),
        "{on}{}{off}",
        progress.to_string().trim_end()
    ));
}

/// The error and its causes, in one line.
fn complain(error: &dyn Error) {
    let mut line = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    drop(writeln!(stderr(), "{line}"));
}

/// Ready at Ctrl-C and SIGTERM.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
