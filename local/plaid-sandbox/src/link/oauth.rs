//! Banks that let nobody see a password: Link sends the user to them, and they
//! send the user back.

use super::accounts::{is_single, offer_eligible, share_in_update};
use super::run::{Run, Stepped};
use crate::wire::error::PlaidError;
use crate::world::World;
use crate::world::flow::{Decision, Oauth, Pane};
use crate::world::ids;
use crate::world::link::LinkSession;

/// The query parameter with which the user comes back.
const STATE: &str = "oauth_state_id";

/// Starts a visit to the bank.
pub(super) fn open_bank(run: &mut Run<'_, '_>) -> Stepped {
    run.at(&[Pane::Oauth])?;
    run.clear();
    let return_uri = return_uri(run);
    run.flow().oauth = Some(Oauth {
        state_id: ids::uuid(),
        return_uri,
        decision: Decision::Waiting,
        processed: false,
    });
    run.event("OPEN_OAUTH", &[]);
    Ok(())
}

/// Where the bank sends the browser; nowhere from a window of its own.
pub(super) fn return_uri(run: &Run<'_, '_>) -> Option<String> {
    match (&run.token.hosted_id, run.token.text("redirect_uri")) {
        (Some(id), _) => Some(format!("http://{}/hosted-link/{id}", run.call.host)),
        (None, uri) => uri.filter(|uri| !uri.is_empty()).map(str::to_owned),
    }
}

/// Takes note of what the user did at the bank.
pub(super) fn back_from_bank(run: &mut Run<'_, '_>) -> Stepped {
    run.at(&[Pane::Oauth])?;
    let Some(oauth) = run.flow().oauth.as_mut().filter(|oauth| !oauth.processed) else {
        return Ok(());
    };
    oauth.processed = oauth.decision != Decision::Waiting;
    match oauth.decision {
        Decision::Waiting => {
            // The next visit is another one.
            run.flow().oauth = None;
            run.event("CLOSE_OAUTH", &[]);
            run.hint("The bank's window was closed before you were done there.");
        }
        Decision::Denied => {
            run.event("FAIL_OAUTH", &[]);
            run.retry(PlaidError::of("ACCESS_NOT_GRANTED"), Pane::Oauth);
        }
        Decision::Allowed => return allowed(run),
    }
    Ok(())
}

/// The accounts were picked at the bank; only if they are too many, Link asks again.
fn allowed(run: &mut Run<'_, '_>) -> Stepped {
    let flow = run.flow();
    let chosen = std::mem::take(&mut flow.chosen);
    flow.offered
        .retain(|account| chosen.contains(&account.account_id));
    if let Err(error) = offer_eligible(run) {
        run.fail(error);
        return Ok(());
    }
    if is_single(run) && run.session.flow.offered.len() > 1 {
        run.loading();
        run.go(Pane::Accounts);
        return Ok(());
    }
    let flow = run.flow();
    flow.chosen = flow
        .offered
        .iter()
        .map(|account| account.account_id.clone())
        .collect();
    if run.is_update() {
        return share_in_update(run);
    }
    run.connect();
    Ok(())
}

/// The session of an `oauth_state_id`.
pub(super) fn session_of<'a>(world: &'a World, state_id: &str) -> Option<&'a LinkSession> {
    world
        .link_sessions
        .values()
        .find(|session| oauth_of(session).is_some_and(|oauth| oauth.state_id == state_id))
}

fn oauth_of(session: &LinkSession) -> Option<&Oauth> {
    session.flow.oauth.as_ref()
}

/// The session that goes on at `received_redirect_uri`.
///
/// # Errors
///
/// Plaid's `OAUTH_ERROR`s.
pub(super) fn resume(
    world: &World,
    link_token: &str,
    received_redirect_uri: &str,
) -> Result<LinkSession, PlaidError> {
    let unknown = || PlaidError::of("OAUTH_STATE_ID_NOT_FOUND");
    let uri = url::Url::parse(received_redirect_uri).map_err(|_| unknown())?;
    let state_id = uri.query_pairs().find(|(name, _)| name == STATE);
    let (_, state_id) = state_id.ok_or_else(unknown)?;
    let session = session_of(world, &state_id).ok_or_else(unknown)?;
    if session.link_token != link_token {
        return Err(PlaidError::of("INCORRECT_LINK_TOKEN"));
    }
    if session.outcome.is_some() || oauth_of(session).is_none_or(|oauth| oauth.processed) {
        return Err(PlaidError::of("OAUTH_STATE_ID_ALREADY_PROCESSED"));
    }
    Ok(session.clone())
}

/// Where the bank sends the browser, with the state of this visit.
pub(super) fn return_url(oauth: &Oauth) -> Option<String> {
    let uri = oauth.return_uri.as_deref()?;
    Some(format!("{uri}?{STATE}={}", oauth.state_id))
}
