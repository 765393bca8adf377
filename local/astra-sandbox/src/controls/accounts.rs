//! Accounts of all users, and what becomes of one.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// How many routines are active on it.
    active_routines: Option<u32>,
    connection_status: Option<String>,
}

pub(super) async fn list(State(simulator): State<Simulator>) -> Response {
    let accounts = simulator.look(|world| world.all_accounts(simulator.clock()));
    respond(Ok(json!({"accounts": accounts})))
}

pub(super) async fn get(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    respond(view(&simulator, &id))
}

fn view(simulator: &Simulator, id: &str) -> Controlled {
    simulator
        .look(|world| world.account_view(id, simulator.clock()))
        .ok_or_else(|| Refusal::not_found("account"))
}

pub(super) async fn change(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    respond(apply(&simulator, &id, &body))
}

fn apply(simulator: &Simulator, id: &str, body: &Bytes) -> Controlled {
    let change: Change = parse(body)?;
    simulator.change(|world| {
        let Some(account) = world.accounts.get_mut(id) else {
            return;
        };
        if let Some(number) = change.active_routines {
            account.active_routines = number;
        }
        if let Some(status) = change.connection_status {
            account.connection_status = status;
        }
    })?;
    view(simulator, id)
}
