//! A front that answers like a healthy stack, but for one call.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Request, Response};
use local::doctor::Finding;
use serde_json::json;
use shared::http::{Code, Problem};
use tokio::task::JoinSet;

use super::ward::from_outside;
use crate::support::serve;

pub const ORIGIN: &str = "https://app.example.com";
/// What the front takes for a user's token.
pub const TOKEN: &str = "a.good.token";
const ASTRA_PAGE: &str = "/login/oauth/authorize";

/// Who asks for what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    Preflight,
    /// The user's Items without a token, with a forged one, and with the user's.
    NoToken,
    Forged,
    Items,
    /// A server's route without a signature, and with the user's token.
    Server,
    ServerAsUser,
    Webhook,
    LinkToken,
    /// Where to send the user, and the page there, which is the front's own here.
    AstraAuthorization,
    AstraPage,
}

impl Call {
    fn of(parts: &Parts) -> Self {
        let header = parts.headers.get("authorization");
        let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        match (&parts.method, parts.uri.path(), token) {
            (&Method::OPTIONS, "/v1/items", None) => Self::Preflight,
            (&Method::GET, "/v1/items", None) => Self::NoToken,
            (&Method::GET, "/v1/items", Some(TOKEN)) => Self::Items,
            (&Method::GET, "/v1/items", Some(_)) => Self::Forged,
            (&Method::GET, ASTRA_PAGE, None) => Self::AstraPage,
            (&Method::GET, _, None) => Self::Server,
            (&Method::GET, _, Some(TOKEN)) => Self::ServerAsUser,
            (&Method::POST, "/v1/webhooks/plaid", None) => Self::Webhook,
            (&Method::POST, "/v1/link-tokens", Some(TOKEN)) => Self::LinkToken,
            (&Method::POST, "/v1/astra/authorizations", Some(TOKEN)) => Self::AstraAuthorization,
            other => panic!("nobody asks for {other:?}"),
        }
    }

    /// What a healthy stack at this host answers.
    fn answer(self, host: &str) -> Response<Body> {
        match self {
            Self::Preflight => cors(ORIGIN, "GET,POST,DELETE", "authorization,content-type"),
            Self::NoToken | Self::Forged => gateway(401, "Unauthorized"),
            Self::Server | Self::ServerAsUser => gateway(403, "Forbidden"),
            Self::Items => json_body(200, r#"{"items":[]}"#),
            Self::Webhook => problem(Problem::new(Code::WebhookNotVerified, "no")),
            Self::LinkToken => json_body(201, r#"{"link_token":"link-sandbox-canary"}"#),
            Self::AstraAuthorization => {
                let page = json!({ "url": format!("http://{host}{ASTRA_PAGE}?state=s") });
                json_body(201, page.to_string())
            }
            Self::AstraPage => Response::new("Authorize".into()),
        }
    }
}

pub fn json_body(status: u16, body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/json");
    response.body(body.into()).unwrap()
}

/// API Gateway's own answer.
pub fn gateway(status: u16, message: &str) -> Response<Body> {
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/json");
    let body = json!({ "message": message }).to_string();
    response.body(body.into()).unwrap()
}

/// A function's answer, as functions make it.
pub fn problem(problem: Problem) -> Response<Body> {
    let (parts, body) = problem.into_response("request").into_parts();
    let lambda_http::Body::Text(text) = body else {
        panic!("a problem is text");
    };
    Response::from_parts(parts, text.into())
}

pub fn cors(origin: &str, methods: &str, headers: &str) -> Response<Body> {
    let response = Response::builder().status(204);
    let response = response.header("access-control-allow-origin", origin);
    let response = response.header("access-control-allow-methods", methods);
    let response = response.header("access-control-allow-headers", headers);
    response.body(Body::empty()).unwrap()
}

pub type Answer = Arc<dyn Fn() -> Response<Body> + Send + Sync>;

/// A front that answers one call otherwise.
pub async fn front(broken: Call, answer: Answer) -> (String, JoinSet<()>) {
    let router = Router::new().fallback(move |request: Request<Body>| {
        let answer = Arc::clone(&answer);
        async move {
            let (parts, _) = request.into_parts();
            let call = Call::of(&parts);
            if call == broken {
                answer()
            } else {
                call.answer(parts.headers["host"].to_str().unwrap())
            }
        }
    });
    let (url, server) = serve(router).await;
    (url.to_string(), server)
}

/// What is found where one call is answered otherwise.
pub async fn with(
    broken: Call,
    answer: impl Fn() -> Response<Body> + Send + Sync + 'static,
) -> Vec<Finding> {
    let (url, _server) = front(broken, Arc::new(answer)).await;
    from_outside(&url, Some(TOKEN), Some(ORIGIN)).await
}
