//! `POST /dev/login`, in place of an identity provider.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{answer, problem};
use crate::gateway::jwt::Tokens;

const MAX_USER_ID: usize = 128;
/// What to send.
pub(super) const EXAMPLE: &str = r#"{"user_id": "user-1"} or {"server": true}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user_id: Option<String>,
    server: Option<bool>,
}

/// A token for a user or a server.
pub(super) fn login(body: &[u8], tokens: &Tokens, now: Timestamp) -> Response {
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
    answer(&json!({ "token": token }))
}

fn is_user_id(user_id: &str) -> bool {
    !user_id.trim().is_empty()
        && user_id.chars().count() <= MAX_USER_ID
        && !user_id.chars().any(char::is_control)
}
