//! A proxy between the functions and their table: tells what DynamoDB is asked for and what it
//! charges, and breaks down on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use local::aws::accounting;
use reqwest::Client;

use crate::scene::Failure;
use crate::served::Served;

const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/x-amz-json-1.0");
/// What the SDK calls an operation by, the same in each of its attempts.
const INVOCATION: &str = "amz-sdk-invocation-id";
/// The operations that cost read units; all others cost write units.
const READS: [&str; 4] = ["BatchGetItem", "GetItem", "Query", "Scan"];

/// What was asked for, and what it cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// How often each operation was called.
    pub calls: BTreeMap<String, u32>,
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<String> = self
            .calls
            .iter()
            .map(|(operation, count)| format!("{count} {operation}"))
            .collect();
        let Self { reads, writes, .. } = self;
        write!(f, "{}; {reads} read, {writes} write", calls.join(", "))
    }
}

/// The bill, and which operations are on it: one that a slow machine made the SDK send again is
/// not dearer for that.
#[derive(Default)]
struct Ledger {
    bill: Bill,
    billed: BTreeSet<String>,
}

/// The proxy. It ends when it is dropped.
pub struct Proxy {
    served: Served,
    shared: Arc<Shared>,
}

struct Shared {
    http: Client,
    /// Known only when the stack has started.
    database: OnceLock<String>,
    ledger: Mutex<Ledger>,
    is_down: AtomicBool,
}

impl Proxy {
    /// A proxy that leads nowhere yet.
    ///
    /// # Errors
    /// No port is free, or no client can be built.
    pub async fn start() -> Result<Self, Failure> {
        let shared = Arc::new(Shared {
            http: local::functions::remote::client()?,
            database: OnceLock::new(),
            ledger: Mutex::default(),
            is_down: AtomicBool::new(false),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let served = Served::start(router).await?;
        Ok(Self { served, shared })
    }

    /// Where functions find the database.
    pub fn url(&self) -> &str {
        &self.served.url
    }

    /// Leads to this database, the first one that is named.
    pub fn lead_to(&self, database: &str) {
        self.shared.database.get_or_init(|| database.to_owned());
    }

    /// Whether every call fails from now on, without any effect.
    pub fn break_down(&self, is_down: bool) {
        self.shared.is_down.store(is_down, Ordering::Relaxed);
    }

    /// The bill so far; the next one begins.
    pub fn take_bill(&self) -> Bill {
        std::mem::take(&mut *lock(&self.shared.ledger)).bill
    }
}

async fn pass(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if shared.is_down.load(Ordering::Relaxed) {
        let error = r#"{"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}"#;
        return (StatusCode::INTERNAL_SERVER_ERROR, [JSON], error).into_response();
    }
    match shared.pass(&headers, &body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Shared {
    async fn pass(&self, headers: &HeaderMap, body: &[u8]) -> Result<Response, Failure> {
        let database = self.database.get().ok_or("it leads nowhere yet")?;
        let target = headers.get("x-amz-target").ok_or("no x-amz-target")?;
        let operation = accounting::operation(target.to_str()?);
        let body = accounting::asking_for_units(body)?;
        let mut request = self.http.post(database).body(body);
        for name in [
            "x-amz-target",
            "x-amz-date",
            "authorization",
            "content-type",
        ] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let invocation = headers.get(INVOCATION).ok_or("no amz-sdk-invocation-id")?;
        lock(&self.ledger).add(invocation.to_str()?, operation, &text);
        Ok((status, [JSON], text).into_response())
    }
}

impl Ledger {
    fn add(&mut self, invocation: &str, operation: &str, answer: &str) {
        if self.billed.insert(invocation.to_owned()) {
            self.bill.add(operation, answer);
        }
    }
}

impl Bill {
    fn add(&mut self, operation: &str, answer: &str) {
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let units = accounting::units(answer.as_bytes());
        if READS.contains(&operation) {
            self.reads += units;
        } else {
            self.writes += units;
        }
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
