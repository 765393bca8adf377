//! The controls, all under `/simulator`: what tests need and Astra does not have.

mod accounts;
mod authorizations;
mod clock;
mod faults;
mod settings;
mod users;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Simulator;
use crate::store::StoreError;

pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/accounts", get(accounts::list))
        .route(
            "/accounts/{account_id}",
            get(accounts::get).post(accounts::change),
        )
        .route("/authorizations", post(authorizations::authorize))
        .route("/clock", get(clock::get).post(clock::change))
        .route(
            "/faults",
            get(faults::list).post(faults::arm).delete(faults::clear),
        )
        .route(
            "/requests",
            get(settings::requests).delete(settings::clear_requests),
        )
        .route("/reset", post(settings::reset))
        .route("/settings", get(settings::get).post(settings::change))
        .route("/users", get(users::list))
        .route("/users/{user_id}", get(users::get).post(users::change))
        .fallback(nothing_here)
}

/// What a control answers.
type Controlled = Result<Value, Refusal>;

/// Why a control does nothing.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    fn bad(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: error.into(),
        }
    }

    fn not_found(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: format!("there is no such {what}"),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: error.to_string(),
        }
    }
}

async fn nothing_here() -> Response {
    respond(Err(Refusal::not_found("control")))
}

fn respond(result: Controlled) -> Response {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, json!({"error": refusal.error})),
    };
    let kind = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    // Text keys and plain values always have a JSON form. People read this.
    let text = serde_json::to_string_pretty(&body).unwrap_or_default();
    (status, kind, text).into_response()
}

/// The body of a request; an empty one is an empty object.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))
}
