//! The events that were put on EventBridge: kept in order, printed, and handed to whoever
//! listens.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::domain::redaction::redact_tokens;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::data_dir::{self, DataDirError};
use crate::template::{ACCOUNT_ID, REGION};

/// How many events can be read.
const READABLE: usize = 500;
/// How long an event is kept for a rule that could not deliver it.
const KEPT: Duration = Duration::from_hours(24);
/// AWS's limits of one request: entries, and bytes in all of them.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 256 * 1024;
/// Where an event goes that names no bus.
pub(crate) const DEFAULT_BUS: &str = "default";

/// Why the events cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventLogError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] DataDirError),
    /// The events could not be appended to the file.
    #[error("an event could not be written to {}", path.display())]
    Append {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// An event that was put on a bus.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Event {
    /// Its place: 1 for the first, and one more for each.
    pub number: u64,
    /// When it was put there.
    pub put_at: Timestamp,
    /// The name of the bus.
    pub bus: String,
    /// The event as rules see it and functions get it.
    pub event: Value,
}

/// The events of all buses.
#[derive(Clone, Default)]
pub struct EventLog {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// The number of the last one.
    last: u64,
    events: VecDeque<Arc<Event>>,
    listeners: Vec<mpsc::UnboundedSender<Arc<Event>>>,
    file: Option<(PathBuf, File)>,
}

/// What a rule has still to look at, and what comes later.
pub(crate) struct Subscription {
    pub(crate) missed: Vec<Arc<Event>>,
    pub(crate) next: mpsc::UnboundedReceiver<Arc<Event>>,
}

impl EventLog {
    /// The log with the events of a file, or an empty one without a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn open(file: Option<PathBuf>) -> Result<Self, EventLogError> {
        let Some(path) = file else {
            return Ok(Self::default());
        };
        let mut events = read(&path)?;
        let last = events.back().map_or(0, |event| event.number);
        let now = Timestamp::now();
        let before = events.len();
        while events.len() > READABLE && events.front().is_some_and(|event| event.is_over(now)) {
            events.pop_front();
        }
        tracing::debug!(before, kept = events.len(), "events were read");
        let lines: String = events.iter().map(|event| event.line()).collect();
        data_dir::write(&path, lines.as_bytes())?;
        let opened = File::options().append(true).open(&path);
        let opened = opened.map_err(|source| EventLogError::Append {
            path: path.clone(),
            source,
        })?;
        let inner = Inner {
            last,
            events,
            listeners: Vec::new(),
            file: Some((path, opened)),
        };
        Ok(Self {
            inner: Arc::new(Mutex::new(inner)),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last event; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.inner().last
    }

    /// The newest events after a number, earliest first.
    pub fn after(&self, number: u64) -> Vec<Arc<Event>> {
        let inner = self.inner();
        let newest = inner.events.iter().rev().take(READABLE);
        let mut newest: Vec<_> = newest
            .take_while(|event| event.number > number)
            .map(Arc::clone)
            .collect();
        newest.reverse();
        newest
    }

    /// Everything after a number, now and later.
    pub(crate) fn subscribe(&self, after: u64) -> Subscription {
        let (sender, next) = mpsc::unbounded_channel();
        let mut inner = self.inner();
        inner.listeners.push(sender);
        let missed = inner.events.iter();
        let missed = missed.filter(|event| event.number > after).map(Arc::clone);
        Subscription {
            missed: missed.collect(),
            next,
        }
    }

    /// Keeps events, prints them and hands them on.
    fn put(&self, events: Vec<(String, Value)>) -> Result<(), EventLogError> {
        let put_at = Timestamp::now();
        let mut inner = self.inner();
        let numbered: Vec<_> = (inner.last + 1..)
            .zip(events)
            .map(|(number, (bus, event))| {
                Arc::new(Event {
                    number,
                    put_at,
                    bus,
                    event,
                })
            })
            .collect();
        // Before the caller learns that they were taken.
        inner.append(&numbered)?;
        for event in numbered {
            event.print();
            inner.last = event.number;
            inner
                .listeners
                .retain(|listener| listener.send(Arc::clone(&event)).is_ok());
            inner.events.push_back(event);
            while inner.events.len() > READABLE {
                inner.events.pop_front();
            }
        }
        Ok(())
    }
}

impl Inner {
    fn append(&mut self, events: &[Arc<Event>]) -> Result<(), EventLogError> {
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        let lines: String = events.iter().map(|event| event.line()).collect();
        let written = file.write_all(lines.as_bytes());
        written
            .and_then(|()| file.sync_data())
            .map_err(|source| EventLogError::Append {
                path: path.clone(),
                source,
            })
    }
}

/// The events in a file. A line that is cut off was never answered for.
fn read(path: &Path) -> Result<VecDeque<Arc<Event>>, DataDirError> {
    let content = data_dir::read(path)?.unwrap_or_default();
    let lines = content.split(|byte| *byte == b'\n');
    let events = lines.filter_map(|line| serde_json::from_slice::<Event>(line).ok());
    Ok(events.map(Arc::new).collect())
}

impl Event {
    fn is_over(&self, now: Timestamp) -> bool {
        let age: Result<Duration, _> = now.duration_since(self.put_at).try_into();
        age.is_ok_and(|age| age > KEPT)
    }

    fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    fn text(&self, name: &str) -> &str {
        self.event
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn print(&self) {
        let mut detail = self.event.get("detail").cloned().unwrap_or_default();
        hide(&mut detail);
        tracing::info!(
            number = self.number,
            kind = self.text("detail-type"),
            source = self.text("source"),
            bus = self.bus,
            detail = redact_tokens(&detail.to_string()),
            "event"
        );
    }
}

/// Blanks what by its name is personal, or may be secret. Of the latter there should be
/// nothing: events leave our hands.
fn hide(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.to_ascii_lowercase();
                if ["token", "secret", "sealed", "user_id"]
                    .iter()
                    .any(|word| name.contains(word))
                {
                    *value = "***".into();
                } else {
                    hide(value);
                }
            }
        }
        _ => {}
    }
}

/// AWS's way to write a moment in an event.
pub(crate) fn moment(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}

/// The body of `PutEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    /// In seconds.
    time: Option<f64>,
    #[serde(default)]
    resources: Vec<String>,
}

/// Why `PutEvents` refuses a request as a whole.
#[derive(Debug)]
pub(super) enum PutError {
    /// It is not what AWS takes.
    Invalid(String),
    /// The events cannot be kept.
    Log(EventLogError),
}

impl EventLog {
    /// Answers `PutEvents`. `has_bus` says whether there is a bus with a name.
    pub(super) fn put_events(
        &self,
        body: &[u8],
        has_bus: impl Fn(&str) -> bool,
    ) -> Result<Value, PutError> {
        let request: Request =
            serde_json::from_slice(body).map_err(|error| PutError::Invalid(error.to_string()))?;
        let count = request.entries.len();
        if !(1..=MAX_ENTRIES).contains(&count) {
            let said = format!("1 to {MAX_ENTRIES} entries are accepted, not {count}");
            return Err(PutError::Invalid(said));
        }
        if request.entries.iter().map(Entry::size).sum::<usize>() > MAX_BYTES {
            let said = "Total size of the entries in the request is over the limit.";
            return Err(PutError::Invalid(said.to_owned()));
        }
        let (mut taken, mut answers) = (Vec::new(), Vec::new());
        for entry in request.entries {
            match entry.event(&has_bus) {
                Ok((id, bus, event)) => {
                    answers.push(json!({ "EventId": id }));
                    taken.push((bus, event));
                }
                Err((code, message)) => {
                    answers.push(json!({ "ErrorCode": code, "ErrorMessage": message }));
                }
            }
        }
        let failed = count - taken.len();
        self.put(taken).map_err(PutError::Log)?;
        Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
    }
}

type Refusal = (&'static str, String);

impl Entry {
    /// As AWS counts: 14 bytes for the time, and the text of the rest.
    fn size(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let texts = texts.into_iter().flatten().chain(&self.resources);
        let time = if self.time.is_some() { 14 } else { 0 };
        time + texts.map(String::len).sum::<usize>()
    }

    /// The event's id, its bus, and the event.
    fn event(self, has_bus: impl Fn(&str) -> bool) -> Result<(String, String, Value), Refusal> {
        let required = |value: Option<String>, name: &str| {
            value.filter(|text| !text.is_empty()).ok_or_else(|| {
                let reason = format!("{name} is a required argument.");
                let said = format!("Parameter {name} is not valid. Reason: {reason}");
                ("InvalidArgument", said)
            })
        };
        let source = required(self.source, "Source")?;
        let detail_type = required(self.detail_type, "DetailType")?;
        let detail = required(self.detail, "Detail")?;
        let malformed = || ("MalformedDetail", "Detail is malformed.".to_owned());
        let detail: Map<String, Value> = serde_json::from_str(&detail).map_err(|_| malformed())?;
        let bus = self
            .event_bus_name
            .unwrap_or_else(|| DEFAULT_BUS.to_owned());
        let bus = bus_name(&bus).to_owned();
        if !has_bus(&bus) {
            let said = format!("Event bus {bus} does not exist.");
            return Err(("ResourceNotFoundException", said));
        }
        let id = Uuid::new_v4().to_string();
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT_ID,
            "time": moment(self.time.and_then(at).unwrap_or_else(Timestamp::now)),
            "region": REGION,
            "resources": self.resources,
            "detail": detail,
        });
        Ok((id, bus, event))
    }
}

/// The name in a bus's ARN, or the name that it already is.
pub(crate) fn bus_name(name_or_arn: &str) -> &str {
    name_or_arn
        .rsplit_once("event-bus/")
        .map_or(name_or_arn, |(_, name)| name)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates"
)]
fn at(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_second(seconds as i64).ok()
}

#[cfg(test)]
mod tests;
