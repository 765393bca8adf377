//! The controls, all under `/simulator`: what tests need and Plaid does not have.

mod accounts;
mod clock;
mod faults;
mod items;
mod limits;
mod link_sessions;
mod secrets;
mod settings;
mod webhooks;

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
use crate::wire::error::PlaidError;
use crate::wire::json::pretty;

pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/clock", get(clock::get).post(clock::change))
        .route(
            "/faults",
            get(faults::list).post(faults::arm).delete(faults::clear),
        )
        .route("/items", get(items::list))
        .route("/items/{item_id}", get(items::get).post(items::change))
        .route("/items/{item_id}/accounts", post(accounts::add))
        .route(
            "/items/{item_id}/accounts/{account_id}",
            post(accounts::change).delete(accounts::remove),
        )
        .route(
            "/limits",
            get(limits::list).post(limits::set).delete(limits::clear),
        )
        .route("/link-sessions", post(link_sessions::finish))
        .route(
            "/requests",
            get(settings::requests).delete(settings::clear_requests),
        )
        .route("/secrets", get(secrets::get).post(secrets::change))
        .route("/settings", get(settings::get).post(settings::change))
        .route("/webhooks", get(webhooks::list).delete(webhooks::clear))
        .route("/webhooks/send", post(webhooks::send))
        .route("/webhooks/sign", post(webhooks::sign))
        .route("/webhooks/rotate-key", post(webhooks::rotate_key))
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

/// Where a control does what an endpoint does, it fails as that does.
impl From<PlaidError> for Refusal {
    fn from(error: PlaidError) -> Self {
        Self::bad(format!("{}: {}", error.error_code, error.error_message))
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
    (
        status,
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        pretty(&body),
    )
        .into_response()
}

/// The body of a request; an empty one is an empty object.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))
}
