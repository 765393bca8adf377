//! Between the functions and the local AWS: writes down what each asks for, and refuses what
//! it is told to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use e2e::scene::Failure;
use e2e::served::Served;
use reqwest::Client;
use serde_json::Value;

use crate::call::{Asked, Call, Names};

const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/x-amz-json-1.0");
const TARGET: &str = "x-amz-target";
const PASSED_ON: [&str; 4] = [TARGET, "x-amz-date", "authorization", "content-type"];
/// The access key of whoever is no function: the test itself.
const NO_FUNCTION: &str = "test";

/// It ends when it is dropped.
pub(crate) struct Recorder {
    served: Served,
    shared: Arc<Shared>,
}

/// What stands behind it, known only when the stack has started.
pub(crate) struct Behind {
    pub(crate) dynamodb: String,
    pub(crate) aws: String,
    pub(crate) names: Names,
}

struct Shared {
    http: Client,
    behind: OnceLock<Behind>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    calls: BTreeSet<Call>,
    /// Requests that could not be understood.
    problems: Vec<String>,
    /// A function, and the operations that fail for it without any effect.
    refused: Option<(&'static str, &'static [&'static str])>,
}

impl Recorder {
    /// A recorder that leads nowhere yet.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let shared = Arc::new(Shared {
            http: local::functions::remote::client()?,
            behind: OnceLock::new(),
            book: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let served = Served::start(router).await?;
        Ok(Self { served, shared })
    }

    /// Where functions find AWS.
    pub(crate) fn url(&self) -> &str {
        &self.served.url
    }

    /// Leads here from now on.
    pub(crate) fn lead_to(&self, behind: Behind) {
        self.shared.behind.get_or_init(|| behind);
    }

    /// These operations fail for this function from now on, and no others.
    pub(crate) fn refuse(&self, function: &'static str, operations: &'static [&'static str]) {
        self.shared.book().refused = Some((function, operations));
    }

    /// Nothing fails any more.
    pub(crate) fn relent(&self) {
        self.shared.book().refused = None;
    }

    /// What was asked for since the recorder leads anywhere.
    pub(crate) fn calls(&self) -> Result<BTreeSet<Call>, Failure> {
        let book = self.shared.book();
        if book.problems.is_empty() {
            Ok(book.calls.clone())
        } else {
            Err(book.problems.join("\n").into())
        }
    }
}

async fn pass(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let target = text(TARGET).unwrap_or_default();
    let function = text("authorization")
        .and_then(access_key)
        .unwrap_or_default();
    let Some(behind) = shared.behind.get() else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if function != NO_FUNCTION && shared.note(function, target, &body, &behind.names) {
        let error = r#"{"__type": "InternalServerError"}"#;
        return (StatusCode::INTERNAL_SERVER_ERROR, [JSON], error).into_response();
    }
    let url = if target.starts_with("DynamoDB") {
        &behind.dynamodb
    } else {
        &behind.aws
    };
    match shared.ask(url, &headers, body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// Who signed: the first part of the credential.
fn access_key(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next()
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// Writes a request down, and tells whether it is to be refused.
    fn note(&self, function: &str, target: &str, body: &[u8], names: &Names) -> bool {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = Asked {
            function,
            target,
            body: &body,
        };
        let mut book = self.book();
        match asked.calls(names) {
            Ok(calls) => book.calls.extend(calls),
            Err(error) => book.problems.push(format!("{function}, {target}: {error}")),
        }
        let operation = target.rsplit('.').next().unwrap_or_default();
        book.refused.is_some_and(|(refused, operations)| {
            refused == function && operations.contains(&operation)
        })
    }

    async fn ask(&self, url: &str, headers: &HeaderMap, body: Bytes) -> Result<Response, Failure> {
        let mut request = self.http.post(url).body(body);
        for name in PASSED_ON {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await?;
        let status = answer.status();
        Ok((status, [JSON], answer.bytes().await?).into_response())
    }
}
