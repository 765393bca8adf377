//! TLS in front of an upstream, which takes its time and keeps account.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use local::aws::accounting;
use reqwest::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::authority::Authority;
use super::ledger::{Call, Ledger, Upstream};
use crate::Failure;

/// It ends when it is dropped.
pub(super) struct Front {
    /// Where it listens.
    pub(super) url: String,
    _server: JoinSet<()>,
}

struct Shared {
    http: Client,
    upstream: Upstream,
    address: String,
    latency: Duration,
    ledger: Ledger,
}

impl Front {
    /// One in front of an upstream at this address, each of whose answers takes this much longer.
    pub(super) async fn start(
        authority: &Authority,
        upstream: Upstream,
        address: &str,
        latency: Duration,
        ledger: &Ledger,
    ) -> Result<Self, Failure> {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", tcp.local_addr()?);
        let shared = Arc::new(Shared {
            http: local::functions::remote::client()?,
            upstream,
            address: address.to_owned(),
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
        let (begun, name) = (Instant::now(), operation(&headers, uri.path()));
        let table = headers
            .get("x-amz-target")
            .is_some_and(|target| target.as_bytes().starts_with(b"DynamoDB"));
        if table {
            body = accounting::asking_for_units(&body)?.into();
        }
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
            headers.remove(name);
        }
        tokio::time::sleep(self.latency).await;
        let url = format!("{}{}", self.address, uri.path());
        let request = self.http.request(method, url).headers(headers).body(body);
        let answer = request.send().await?;
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
        let body = answer.bytes().await?;
        self.ledger.note(|traffic| {
            traffic.units += if table { accounting::units(&body) } else { 0.0 };
            traffic.calls.push(Call {
                name,
                upstream: self.upstream,
                begun,
                ended: Instant::now(),
            });
        });
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
    target.map_or(path, accounting::operation).to_owned()
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
}
