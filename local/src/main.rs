//! `cargo local`: the whole system in one process, and `doctor`, which looks at one.

use std::error::Error;
use std::io::{IsTerminal, Write as _, stderr, stdout};
use std::process::ExitCode;

use clap::Parser as _;
use local::cli::Cli;
use local::doctor::{self, Finding};
use local::{Progress, Stack};
use shared::settings::Environment;
use shared::telemetry::RedactingWriter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = if let Some(options) = cli.doctor() {
        examine(options)
    } else {
        log_to_stderr();
        run(cli).map(|()| ExitCode::SUCCESS)
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
    let colours = has_colours(&stdout());
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

#[tokio::main]
async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let options = cli.into_options(|name| std::env::var(name).ok())?;
    // Before the start: Ctrl-C is to work at any time.
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let stack = tokio::select! {
        stack = Stack::start_with(options, show) => stack?,
        () = &mut stop => return Ok(()),
    };
    let mut stdout = stdout();
    writeln!(stdout, "ready {}", stack.gateway_url())?;
    stdout.flush()?;
    stop.await;
    show(&Progress {
        what: "stopping",
        detail: String::new(),
    });
    stack.stop().await;
    Ok(())
}

/// Readable for people, JSON for programs.
fn log_to_stderr() {
    let targets = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("dynoxide", LevelFilter::WARN);
    let registry = tracing_subscriber::registry().with(targets);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| RedactingWriter::new(stderr()));
    if stderr().is_terminal() {
        registry
            .with(layer.with_ansi(has_colours(&stderr())).with_target(false))
            .init();
    } else {
        registry
            .with(layer.json().flatten_event(true).with_span_list(false))
            .init();
    }
}

fn has_colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// One line of progress. Nothing can be done about a standard error that is gone.
fn show(progress: &Progress) {
    let (on, off) = if has_colours(&stderr()) {
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
