//! Users: who they are, what of their tokens is alive, and ending it.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Ends every token and code.
    #[serde(default)]
    revoke: bool,
    /// Ends the access token alone.
    #[serde(default)]
    revoke_access_token: bool,
}

pub(super) async fn list(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|world| {
        let mut users: Vec<_> = world.users.iter().collect();
        users.sort_by_key(|(_, user)| user.created_at);
        let users: Vec<Value> = users
            .into_iter()
            .filter_map(|(id, _)| world.user_view(id, simulator.clock()))
            .collect();
        json!({"users": users})
    })))
}

pub(super) async fn get(
    State(simulator): State<Simulator>,
    Path(user_id): Path<String>,
) -> Response {
    respond(view(&simulator, &user_id))
}

fn view(simulator: &Simulator, user_id: &str) -> Controlled {
    simulator
        .look(|world| world.user_view(user_id, simulator.clock()))
        .ok_or_else(|| Refusal::not_found("user"))
}

pub(super) async fn change(
    State(simulator): State<Simulator>,
    Path(user_id): Path<String>,
    body: Bytes,
) -> Response {
    respond(apply(&simulator, &user_id, &body))
}

fn apply(simulator: &Simulator, user_id: &str, body: &Bytes) -> Controlled {
    let change: Change = parse(body)?;
    simulator.change(|world| {
        if change.revoke || change.revoke_access_token {
            world.revoke(user_id, change.revoke);
        }
    })?;
    view(simulator, user_id)
}
