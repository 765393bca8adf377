//! Everything that is logged, at any level, as text: a line for each event and span.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use shared::domain::ItemId;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// The log of one thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

/// What the log says about an Item that is neither recorded nor removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) exchange: String,
    pub(crate) item_id: String,
    pub(crate) sealed: String,
}

pub(crate) const ENVELOPE: &str = "an Item is neither recorded nor removed";

impl Log {
    /// Listens to this thread until the guard is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let guard = tracing::subscriber::set_default(log.clone());
        (log, guard)
    }

    pub(crate) fn clear(&self) {
        self.text().clear();
    }

    pub(crate) fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap()
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// Whether a line with these words names the Item.
    pub(crate) fn names(&self, item_id: &ItemId, words: &str) -> bool {
        let text = self.text();
        let name = format!(" item_id={item_id}");
        let mut lines = text.lines().filter(|line| line.contains(words));
        lines.any(|line| {
            line.split_once(&name)
                .is_some_and(|(_, rest)| !begins_with_digit(rest))
        })
    }

    /// What an operator would hand over by hand.
    pub(crate) fn envelopes(&self) -> Vec<Envelope> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(ENVELOPE));
        let field = |line: &str, name: &str| {
            let (_, rest) = line.split_once(&format!(" {name}=")).unwrap();
            rest.split(' ').next().unwrap().to_owned()
        };
        lines
            .map(|line| Envelope {
                exchange: field(line, "exchange"),
                item_id: field(line, "item_id"),
                sealed: field(line, "sealed"),
            })
            .collect()
    }

    fn line(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields<'_>)) {
        let mut text = self.text();
        write!(text, "{} {}", metadata.level(), metadata.target()).unwrap();
        record(&mut Fields(&mut text));
        text.push('\n');
    }
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {}={value}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.line(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        let mut text = self.text();
        values.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn event(&self, event: &Event<'_>) {
        self.line(event.metadata(), |fields| event.record(fields));
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
