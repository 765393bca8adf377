//! Logs: JSON lines on standard output, which Lambda hands to CloudWatch. Never logged:
//! tokens, bodies of requests and webhooks, personal data, account numbers. What slips
//! through all the same is cut out before it is written.

mod redacting;

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::Environment;

pub use redacting::RedactingWriter;

/// Begins logging, at the level that `LOG_LEVEL` names (`info` without it): JSON, or
/// lines for people where standard error is a terminal. A second call changes nothing.
pub fn init(environment: &Environment) {
    let level = environment
        .get("LOG_LEVEL")
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let for_people = io::stderr().is_terminal();
    let json = (!for_people).then(|| {
        tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(|| RedactingWriter::new(io::stdout()))
            .with_filter(level)
    });
    let plain = for_people.then(|| {
        tracing_subscriber::fmt::layer()
            .compact()
            .with_target(false)
            .with_writer(|| RedactingWriter::new(io::stderr()))
            .with_filter(level)
    });
    // Only a second call fails, and the first one's subscriber serves it.
    let _ = tracing_subscriber::registry()
        .with(json)
        .with(plain)
        .try_init();
}
