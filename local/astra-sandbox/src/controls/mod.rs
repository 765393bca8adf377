//! The controls, all under `/simulator`: what tests need and Astra does not have.

mod accounts;
mod authorizations;
mod clock;
mod faults;
mod settings;
mod users;

use axum::Router;
use axum::routing::{get, post};
use sandbox_kit::controls::{Controlled, Refusal, nothing_here, parse, respond};

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

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}
