//! Micro-deposits: account numbers that are typed, and the code of the deposit.

use super::finish::{settle_deposit, verify_deposit};
use super::run::{Run, Stepped};
use crate::bank::institutions::AuthMethod;
use crate::bank::login::{GOOD_PASSWORD, GOOD_USER, SAME_DAY_USER, log_in};
use crate::wire::error::PlaidError;
use crate::world::flow::Pane;

/// The account of every micro-deposit in Plaid's Sandbox.
const ACCOUNT: &str = "1111222233330000";
const SAME_DAY_ROUTING: &str = "110000000";
/// What the statement of every micro-deposit says.
const CODE: &str = "ABC";
/// After so many wrong codes the account is locked for ever.
const MOST_CODES: u32 = 3;

/// Whether the link token allows Same-Day micro-deposits.
pub(super) fn offers_same_day(run: &Run<'_, '_>) -> bool {
    let auth = run.token.request.get("auth");
    let flag = auth.and_then(|auth| auth.get("same_day_microdeposits_enabled"));
    !run.is_update() && flag.and_then(serde_json::Value::as_bool) == Some(true)
}

pub(super) fn same_day(run: &mut Run<'_, '_>) -> Stepped {
    run.at(&[Pane::Institutions])?;
    if offers_same_day(run) {
        run.event("SELECT_AUTH_TYPE", &[("selection", "flow_type_manual")]);
        run.go(Pane::Numbers);
    }
    Ok(())
}

pub(super) fn numbers(
    run: &mut Run<'_, '_>,
    routing: &str,
    account: &str,
    subtype: Option<&str>,
) -> Stepped {
    run.at(&[Pane::Numbers])?;
    run.clear();
    let (routing, account) = (routing.trim(), account.trim());
    run.event("SUBMIT_ROUTING_NUMBER", &[("routing_number", routing)]);
    let institution = run.session.flow.institution();
    let known = institution.map_or(routing == SAME_DAY_ROUTING, |institution| {
        institution.routing_numbers.contains(&routing)
    });
    if !known {
        run.hint("We do not know this routing number. Check it and try again.");
        return Ok(());
    }
    let digits: Vec<char> = account.chars().collect();
    let mask: String = digits.iter().skip(digits.len().saturating_sub(4)).collect();
    run.event("SUBMIT_ACCOUNT_NUMBER", &[("account_number_mask", &mask)]);
    if account != ACCOUNT {
        run.hint("This account number does not exist. Check it and try again.");
        return Ok(());
    }
    match institution.map(|institution| (institution.id, institution.auth)) {
        Some((_, AuthMethod::AutomatedMicrodeposits | AuthMethod::Instant)) => run.connect(),
        Some((id, AuthMethod::InstantMicrodeposits)) => {
            open_account(run, id, GOOD_USER, subtype)?;
            run.loading();
            run.go(Pane::DepositCode);
        }
        None => {
            open_account(run, "ins_109508", SAME_DAY_USER, subtype)?;
            run.connect();
        }
    }
    Ok(())
}

/// The one account behind typed numbers.
fn open_account(
    run: &mut Run<'_, '_>,
    institution_id: &str,
    username: &str,
    subtype: Option<&str>,
) -> Stepped {
    let mut login = log_in(institution_id, username, GOOD_PASSWORD)?;
    if subtype == Some("savings") {
        for account in &mut login.accounts {
            "Plaid Saving".clone_into(&mut account.name);
            account.subtype = Some("savings".to_owned());
        }
    }
    for numbers in login
        .accounts
        .iter_mut()
        .filter_map(|account| account.numbers.as_mut())
        .filter(|_| login.institution.is_none())
    {
        SAME_DAY_ROUTING.clone_into(&mut numbers.routing);
    }
    let flow = run.flow();
    username.clone_into(&mut flow.username);
    flow.auth_method = Some(login.auth_method);
    flow.chosen = login
        .accounts
        .iter()
        .map(|account| account.account_id.clone())
        .collect();
    flow.offered = login.accounts;
    Ok(())
}

pub(super) fn deposit_code(run: &mut Run<'_, '_>, code: &str) -> Stepped {
    run.at(&[Pane::DepositCode])?;
    run.clear();
    let item_id = run.token.item_id.clone();
    if code.trim().eq_ignore_ascii_case(CODE) {
        if let Some(item_id) = &item_id {
            verify_deposit(run.call, item_id);
            run.heal()?;
        }
        run.connect();
        return Ok(());
    }
    let misses = count_miss(run, item_id.as_deref());
    if misses < MOST_CODES {
        let left = MOST_CODES - misses;
        let tries = if left == 1 { "try" } else { "tries" };
        run.hint(&format!(
            "That is not the code. You have {left} {tries} left."
        ));
        return Ok(());
    }
    if let Some(item_id) = &item_id {
        settle_deposit(run.call, item_id, "verification_failed");
    }
    run.fail(PlaidError::of("TOO_MANY_VERIFICATION_ATTEMPTS"));
    Ok(())
}

/// Counts a wrong code: on the Item if there is one, as sessions come and go.
fn count_miss(run: &mut Run<'_, '_>, item_id: Option<&str>) -> u32 {
    if let Some(item) = item_id.and_then(|id| run.call.world.items.get_mut(id)) {
        item.deposit_code_misses += 1;
        return item.deposit_code_misses;
    }
    run.flow().misses += 1;
    run.session.flow.misses
}
