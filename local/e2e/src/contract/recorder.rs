//! A proxy in front of the simulator that keeps what passes.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Failure;

/// More than any request has.
const LARGEST_BODY: usize = 1024 * 1024;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Our client, which must never be wrong.
    Client,
    /// A test, which may be.
    Test,
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Who sent it.
    pub sender: Sender,
    /// The request's method.
    pub method: Method,
    /// The request's path.
    pub path: String,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's body.
    pub request: Bytes,
    /// The answer; `None` when the connection was cut.
    pub answer: Option<(StatusCode, Bytes)>,
}

impl Exchange {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.answer.as_ref().map(|(status, _)| *status)
    }

    /// The request as JSON, if it is JSON.
    pub fn request_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.request).ok()
    }
}

/// The proxy. It ends when dropped.
#[derive(Debug)]
pub struct Recorder {
    url: String,
    tape: Arc<Tape>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Tape {
    sender: Sender,
    upstream: String,
    http: reqwest::Client,
    exchanges: Mutex<Vec<Exchange>>,
}

impl Recorder {
    /// A proxy on a free port that forwards to the base URL `upstream`.
    ///
    /// # Errors
    /// There is no port.
    pub async fn open(
        sender: Sender,
        upstream: &str,
        http: &reqwest::Client,
    ) -> Result<Self, Failure> {
        let tape = Arc::new(Tape {
            sender,
            upstream: upstream.to_owned(),
            http: http.clone(),
            exchanges: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().fallback(pass).with_state(tape.clone());
        let server = tokio::spawn(async move {
            // Whoever calls notices when this has ended.
            let _ended = axum::serve(listener, routes).await;
        });
        Ok(Self { url, tape, server })
    }

    /// The base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has passed so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.tape
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(tape): State<Arc<Tape>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let answer = forward(
        &tape,
        &head.method,
        head.uri.path(),
        &head.headers,
        body.clone(),
    )
    .await;
    let passed = answer
        .as_ref()
        .map(|(status, _, body)| (*status, body.clone()));
    let exchange = Exchange {
        sender: tape.sender,
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        request: body,
        answer: passed,
    };
    tape.exchanges
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(exchange);
    match answer {
        Some((status, headers, body)) => (status, headers, Body::from(body)).into_response(),
        // The task of this connection ends, and with it the connection, without a word.
        None => std::panic::resume_unwind(Box::new("the connection behind was cut")),
    }
}

/// The answer; `None` when the connection was cut.
async fn forward(
    tape: &Tape,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Option<(StatusCode, HeaderMap, Bytes)> {
    let mut headers = headers.clone();
    headers.remove(HOST);
    headers.remove(CONTENT_LENGTH);
    let url = format!("{}{path}", tape.upstream);
    let request = tape
        .http
        .request(method.clone(), url)
        .headers(headers)
        .body(body);
    let answer = request.send().await.ok()?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    Some((status, headers, answer.bytes().await.ok()?))
}
