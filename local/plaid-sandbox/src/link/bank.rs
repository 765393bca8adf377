//! What the pages of a simulated bank ask.

use serde::Deserialize;
use serde_json::{Value, json};

use super::oauth::{return_url, session_of};
use super::view;
use crate::bank::login::log_in;
use crate::endpoints::Call;
use crate::wire::error::PlaidError;
use crate::world::flow::{Decision, Flow, Oauth};
use crate::world::item::Account;
use crate::world::link::LinkSession;

/// A call from a bank's page. Who knows the state id is the user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Visit {
    oauth_state_id: String,
    step: Step,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Look,
    SignIn { username: String, password: String },
    Allow { account_ids: Vec<String> },
    Deny,
}

/// Answers a bank's page.
pub(super) fn visit(call: &mut Call<'_>, visit: Visit) -> Result<Value, PlaidError> {
    let unknown = || PlaidError::of("OAUTH_STATE_ID_NOT_FOUND");
    let mut session = session_of(call.world, &visit.oauth_state_id)
        .ok_or_else(unknown)?
        .clone();
    let waiting = session.outcome.is_none()
        && matches!(&session.flow.oauth, Some(oauth) if oauth.decision == Decision::Waiting);
    if !waiting && !matches!(visit.step, Step::Look) {
        return Err(PlaidError::of("OAUTH_STATE_ID_ALREADY_PROCESSED"));
    }
    match visit.step {
        Step::Look => {}
        Step::SignIn { username, password } => {
            sign_in(call, &mut session, &username, &password)?;
        }
        Step::Allow { account_ids } => allow(&mut session.flow, account_ids)?,
        Step::Deny => decide(&mut session.flow, Decision::Denied),
    }
    let answer = answer(call, &session);
    let id = session.link_session_id.clone();
    call.world.link_sessions.insert(id, session);
    Ok(answer)
}

fn sign_in(
    call: &Call<'_>,
    session: &mut LinkSession,
    username: &str,
    password: &str,
) -> Result<(), PlaidError> {
    let flow = &mut session.flow;
    let institution_id = flow.institution_id.clone().unwrap_or_default();
    let login = log_in(&institution_id, username, password)?;
    let token = call.world.link_token(&session.link_token)?;
    let known: Vec<Account> = match &token.item_id {
        Some(id) => call.world.live(id)?.accounts.clone(),
        None => Vec::new(),
    };
    username.clone_into(&mut flow.username);
    flow.auth_method = Some(login.auth_method);
    flow.offered = super::accounts::merge(known, login.accounts);
    Ok(())
}

fn allow(flow: &mut Flow, account_ids: Vec<String>) -> Result<(), PlaidError> {
    let known = |id: &String| flow.offered.iter().any(|account| account.account_id == *id);
    if account_ids.is_empty() || !account_ids.iter().all(known) {
        return Err(PlaidError::of("INVALID_ACCOUNT_ID"));
    }
    flow.chosen = account_ids;
    decide(flow, Decision::Allowed);
    Ok(())
}

fn decide(flow: &mut Flow, decision: Decision) {
    if let Some(oauth) = &mut flow.oauth {
        oauth.decision = decision;
    }
}

fn answer(call: &Call<'_>, session: &LinkSession) -> Value {
    let flow = &session.flow;
    let oauth = flow.oauth.as_ref();
    let decided = oauth.is_some_and(|oauth| oauth.decision != Decision::Waiting);
    let token = call.world.link_token(&session.link_token);
    json!({
        "accounts": flow.offered.iter().map(view::account).collect::<Vec<_>>(),
        "client_name": token.ok().and_then(|token| token.text("client_name")),
        "decided": decided,
        "institution": flow.institution_view(),
        // Told only when there is something to take back.
        "return_url": oauth.filter(|_| decided).and_then(|oauth: &Oauth| return_url(oauth)),
    })
}
