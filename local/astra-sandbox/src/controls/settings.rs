//! Settings, the log of calls, and a new beginning.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use sandbox_kit::calls::CallLog;
use serde_json::{Map, Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;
use crate::world::World;
use crate::world::settings::Settings;

pub(super) async fn get(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|world| json!(world.settings))))
}

pub(super) async fn change(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(apply(&simulator, &body))
}

fn apply(simulator: &Simulator, body: &Bytes) -> Controlled {
    let wanted: Map<String, Value> = parse(body)?;
    simulator.change(|world| {
        let mut settings = json!(world.settings);
        if let Some(settings) = settings.as_object_mut() {
            settings.extend(wanted);
        }
        let changed: Settings = serde_json::from_value(settings.clone())
            .map_err(|error| Refusal::bad(error.to_string()))?;
        if let Some(fault) = changed.fault() {
            return Err(Refusal::bad(fault));
        }
        world.settings = changed;
        Ok(settings)
    })?
}

pub(super) async fn requests(State(simulator): State<Simulator>) -> Response {
    respond(Ok(
        simulator.calls(|calls| calls.view("error", simulator.clock()))
    ))
}

pub(super) async fn clear_requests(State(simulator): State<Simulator>) -> Response {
    simulator.calls(CallLog::clear);
    respond(Ok(json!({})))
}

/// Forgets everything but the time.
pub(super) async fn reset(State(simulator): State<Simulator>) -> Response {
    let reset = simulator.change(World::reset);
    simulator.calls(CallLog::clear);
    respond(reset.map(|()| json!({})).map_err(Refusal::from))
}
