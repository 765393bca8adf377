//! How controls are asked and answered: JSON in and out, `{"error": ...}` for a refusal.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::pretty;

/// What a control answers.
pub type Controlled = Result<Value, Refusal>;

/// Why a control does nothing.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    /// What was asked makes no sense.
    pub fn bad(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: error.into(),
        }
    }

    /// What was asked for is not there.
    pub fn not_found(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: format!("there is no such {what}"),
        }
    }

    /// What was asked cannot be done.
    pub fn failed(error: impl std::error::Error) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: error.to_string(),
        }
    }
}

/// The answer where there is no control.
#[expect(clippy::unused_async, reason = "handlers are")]
pub async fn nothing_here() -> Response {
    respond(Err(Refusal::not_found("control")))
}

/// The answer of a control.
pub fn respond(result: Controlled) -> Response {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, json!({"error": refusal.error})),
    };
    let kind = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, pretty(&body)).into_response()
}

/// The body of a request; an empty one is an empty object.
///
/// # Errors
///
/// It is not what the control takes.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))
}
