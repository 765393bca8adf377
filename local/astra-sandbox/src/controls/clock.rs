//! The simulator's time.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, parse, respond};
use crate::Simulator;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    advance_seconds: Option<u64>,
}

pub(super) async fn get(State(simulator): State<Simulator>) -> Response {
    respond(Ok(view(&simulator)))
}

pub(super) async fn change(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(apply(&simulator, &body))
}

fn apply(simulator: &Simulator, body: &Bytes) -> Controlled {
    let change: Change = parse(body)?;
    let clock = simulator.clock();
    clock.advance(Duration::from_secs(change.advance_seconds.unwrap_or(0)));
    simulator.change(|world| world.ahead = clock.ahead())?;
    Ok(view(simulator))
}

fn view(simulator: &Simulator) -> Value {
    json!({"now": simulator.clock().now().to_string()})
}
