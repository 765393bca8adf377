//! Link in the browser: the script that an application loads, the pages behind
//! it, and the steps that those pages take. The server decides what comes next;
//! the pages only draw it.

mod accounts;
mod api;
mod bank;
pub(crate) mod finish;
mod login;
mod numbers;
mod oauth;
mod pages;
mod run;
mod steps;
mod view;

use axum::Router;
use axum::routing::{get, post};

use crate::Simulator;

pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/link/v2/stable/link-initialize.js", get(pages::script))
        .route("/link/v2/stable/link.html", get(pages::framed))
        .route("/link/v2/stable/{file}", get(pages::asset))
        .route("/link/v2/oauth/{state_id}", get(pages::bank))
        .route("/hosted-link/{hosted_id}", get(pages::hosted))
        .route("/link/v2/session", post(api::step))
        .route("/link/v2/oauth", post(api::visit))
}
