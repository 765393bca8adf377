//! API Gateway on a laptop: HTTP in, events to functions, HTTP out.

mod authorize;
mod cors;
mod dev;
mod event;
mod jwt;
mod response;
mod routes;
mod web;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_LENGTH, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use tokio::net::TcpListener;

use self::event::Surroundings;
use self::response::message;
use crate::aws::events::EventLog;
use crate::functions::{FunctionError, Runner};
use crate::template::Api;

pub use jwt::{KeyError, Tokens, USER_AUDIENCE, USER_ISSUER};
pub use web::{ASTRA_RETURN, Web};

/// API Gateway's limit of a request's body, in bytes.
pub const MAX_BODY: usize = 10 * 1024 * 1024;
/// What is read of a body at most. More than is accepted, so that a client that sends a
/// little too much can finish and read the answer.
const READ_AT_MOST: usize = 4 * MAX_BODY;

const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// The gateway of one stack.
pub struct Gateway {
    api: Api,
    runner: Arc<Runner>,
    tokens: Tokens,
    web: Web,
    events: EventLog,
    port: u16,
}

impl Gateway {
    /// A gateway for the routes of `api`, whose functions run in `runner`; `web` is
    /// the page at `/`, and `events` what `/dev/events` lists.
    pub fn new(api: Api, runner: Arc<Runner>, tokens: Tokens, web: Web, events: EventLog) -> Self {
        Self {
            api,
            runner,
            tokens,
            web,
            events,
            port: 0,
        }
    }

    /// Serves until `shutdown` is ready and the requests under way are answered.
    ///
    /// # Errors
    ///
    /// The listener fails.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        self.port = listener.local_addr()?.port();
        let app = Router::new().fallback(handle).with_state(Arc::new(self));
        axum::serve(
            listener,
            app.into_make_service_with_connect_info::<SocketAddr>(),
        )
        .with_graceful_shutdown(shutdown)
        .await
    }

    async fn answer(&self, parts: &Parts, body: Body, peer: IpAddr, request_id: &str) -> Response {
        let now = Timestamp::now();
        if let Some(file) = self.web.answer(parts) {
            return file;
        }
        if let Some(call) = dev::Call::at(parts.uri.path()) {
            let Some(body) = read(&parts.headers, body).await else {
                return too_large();
            };
            let behind = dev::Behind {
                tokens: &self.tokens,
                runner: &self.runner,
                events: &self.events,
            };
            return call.answer(parts, &body, &behind, now).await;
        }
        let found = routes::find(&self.api.routes, parts.method.as_str(), parts.uri.path());
        let Some(matched) = found else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let authorizer = &matched.route.authorizer;
        let authorizer = match authorize::authorize(authorizer, &parts.headers, &self.tokens, now) {
            Ok(authorizer) => authorizer,
            Err(refusal) => return refusal.answer(),
        };
        let Some(body) = read(&parts.headers, body).await else {
            return too_large();
        };
        let surroundings = Surroundings {
            request_id,
            now,
            source: peer,
            port: self.port,
            authorizer,
        };
        let event = event::event(parts, &body, &matched, &surroundings);
        match self.runner.invoke(&matched.route.function, event).await {
            Ok(result) => response::from_result(&result),
            Err(error) => failed(&matched.route.function, &error),
        }
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let request_id = event::new_request_id();
    let origin = parts.headers.get(ORIGIN);
    let mut response = match &gateway.api.cors {
        Some(cors) if cors::is_preflight(&parts) => cors::preflight(cors, origin),
        Some(cors) => {
            let mut response = gateway.answer(&parts, body, peer.ip(), &request_id).await;
            cors::decorate(cors, origin, response.headers_mut());
            response
        }
        None => gateway.answer(&parts, body, peer.ip(), &request_id).await,
    };
    tracing::info!(
        method = parts.method.as_str(),
        path = parts.uri.path(),
        status = response.status().as_u16(),
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request_id,
        "request"
    );
    if let Ok(request_id) = request_id.parse() {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    response
}

/// The body, unless it is larger than API Gateway takes.
async fn read(headers: &HeaderMap, body: Body) -> Option<Bytes> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > READ_AT_MOST) {
        return None;
    }
    // An error other than too many bytes means that the client is gone.
    let body = axum::body::to_bytes(body, READ_AT_MOST).await.ok()?;
    (body.len() <= MAX_BODY).then_some(body)
}

fn too_large() -> Response {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

/// Writes to the log why a function has no result, and says it.
fn failure(function: &str, error: &FunctionError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(function, %error, source, "the function has no result");
    match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn failed(function: &str, error: &FunctionError) -> Response {
    failure(function, error);
    match error {
        FunctionError::TimedOut(_) => {
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
        _ => response::internal_server_error(),
    }
}
