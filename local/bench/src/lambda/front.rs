//! TLS in front of an upstream: takes its time, and keeps account of who asked for what.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use reqwest::Client;
use serde_json::{Map, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::authority::Authority;
use crate::Failure;

/// What went to the upstreams, and what it cost.
#[derive(Debug, Default, Clone)]
pub(super) struct Traffic {
    /// Connections, each with a TLS handshake.
    pub(super) connections: u32,
    /// What was asked for, in the order in which it came: operations of AWS, paths of Plaid's.
    pub(super) calls: Vec<String>,
    /// What DynamoDB charges for it, in read and write units.
    pub(super) units: f64,
}

/// One account for all upstreams.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Traffic>>);

impl Ledger {
    /// What there was so far; the next account begins.
    pub(super) fn take(&self) -> Traffic {
        self.note(mem::take)
    }

    fn note<T>(&self, entry: impl FnOnce(&mut Traffic) -> T) -> T {
        entry(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// It ends when it is dropped.
pub(super) struct Front {
    /// Where it listens.
    pub(super) url: String,
    _server: JoinSet<()>,
}

struct Shared {
    http: Client,
    upstream: String,
    latency: Duration,
    ledger: Ledger,
}

impl Front {
    /// One in front of `upstream`, each of whose answers takes this much longer.
    pub(super) async fn start(
        authority: &Authority,
        upstream: &str,
        latency: Duration,
        ledger: &Ledger,
    ) -> Result<Self, Failure> {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", tcp.local_addr()?);
        let shared = Arc::new(Shared {
            http: local::functions::remote::client()?,
            upstream: upstream.to_owned(),
            latency,
            ledger: ledger.clone(),
        });
        let listener = TlsListener {
            tcp,
            acceptor: TlsAcceptor::from(Arc::clone(&authority.server)),
            ledger: ledger.clone(),
        };
        let router = Router::new().fallback(pass).with_state(shared);
        let mut server = JoinSet::new();
        server.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self {
            url,
            _server: server,
        })
    }
}

/// Accepts connections, and has TLS on them.
struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    ledger: Ledger,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.tcp.accept().await else {
                continue;
            };
            drop(stream.set_nodelay(true));
            // A handshake that fails is the caller's to report.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                self.ledger.note(|traffic| traffic.connections += 1);
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match shared.pass(method, &uri, headers, body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Shared {
    async fn pass(
        &self,
        method: Method,
        uri: &Uri,
        mut headers: HeaderMap,
        mut body: Bytes,
    ) -> Result<Response, Failure> {
        let operation = operation(&headers, uri.path());
        let table = headers
            .get("x-amz-target")
            .is_some_and(|target| target.as_bytes().starts_with(b"DynamoDB"));
        if table {
            body = asking_for_units(&body)?;
        }
        self.ledger.note(|traffic| traffic.calls.push(operation));
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
            headers.remove(name);
        }
        tokio::time::sleep(self.latency).await;
        let url = format!("{}{}", self.upstream, uri.path());
        let request = self.http.request(method, url).headers(headers).body(body);
        let answer = request.send().await?;
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
        let body = answer.bytes().await?;
        if table {
            let units = units(&body);
            self.ledger.note(|traffic| traffic.units += units);
        }
        let mut response = (status, body).into_response();
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        Ok(response)
    }
}

/// `PutItem`, `GenerateDataKey`, `/item/get`.
fn operation(headers: &HeaderMap, path: &str) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next());
    operation.unwrap_or(path).to_owned()
}

fn asking_for_units(body: &[u8]) -> Result<Bytes, Failure> {
    let mut request: Map<String, Value> = serde_json::from_slice(body)?;
    request.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
    Ok(serde_json::to_vec(&request)?.into())
}

fn units(answer: &[u8]) -> f64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let of = |table: &Value| table.get("CapacityUnits").and_then(Value::as_f64);
    match answer.get("ConsumedCapacity") {
        Some(Value::Array(tables)) => tables.iter().filter_map(of).sum(),
        Some(table) => of(table).unwrap_or_default(),
        None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_by_the_operation_of_aws_or_by_its_path() {
        let mut headers = HeaderMap::new();
        assert_eq!(operation(&headers, "/item/get"), "/item/get");
        let target = "DynamoDB_20120810.PutItem".parse().unwrap();
        headers.insert("x-amz-target", target);
        assert_eq!(operation(&headers, "/"), "PutItem");
    }

    #[test]
    fn units_are_those_of_all_tables() {
        let of = |answer: &str| units(answer.as_bytes());
        let two = r#"{"ConsumedCapacity": [{"CapacityUnits": 4.0}, {"CapacityUnits": 1.5}]}"#;
        let one = r#"{"ConsumedCapacity": {"CapacityUnits": 2.0}}"#;
        let figures = [of(two), of(one), of("{}"), of("no JSON")];
        assert!(
            figures
                .iter()
                .zip([5.5, 2.0, 0.0, 0.0])
                .all(|(is, wanted)| (is - wanted).abs() < 1e-9)
        );
    }
}
