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
use crate::endpoints::sandbox::{NewItem, link};
use crate::webhooks::body as bodies;
use crate::wire::error::PlaidError;
use crate::world::ids;
use crate::world::item::Account;
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
        let token = call.world.link_token(&finish.link_token)?.clone();
        if now >= token.expires_at {
            return Err(PlaidError::of("INVALID_LINK_TOKEN")
                .saying("it has expired")
                .into());
        }
        let session_id = ids::uuid();
        let outcome = if finish.exit {
            let error = finish.error_code.as_deref().map(PlaidError::of);
            Outcome::Exit {
                error,
                status: finish.status.clone(),
            }
        } else {
            Outcome::Success {
                added: succeed(&mut call, &finish, &token, &session_id)?,
            }
        };
        let public_tokens = match &outcome {
            Outcome::Success { added } => {
                added.iter().map(|one| one.public_token.clone()).collect()
            }
            Outcome::Exit { .. } => Vec::new(),
        };
        let session = LinkSession {
            link_session_id: session_id.clone(),
            link_token: finish.link_token.clone(),
            started_at: now,
            finished_at: Some(now),
            outcome: Some(outcome),
        };
        call.world.link_sessions.insert(session_id.clone(), session);
        if let Some(token) = call.world.link_tokens.get_mut(&finish.link_token) {
            token.session_ids.push(session_id.clone());
        }
        announce(&mut call, &finish, &token, &session_id, &public_tokens);
        Ok(json!({"link_session_id": session_id, "public_token": public_tokens.first()}))
    })?
}

fn succeed(
    call: &mut Call<'_>,
    finish: &Finish,
    token: &LinkToken,
    session_id: &str,
) -> Result<Vec<Added>, Refusal> {
    let username = finish.username.as_deref().unwrap_or(GOOD_USER);
    let password = finish.password.as_deref().unwrap_or(GOOD_PASSWORD);
    if let Some(item_id) = &token.item_id {
        repair(call, item_id, password)?;
        return Ok(Vec::new());
    }
    let institution_id = finish.institution_id.as_deref().unwrap_or("ins_109508");
    let mut login = log_in(institution_id, username, password)?;
    let products = token.texts("products");
    if products.iter().any(|product| product == "auth") {
        // With Auth, Link shows only accounts that have numbers.
        login.accounts.retain(Account::is_debitable);
        if login.accounts.is_empty() {
            return Err(PlaidError::of("NO_AUTH_ACCOUNTS").into());
        }
    }
    let new = NewItem {
        username,
        products,
        webhook: token.text("webhook").map(str::to_owned),
        link_session_id: Some(session_id.to_owned()),
    };
    let public_token = link(call, login, new);
    let item_id = call
        .world
        .public_token(&public_token, call.now)?
        .item_id
        .clone();
    let item = call
        .world
        .items
        .get(&item_id)
        .ok_or_else(|| Refusal::not_found("Item"))?;
    Ok(vec![Added::of(item, public_token)])
}

/// Update mode: the login works again, the access token stays.
fn repair(call: &mut Call<'_>, item_id: &str, password: &str) -> Result<(), Refusal> {
    call.world.live(item_id)?;
    if password != GOOD_PASSWORD {
        return Err(PlaidError::of("INVALID_CREDENTIALS").into());
    }
    if let Some(item) = call.world.items.get_mut(item_id) {
        item.error = None;
        item.logged_in_at = call.now;
        for account in &mut item.accounts {
            if account.verification_status.as_deref() == Some("pending_manual_verification") {
                account.verification_status = Some("manually_verified".to_owned());
            }
        }
    }
    call.world.plan(item_id);
    Ok(())
}

/// Only Hosted Link tells the server how a session went.
fn announce(
    call: &mut Call<'_>,
    finish: &Finish,
    token: &LinkToken,
    session_id: &str,
    public_tokens: &[String],
) {
    let Some(url) = token.text("webhook").filter(|_| token.hosted) else {
        return;
    };
    for public_token in public_tokens {
        let body = bodies::item_add_result(session_id, &finish.link_token, public_token);
        call.world.send_webhook(url, &body, None, call.now);
    }
    let status = if finish.exit { "EXITED" } else { "SUCCESS" };
    let body = bodies::session_finished(session_id, &finish.link_token, status, public_tokens);
    call.world.send_webhook(url, &body, None, call.now);
}
