//! Rate limits.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::{Controlled, Refusal, parse, respond};
use crate::{Simulator, endpoints};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLimit {
    endpoint: String,
    per_minute: usize,
}

pub(super) async fn list(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|state| state.limits.view())))
}

pub(super) async fn set(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(set_one(&simulator, &body))
}

fn set_one(simulator: &Simulator, body: &Bytes) -> Controlled {
    let limit: NewLimit = parse(body)?;
    if endpoints::find(&limit.endpoint).is_none() {
        let error = format!("no such endpoint: {}", limit.endpoint);
        return Err(Refusal::bad(error));
    }
    Ok(simulator.change(|state| {
        state.limits.set(limit.endpoint, limit.per_minute);
        state.limits.view()
    })?)
}

pub(super) async fn clear(State(simulator): State<Simulator>) -> Response {
    let cleared = simulator.change(|state| {
        state.limits.clear();
        state.limits.view()
    });
    respond(cleared.map_err(Refusal::from))
}
