//! Many histories at once: a thread for each core, and in it a runtime of its own.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::history;
use crate::post::Address;
use crate::sandbox::Sandbox;
use crate::summary::Summary;

const HISTORIES: u64 = 10_000;
/// A simulator forgets no Item, and more of them take more time.
const HISTORIES_IN_A_SANDBOX: u32 = 50;
/// Further failures would only repeat what these tell.
const FAILURES_TOLD: usize = 5;

/// Plays as many seeds as there should be, or the one that was asked for.
pub(crate) fn all() {
    let begun = Instant::now();
    let only = number("HISTORY_SEED");
    let next = AtomicU64::new(only.unwrap_or_default());
    let end = only.map_or_else(|| number("HISTORIES").unwrap_or(HISTORIES), |seed| seed + 1);
    let totals = Mutex::new((Summary::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| work(&next, end, &totals));
        }
    });
    let (summary, failures): (Summary, Vec<String>) = totals.into_inner().unwrap();
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(
        std::io::stderr(),
        "webhooks: {summary}; {:.1} s",
        begun.elapsed().as_secs_f32(),
    );
    let told = failures.iter().take(FAILURES_TOLD);
    let told: Vec<&str> = told.map(String::as_str).collect();
    let count = failures.len();
    assert!(
        failures.is_empty(),
        "{count} histories end badly:\n{}",
        told.join("\n==========\n")
    );
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

fn work(next: &AtomicU64, end: u64, totals: &Mutex<(Summary, Vec<String>)>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let http = http_client();
        let address = Address::open().await;
        let mut sandbox = Arc::new(Sandbox::start(&http).await);
        for number in 1.. {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            if number % HISTORIES_IN_A_SANDBOX == 0 {
                sandbox = Arc::new(Sandbox::start(&http).await);
            }
            let played = history::play(seed, &sandbox, &address).await;
            let mut totals = totals.lock().unwrap();
            match played {
                Ok(summary) => totals.0.add(&summary),
                Err(failure) => totals.1.push(failure),
            }
        }
    });
}

/// For calls that are no control.
fn http_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}
