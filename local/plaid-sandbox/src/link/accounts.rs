//! Which accounts the user shares.

use super::finish::eligible;
use super::run::{Run, Stepped};
use crate::bank::login::Login;
use crate::wire::error::PlaidError;
use crate::world::flow::{Flow, Pane};
use crate::world::item::Account;
use crate::world::settings::AccountSelection;

/// How Auth proves accounts that wait for automated micro-deposits.
const AUTOMATED: &str = "AUTOMATED_MICRODEPOSITS";

/// Keeps what a login showed.
pub(super) fn take_up(run: &mut Run<'_, '_>, login: Login) -> Stepped {
    let known: Vec<Account> = run
        .item()?
        .map(|item| item.accounts.clone())
        .unwrap_or_default();
    let flow = run.flow();
    flow.auth_method = Some(login.auth_method);
    flow.chosen = known.iter().map(|known| known.account_id.clone()).collect();
    flow.offered = merge(known, login.accounts);
    Ok(())
}

/// What is shared already, which keeps its ids, and what else there is.
pub(super) fn merge(known: Vec<Account>, seen: Vec<Account>) -> Vec<Account> {
    let mut all = known;
    for account in seen {
        if !all.iter().any(|known| known.is_same_as(&account)) {
            all.push(account);
        }
    }
    all
}

/// The accounts among those on offer that were chosen.
pub(super) fn chosen(flow: &Flow) -> Vec<Account> {
    let offered = flow.offered.iter();
    offered
        .filter(|account| flow.chosen.contains(&account.account_id))
        .cloned()
        .collect()
}

pub(super) fn is_single(run: &Run<'_, '_>) -> bool {
    run.call.world.settings().account_selection == AccountSelection::Single
}

/// The login is complete: accounts are chosen, unless update mode leaves them as they are.
pub(super) fn after_login(run: &mut Run<'_, '_>) -> Stepped {
    run.loading();
    if run.is_update() && !chooses_in_update(run) {
        run.heal()?;
        run.go(Pane::Connected);
        return Ok(());
    }
    match offer_eligible(run) {
        Ok(()) => run.go(Pane::Accounts),
        Err(error) => run.fail(error),
    }
    Ok(())
}

pub(super) fn offer_eligible(run: &mut Run<'_, '_>) -> Result<(), PlaidError> {
    let mut offered = std::mem::take(&mut run.session.flow.offered);
    let products = match run.item()? {
        Some(item) => item.products.clone(),
        None => run.token.texts("products"),
    };
    let left = eligible(&run.token, &products, &mut offered);
    run.flow().offered = offered;
    left
}

/// Whether update mode asks for accounts: banks with their own picker always do.
fn chooses_in_update(run: &Run<'_, '_>) -> bool {
    let update = run.token.request.get("update");
    let enabled = update.and_then(|update| update.get("account_selection_enabled"));
    enabled.and_then(serde_json::Value::as_bool) == Some(true)
}

pub(super) fn choose(run: &mut Run<'_, '_>, account_ids: &[String]) -> Stepped {
    run.at(&[Pane::Accounts])?;
    let flow = &run.session.flow;
    let known = |id: &String| flow.offered.iter().any(|account| account.account_id == *id);
    if account_ids.is_empty() || !account_ids.iter().all(known) {
        run.hint("Select at least one account to continue.");
        return Ok(());
    }
    if is_single(run) && account_ids.len() > 1 {
        run.hint("Select only one account.");
        return Ok(());
    }
    run.flow().chosen = account_ids.to_vec();
    if run.is_update() {
        return share_in_update(run);
    }
    if run.session.flow.auth_method.as_deref() == Some(AUTOMATED) {
        run.go(Pane::Numbers);
    } else {
        run.connect();
    }
    Ok(())
}

/// Update mode: the Item now has these accounts. One that was taken away
/// earlier comes back with a new id.
pub(super) fn share_in_update(run: &mut Run<'_, '_>) -> Stepped {
    let accounts = chosen(&run.session.flow);
    run.heal()?;
    let id = run.token.item_id.clone().unwrap_or_default();
    if let Some(item) = run.call.world.items.get_mut(&id) {
        item.accounts = accounts;
    }
    run.call.world.plan(&id);
    run.connect();
    Ok(())
}
