//! A simulator as a program: what it logs, where it listens, how it ends.

use std::error::Error;
use std::io::ErrorKind;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

/// Runs the program `name`, which logs on standard error, and says there why it failed.
pub async fn main(
    name: &str,
    verbose: bool,
    run: impl Future<Output = Result<(), Box<dyn Error>>>,
) -> ExitCode {
    let level = if verbose {
        LevelFilter::DEBUG
    } else {
        LevelFilter::WARN
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .init();
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", explain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Listens on this port of 127.0.0.1; 0 takes any free one.
///
/// # Errors
///
/// In words for whoever started the program.
pub async fn listen(port: u16) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    listener.map_err(|error| {
        if error.kind() == ErrorKind::AddrInUse {
            format!("port {port} is taken; choose another with --port")
        } else {
            format!("cannot listen on port {port}: {error}")
        }
    })
}

/// Done when somebody presses Ctrl-C.
pub async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without the signal, the program ends as any other: by being killed.
        std::future::pending::<()>().await;
    }
}

/// An error with its causes, in one line.
fn explain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
