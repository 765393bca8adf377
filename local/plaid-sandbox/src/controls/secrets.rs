//! The secrets that are active, as the Dashboard has them: two while one is rotated.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;

/// How many Plaid lets be active at once.
const MOST: usize = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    secrets: Vec<String>,
}

pub(super) async fn get(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|state| json!({"secrets": state.secrets}))))
}

pub(super) async fn change(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(apply(&simulator, &body))
}

fn apply(simulator: &Simulator, body: &Bytes) -> Controlled {
    let Wanted { secrets } = parse(body)?;
    if secrets.is_empty() || secrets.len() > MOST || secrets.iter().any(String::is_empty) {
        return Err(Refusal::bad("one or two secrets can be active"));
    }
    Ok(simulator.change(|state| {
        state.secrets.clone_from(&secrets);
        json!({"secrets": secrets})
    })?)
}
