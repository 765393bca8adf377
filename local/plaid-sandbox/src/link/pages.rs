//! The files of Link, and the headers that guard them.

use axum::extract::Path;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const SCRIPT: &str = include_str!("web/link-initialize.js");
const LINK: &str = include_str!("web/link.html");
const BANK: &str = include_str!("web/bank.html");

/// Everything that the pages load.
const ASSETS: &[(&str, &str, &str)] = &[
    ("bank.js", JAVASCRIPT, include_str!("web/bank.js")),
    ("dom.js", JAVASCRIPT, include_str!("web/dom.js")),
    ("host.js", JAVASCRIPT, include_str!("web/host.js")),
    ("link.js", JAVASCRIPT, include_str!("web/link.js")),
    ("panes.js", JAVASCRIPT, include_str!("web/panes.js")),
    ("forms.js", JAVASCRIPT, include_str!("web/forms.js")),
    ("link.css", CSS, include_str!("web/link.css")),
];

/// What a page may do: nothing but its own files and its own server.
macro_rules! policy {
    ($ancestors:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ",
            "base-uri 'none'; form-action 'none'; frame-ancestors ",
            $ancestors
        )
    };
}

/// Only pages of this machine may show Link in a frame.
const FRAMED: &str =
    policy!("http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*");
const ALONE: &str = policy!("'none'");

const COMMON: [(HeaderName, &str); 3] = [
    // An old file of a new simulator would be hard to find.
    (CACHE_CONTROL, "no-store"),
    // The address of a bank's page holds a state id.
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

fn file(kind: &'static str, text: impl Into<String>) -> Response {
    (COMMON, [(CONTENT_TYPE, kind)], text.into()).into_response()
}

fn page(text: &'static str, policy: &'static str) -> Response {
    ([(CONTENT_SECURITY_POLICY, policy)], file(HTML, text)).into_response()
}

/// The script that defines `window.Plaid`. It is told where it came from, so
/// that it also works when a proxy or a bundler serves it from elsewhere.
pub(super) async fn script(headers: HeaderMap) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.filter(|host| is_host(host)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let text = SCRIPT.replace("{{ORIGIN}}", &format!("http://{host}"));
    let anyone = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (anyone, file(JAVASCRIPT, text)).into_response()
}

/// Whether this can stand in a script without harm.
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter))
}

pub(super) async fn framed() -> Response {
    page(LINK, FRAMED)
}

pub(super) async fn hosted() -> Response {
    page(LINK, ALONE)
}

pub(super) async fn bank() -> Response {
    page(BANK, ALONE)
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, text)) => file(kind, *text),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
