//! What only a laptop has: `POST /dev/login`.

use axum::http::header::{ALLOW, CACHE_CONTROL, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::jwt::Tokens;
use super::response::json_answer;

/// The path of the login.
pub(super) const LOGIN: &str = "/dev/login";

const MAX_USER_ID: usize = 128;
const EXAMPLE: &str = r#"{"user_id": "user-1"} or {"server": true}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user_id: Option<String>,
    server: Option<bool>,
}

/// Answers `POST /dev/login` with a token for a user or a server.
pub(super) fn login(parts: &Parts, body: &[u8], tokens: &Tokens, now: Timestamp) -> Response {
    if !is_local(&parts.headers) {
        // A page of a stranger that points a name of its own at 127.0.0.1 comes with
        // that name, and gets no token.
        let detail = "This address only answers under 127.0.0.1 or localhost.";
        return problem(StatusCode::FORBIDDEN, "forbidden_host", detail);
    }
    if parts.method != Method::POST {
        let detail = format!("Use POST with {EXAMPLE}.");
        let mut answer = problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            &detail,
        );
        answer
            .headers_mut()
            .insert(ALLOW, const { HeaderValue::from_static("POST") });
        return answer;
    }
    let token = match serde_json::from_slice(body) {
        Ok(Login {
            user_id: Some(user_id),
            server: None,
        }) if is_user_id(&user_id) => tokens.for_user(&user_id, now),
        Ok(Login {
            user_id: None,
            server: Some(true),
        }) => tokens.for_server(now),
        Ok(Login {
            user_id: Some(_),
            server: None,
        }) => {
            let detail = format!("user_id must have 1 to {MAX_USER_ID} printable characters.");
            return problem(StatusCode::BAD_REQUEST, "invalid_user_id", &detail);
        }
        Ok(_) => {
            let detail = format!("Send either {EXAMPLE}.");
            return problem(StatusCode::BAD_REQUEST, "invalid_login", &detail);
        }
        Err(error) => {
            let detail = format!("The body must be {EXAMPLE}: {error}.");
            return problem(StatusCode::BAD_REQUEST, "invalid_login", &detail);
        }
    };
    let Ok(token) = token else {
        let detail = "The token could not be signed.";
        return problem(StatusCode::INTERNAL_SERVER_ERROR, "signing_failed", detail);
    };
    let json = HeaderValue::from_static("application/json");
    let mut answer = json_answer(StatusCode::OK, json, &json!({ "token": token }));
    answer.headers_mut().insert(
        CACHE_CONTROL,
        const { HeaderValue::from_static("no-store") },
    );
    answer
}

fn is_user_id(user_id: &str) -> bool {
    !user_id.trim().is_empty()
        && user_id.chars().count() <= MAX_USER_ID
        && !user_id.chars().any(char::is_control)
}

/// Whether the request was sent to a name of this machine.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].contains(&name.to_ascii_lowercase().as_str())
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "code": code,
    });
    json_answer(
        status,
        HeaderValue::from_static("application/problem+json"),
        &body,
    )
}
