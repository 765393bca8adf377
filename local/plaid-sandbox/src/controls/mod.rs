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
use axum::routing::{get, post};
use sandbox_kit::controls::{Controlled, Refusal, nothing_here, parse, respond};

use crate::Simulator;
use crate::store::StoreError;
use crate::wire::error::PlaidError;

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

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

/// Where a control does what an endpoint does, it fails as that does.
impl From<PlaidError> for Refusal {
    fn from(error: PlaidError) -> Self {
        Self::bad(format!("{}: {}", error.error_code, error.error_message))
    }
}
