//! The program's log: lines for people on a terminal, JSON for programs.

use std::fmt;
use std::io::{IsTerminal, stderr};

use jiff::Timestamp;
use shared::telemetry::RedactingWriter;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The span that an invocation runs in, and its field with the function's name.
const FUNCTION: (&str, &str) = ("function", "name");

/// Begins to log to standard error. A second call changes nothing.
pub fn to_stderr() {
    let targets = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("dynoxide", LevelFilter::WARN);
    let registry = tracing_subscriber::registry().with(targets);
    let to_stderr = || RedactingWriter::new(stderr());
    let begun = if stderr().is_terminal() {
        let layer = for_people(to_stderr, has_colours(&stderr()));
        registry.with(FunctionNames).with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
        let layer = layer.with_span_list(false).with_writer(to_stderr);
        registry.with(layer).try_init()
    };
    // Only a second call fails, and the first one's subscriber serves it.
    drop(begun);
}

/// Whether colours are welcome there (<https://no-color.org>).
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn for_people<S, W>(writer: W, colours: bool) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    tracing_subscriber::fmt::layer()
        .event_format(ForPeople)
        .with_ansi(colours)
        .with_writer(writer)
}

/// Remembers which function a span is of.
struct FunctionNames;

struct FunctionName(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for FunctionNames {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() != FUNCTION.0 {
            return;
        }
        let mut name = FunctionName(String::new());
        attributes.record(&mut name);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(name);
        }
    }
}

impl Visit for FunctionName {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == FUNCTION.1 {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

/// `10:04:38Z  INFO list-items: what it says field=value`: the spans' other fields, which a
/// program needs to put lines together, would hide what the line says.
struct ForPeople;

impl<S, N> FormatEvent<S, N> for ForPeople
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level();
        let [dim, colour, off] = if writer.has_ansi_escapes() {
            ["\x1b[2m", colour(*level), "\x1b[0m"]
        } else {
            [""; 3]
        };
        let time = Timestamp::now().strftime("%H:%M:%SZ");
        write!(writer, "{dim}{time}{off} {colour}{level:>5}{off} ")?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(FunctionName(name)) = span.extensions().get() {
                write!(writer, "{name}: ")?;
            }
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[34m",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A line that a function logs, without its time.
    fn line(colours: bool) -> String {
        let paper = Paper::default();
        let writer = paper.clone();
        let layer = for_people(move || writer.clone(), colours);
        let subscriber = tracing_subscriber::registry()
            .with(FunctionNames)
            .with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let id = "55e0126b";
            let _function = tracing::info_span!("function", name = "list-items", id).entered();
            let _inner = tracing::info_span!("invocation", function = "list-items", id).entered();
            tracing::warn!(code = "not_found", "refused");
        });
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_for_people_says_when_who_and_what() {
        let line = line(false);
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!(time.len(), "10:04:38Z".len(), "{line}");
        assert_eq!(rest, " WARN list-items: refused code=\"not_found\"\n");
    }

    #[test]
    fn colours_only_where_they_are_welcome() {
        assert!(line(true).contains("\x1b[33m WARN\x1b[0m"));
        assert!(!line(false).contains('\x1b'));
    }
}
