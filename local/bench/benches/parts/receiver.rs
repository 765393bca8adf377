//! The function that receives webhooks, from the request to the answer.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::BatchSize;
use lambda_http::Request;
use plaid_webhook::KeyCache;
use shared::ports::Inbox;
use shared::telemetry::RedactingWriter;
use shared::test_util::{Event, FixedClock, MemoryPlaid, MemoryStore};
use tokio::runtime::Runtime;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::with_default;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use webhook_receipt::{Deps, handler};

use crate::dynamodb::DynamoDb;
use crate::webhook::{EVENT, NOW, SIGNATURE, Webhook};
use crate::{Criterion, Failure};

/// From the arrival to the function's timeout, in seconds.
const TIME: i64 = 8;

pub(crate) fn measure(criterion: &mut Criterion, runtime: &Runtime) -> Result<(), Failure> {
    let webhook = Webhook::new()?;
    let memory = deps(&webhook, MemoryStore::default());
    let name = "receiver: over a table in memory, no log";
    receive(criterion, runtime, name, &webhook, &memory);
    assert_eq!(memory.store.records().inbox.len(), 1);
    let paper = Paper::default();
    with_default(log(&paper), || {
        let name = "receiver: over a table in memory";
        receive(criterion, runtime, name, &webhook, &memory);
    });
    assert!(paper.lines() > 0);
    let (dynamodb, paper) = (DynamoDb::default(), Paper::default());
    let real = deps(&webhook, dynamodb.table()?);
    with_default(log(&paper), || {
        let name = "receiver: over AWS's client, answered at once";
        receive(criterion, runtime, name, &webhook, &real);
    });
    assert_eq!(paper.lines(), 2 * dynamodb.requests(), "two lines each");
    Ok(())
}

/// As `shared::telemetry` has it.
fn log(paper: &Paper) -> impl Subscriber + Send + Sync + use<> {
    let paper = paper.clone();
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(move || RedactingWriter::new(paper.clone()))
        .with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(json)
}

fn receive<S: Inbox>(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    webhook: &Webhook,
    deps: &Deps<MemoryPlaid, S, FixedClock>,
) {
    let request = request(webhook);
    let answer = runtime.block_on(handler(deps, request.clone()));
    assert_eq!(answer.status(), 200);
    criterion.bench_function(name, |bencher| {
        let mut bencher = bencher.to_async(runtime);
        let work = |request| handler(deps, request);
        bencher.iter_batched(|| request.clone(), work, BatchSize::SmallInput);
    });
}

fn request(webhook: &Webhook) -> Request {
    let event = Event::read(EVENT).body(webhook.body.clone());
    let event = event.set(SIGNATURE, webhook.header.clone());
    event.request((NOW + TIME) * 1000)
}

fn deps<S>(webhook: &Webhook, store: S) -> Deps<MemoryPlaid, S, FixedClock> {
    let plaid = MemoryPlaid::default();
    plaid.world().keys.push(webhook.key.clone());
    Deps {
        plaid,
        keys: KeyCache::new(),
        store,
        clock: FixedClock::at_second(NOW),
    }
}

/// Counts lines, and keeps none.
#[derive(Clone, Default)]
struct Paper(Arc<AtomicUsize>);

impl Paper {
    fn lines(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Write for Paper {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
