//! CORS as API Gateway does it: preflight requests are answered without the function,
//! and what a function says about CORS is replaced.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;

use crate::template::Cors;

const ALL: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

/// Whether a browser asks here what it may do.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight request; without permissions for a foreign origin.
pub(super) fn preflight(cors: &Cors, origin: Option<&HeaderValue>) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if allow_origin(cors, origin, headers) {
        insert(
            headers,
            ACCESS_CONTROL_ALLOW_METHODS,
            &cors.allow_methods.join(","),
        );
        insert(
            headers,
            ACCESS_CONTROL_ALLOW_HEADERS,
            &cors.allow_headers.join(","),
        );
        if let Some(seconds) = cors.max_age {
            insert(headers, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
    }
    response
}

/// Puts the CORS headers of an ordinary answer in place.
pub(super) fn decorate(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    for name in ALL {
        headers.remove(name);
    }
    if allow_origin(cors, origin, headers) && !cors.expose_headers.is_empty() {
        insert(
            headers,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            &cors.expose_headers.join(","),
        );
    }
}

fn allow_origin(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) -> bool {
    let Some(text) = origin.and_then(|origin| origin.to_str().ok()) else {
        return false;
    };
    if !cors
        .allow_origins
        .iter()
        .any(|allowed| matches_origin(allowed, text))
    {
        return false;
    }
    insert(headers, ACCESS_CONTROL_ALLOW_ORIGIN, text);
    headers.append(VARY, const { HeaderValue::from_static("Origin") });
    if cors.allow_credentials {
        insert(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    true
}

/// An allowed origin is `*`, `https://*`, `http://*`, or the origin itself.
fn matches_origin(allowed: &str, origin: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(prefix) => origin.starts_with(prefix),
        None => allowed.eq_ignore_ascii_case(origin),
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = value.parse() {
        headers.insert(name, value);
    }
}
