//! How Link ends, in the browser or without one.

use serde_json::{Value, json};

use crate::bank::login::Login;
use crate::endpoints::Call;
use crate::endpoints::sandbox::{NewItem, link};
use crate::webhooks::body as bodies;
use crate::wire::error::PlaidError;
use crate::world::item::Account;
use crate::world::link::{Added, LinkSession, LinkToken, Outcome};

/// A link token that may still be used.
pub(crate) fn usable_token(call: &Call<'_>, link_token: &str) -> Result<LinkToken, PlaidError> {
    let token = call.world.link_token(link_token)?.clone();
    if call.now >= token.expires_at {
        return Err(PlaidError::of("INVALID_LINK_TOKEN").saying("it has expired"));
    }
    Ok(token)
}

/// Leaves the accounts that Link may offer for this token and these products.
///
/// # Errors
///
/// `NO_AUTH_ACCOUNTS` when none is left.
pub(crate) fn eligible(
    token: &LinkToken,
    products: &[String],
    accounts: &mut Vec<Account>,
) -> Result<(), PlaidError> {
    // With Auth, Link shows only accounts that have numbers.
    let auth = products.iter().any(|product| product == "auth");
    accounts.retain(|account| !auth || account.is_debitable());
    if let Some(filters) = token.request.get("account_filters") {
        accounts.retain(|account| passes(filters, account));
    }
    if accounts.is_empty() {
        return Err(PlaidError::of("NO_AUTH_ACCOUNTS"));
    }
    Ok(())
}

/// Types that `account_filters` leaves out are not shown at all.
fn passes(filters: &Value, account: &Account) -> bool {
    let subtypes = filters
        .get(&account.kind)
        .and_then(|filter| filter.get("account_subtypes"))
        .and_then(Value::as_array);
    subtypes.is_some_and(|subtypes| {
        subtypes
            .iter()
            .filter_map(Value::as_str)
            .any(|subtype| subtype == "all" || Some(subtype) == account.subtype.as_deref())
    })
}

/// Makes the pending Item of a session, and its public token.
pub(crate) fn add_item(
    call: &mut Call<'_>,
    token: &LinkToken,
    link_session_id: &str,
    username: &str,
    login: Login,
) -> Result<Added, PlaidError> {
    let new = NewItem {
        username,
        products: token.texts("products"),
        webhook: token.text("webhook").map(str::to_owned),
        link_session_id: Some(link_session_id.to_owned()),
    };
    let public_token = link(call, login, new);
    let item_id = &call.world.public_token(&public_token, call.now)?.item_id;
    let item = call.world.items.get(item_id);
    let item = item.ok_or_else(|| PlaidError::of("ITEM_NOT_FOUND"))?;
    Ok(Added::of(item, public_token))
}

/// Update mode: the login works again, the access token stays. No
/// `LOGIN_REPAIRED` is sent: Plaid sends it when an Item healed elsewhere.
pub(crate) fn repair(call: &mut Call<'_>, item_id: &str) -> Result<(), PlaidError> {
    call.world.live(item_id)?;
    if let Some(item) = call.world.items.get_mut(item_id) {
        item.error = None;
        item.logged_in_at = call.now;
    }
    call.world.plan(item_id);
    Ok(())
}

/// Update mode: the code of the micro-deposit was right.
pub(crate) fn verify_deposit(call: &mut Call<'_>, item_id: &str) {
    settle_deposit(call, item_id, "manually_verified");
}

/// Gives every account that waits for a code this status.
pub(crate) fn settle_deposit(call: &mut Call<'_>, item_id: &str, status: &str) {
    let Some(item) = call.world.items.get_mut(item_id) else {
        return;
    };
    for account in &mut item.accounts {
        if account.awaits_deposit_code() {
            account.verification_status = Some(status.to_owned());
        }
    }
}

/// Ends a session: its outcome is kept, and told to the server if it is Hosted Link's.
pub(crate) fn end(
    call: &mut Call<'_>,
    token: &LinkToken,
    session: &mut LinkSession,
    outcome: Outcome,
) {
    session.finished_at = Some(call.now);
    announce(call, token, session, &outcome);
    session.outcome = Some(outcome);
}

/// Keeps a session, and that it belongs to its token.
pub(crate) fn keep(call: &mut Call<'_>, session: LinkSession) {
    // What was opened with no token of ours is nothing to remember.
    let Some(token) = call.world.link_tokens.get_mut(&session.link_token) else {
        return;
    };
    let id = session.link_session_id.clone();
    if !token.session_ids.contains(&id) {
        token.session_ids.push(id.clone());
    }
    call.world.link_sessions.insert(id, session);
}

/// Only Hosted Link tells the server how a session went.
fn announce(call: &mut Call<'_>, token: &LinkToken, session: &LinkSession, outcome: &Outcome) {
    let Some(url) = token.text("webhook").filter(|_| token.hosted) else {
        return;
    };
    let (id, link_token) = (&session.link_session_id, &session.link_token);
    let (status, public_tokens) = match outcome {
        Outcome::Success { added } => {
            let tokens = added.iter().map(|one| one.public_token.clone());
            ("SUCCESS", tokens.collect())
        }
        Outcome::Exit { .. } => ("EXITED", Vec::new()),
    };
    for public_token in &public_tokens {
        let body = bodies::item_add_result(id, link_token, public_token);
        call.world.send_webhook(url, &body, None, call.now);
    }
    let body = bodies::session_finished(id, link_token, status, &public_tokens);
    call.world.send_webhook(url, &body, None, call.now);
}

/// What `onSuccess` or `onExit` gets; `None` while the session runs.
pub(crate) fn result(call: &Call<'_>, token: &LinkToken, session: &LinkSession) -> Option<Value> {
    let id = &session.link_session_id;
    Some(match session.outcome.as_ref()? {
        Outcome::Success { added } => {
            let item = token
                .item_id
                .as_deref()
                .and_then(|id| call.world.items.get(id));
            let updated = item.map(|item| Added::of(item, String::new()));
            let shown = added.first().or(updated.as_ref());
            json!({
                "metadata": {
                    "accounts": shown.map_or_else(|| json!([]), |added| added.accounts.clone()),
                    "institution": shown.map(|added| &added.institution),
                    "link_session_id": id,
                    "transfer_status": null,
                },
                "name": "success",
                "public_token": added.first().map(|added| &added.public_token),
            })
        }
        Outcome::Exit { error, status } => json!({
            "error": error.as_ref().map(brief),
            "metadata": {
                "institution": session.flow.institution_view(),
                "link_session_id": id,
                "request_id": session.events.last().and_then(|event| event.metadata.get("request_id")),
                "status": status,
            },
            "name": "exit",
        }),
    })
}

/// An error as `onExit` gets it.
pub(crate) fn brief(error: &PlaidError) -> Value {
    json!({
        "display_message": error.display_message,
        "error_code": error.error_code,
        "error_message": error.error_message,
        "error_type": error.error_type,
    })
}
