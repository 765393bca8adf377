//! The simulator's time.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    advance_seconds: Option<u64>,
    speed: Option<f64>,
}

pub(super) async fn get(State(simulator): State<Simulator>) -> Response {
    respond(Ok(view(&simulator)))
}

pub(super) async fn change(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(apply(&simulator, &body))
}

fn apply(simulator: &Simulator, body: &Bytes) -> Controlled {
    let change: Change = parse(body)?;
    if change
        .speed
        .is_some_and(|speed| !(0.0..=1_000_000.0).contains(&speed))
    {
        return Err(Refusal::bad("speed is 0 to 1000000"));
    }
    let clock = simulator.clock();
    if let Some(seconds) = change.advance_seconds {
        clock.advance(Duration::from_secs(seconds));
    }
    if let Some(speed) = change.speed {
        clock.set_speed(speed);
    }
    simulator.change(|state| {
        state.world.set_clock(clock.reading());
        // What has become due must have happened when this is answered.
        state.world.settle(clock);
    })?;
    Ok(view(simulator))
}

fn view(simulator: &Simulator) -> Value {
    let clock = simulator.clock();
    json!({
        "now": clock.now().to_string(),
        "speed": clock.reading().speed,
    })
}
