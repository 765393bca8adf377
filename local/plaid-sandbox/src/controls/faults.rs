//! Armed faults.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::faults::NewFault;
use crate::world::table::numbered;
use crate::{Simulator, endpoints};

pub(super) async fn list(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|state| {
        let faults = state.world.faults.iter();
        let faults: Vec<Value> = faults.map(|(id, fault)| fault.view(id.as_str())).collect();
        json!({"faults": faults})
    })))
}

pub(super) async fn arm(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(arm_one(&simulator, &body))
}

fn arm_one(simulator: &Simulator, body: &Bytes) -> Controlled {
    let fault = parse::<NewFault>(body)?.arm().map_err(Refusal::bad)?;
    if !endpoints::exists(fault.endpoint()) {
        return Err(Refusal::bad(format!(
            "no such endpoint: {}",
            fault.endpoint()
        )));
    }
    Ok(simulator.change(|state| {
        let id = numbered(state.world.faults.next_number());
        let view = fault.view(id.as_str());
        state.world.faults.insert(id, fault);
        view
    })?)
}

pub(super) async fn clear(State(simulator): State<Simulator>) -> Response {
    let cleared = simulator.change(|state| {
        let ids: Vec<String> = state.world.faults.keys().cloned().collect();
        for id in &ids {
            state.world.faults.remove(id);
        }
        json!({"removed": ids.len()})
    });
    respond(cleared.map_err(Refusal::from))
}
