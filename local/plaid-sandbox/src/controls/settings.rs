//! Settings, and the log of calls.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use sandbox_kit::calls::CallLog;
use serde_json::{Map, Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;
use crate::world::settings::Settings;

pub(super) async fn get(State(simulator): State<Simulator>) -> Response {
    respond(Ok(json!(simulator.look(|state| state.world.settings()))))
}

pub(super) async fn change(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(apply(&simulator, &body))
}

fn apply(simulator: &Simulator, body: &Bytes) -> Controlled {
    let wanted: Map<String, Value> = parse(body)?;
    simulator.change(|state| {
        let mut settings = json!(state.world.settings());
        if let Some(settings) = settings.as_object_mut() {
            settings.extend(wanted);
        }
        let changed: Settings = serde_json::from_value(settings.clone())
            .map_err(|error| Refusal::bad(error.to_string()))?;
        state.world.set_settings(changed);
        Ok(settings)
    })?
}

pub(super) async fn requests(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|state| {
        state.calls.view("error_code", simulator.clock())
    })))
}

pub(super) async fn clear_requests(State(simulator): State<Simulator>) -> Response {
    simulator.note(CallLog::clear);
    respond(Ok(json!({})))
}
