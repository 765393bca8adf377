//! Link without a browser: one call plays what a user does in Link.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;
use crate::bank::login::{GOOD_PASSWORD, GOOD_USER, log_in};
use crate::endpoints::Call;
use crate::link::finish::{add_item, eligible, end, keep, repair, usable_token, verify_deposit};
use crate::wire::error::PlaidError;
use crate::world::link::{Added, LinkSession, LinkToken, Outcome};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    link_token: String,
    institution_id: Option<String>,
    username: Option<String>,
    password: Option<String>,
    /// The user closes Link instead, with this error if there is one.
    #[serde(default)]
    exit: bool,
    error_code: Option<String>,
    status: Option<String>,
}

pub(super) async fn finish(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    respond(play(&simulator, host, &body))
}

fn play(simulator: &Simulator, host: &str, body: &Bytes) -> Controlled {
    let finish: Finish = parse(body)?;
    let clock = simulator.clock();
    simulator.change(|state| {
        let now = clock.now();
        let mut call = Call {
            world: &mut state.world,
            clock,
            now,
            host,
        };
        let token = usable_token(&call, &finish.link_token)?;
        let mut session = LinkSession::new(&finish.link_token, now);
        let outcome = if finish.exit {
            let error = finish.error_code.as_deref().map(PlaidError::of);
            let status = finish.status.clone();
            Outcome::Exit { error, status }
        } else {
            let added = succeed(&mut call, &finish, &token, &session.link_session_id)?;
            Outcome::Success { added }
        };
        let public_token = match &outcome {
            Outcome::Success { added } => added.first().map(|one| one.public_token.clone()),
            Outcome::Exit { .. } => None,
        };
        let link_session_id = session.link_session_id.clone();
        end(&mut call, &token, &mut session, outcome);
        keep(&mut call, session);
        Ok(json!({"link_session_id": link_session_id, "public_token": public_token}))
    })?
}

fn succeed(
    call: &mut Call<'_>,
    finish: &Finish,
    token: &LinkToken,
    link_session_id: &str,
) -> Result<Vec<Added>, Refusal> {
    let username = finish.username.as_deref().unwrap_or(GOOD_USER);
    let password = finish.password.as_deref().unwrap_or(GOOD_PASSWORD);
    if let Some(item_id) = &token.item_id {
        call.world.live(item_id)?;
        if password != GOOD_PASSWORD {
            return Err(PlaidError::of("INVALID_CREDENTIALS").into());
        }
        repair(call, item_id)?;
        verify_deposit(call, item_id);
        return Ok(Vec::new());
    }
    let institution_id = finish.institution_id.as_deref().unwrap_or("ins_109508");
    let mut login = log_in(institution_id, username, password)?;
    eligible(token, &token.texts("products"), &mut login.accounts)?;
    Ok(vec![add_item(
        call,
        token,
        link_session_id,
        username,
        login,
    )?])
}
