//! Accounts, and their numbers.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::wire::error::PlaidError;
use crate::wire::request::Request;
use crate::world::item::{Account, Item, Verification};

pub(super) fn get(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item = call
        .world
        .usable_item_of(request.text("access_token"), "/accounts/get")?;
    let accounts: Vec<Value> = chosen(item, request)?
        .into_iter()
        .map(Account::view)
        .collect();
    Ok(json!({"accounts": accounts, "item": item.view(call.clock)}))
}

pub(super) fn auth(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item = call
        .world
        .usable_item_of(request.text("access_token"), "/auth/get")?;
    let accounts: Vec<&Account> = chosen(item, request)?
        .into_iter()
        .filter(|account| account.is_debitable())
        .collect();
    if accounts.is_empty() {
        return Err(PlaidError::of("NO_AUTH_ACCOUNTS"));
    }
    for account in &accounts {
        verified(account)?;
    }
    let ach: Vec<Value> = accounts
        .iter()
        .filter_map(|account| account.ach())
        .collect();
    Ok(json!({
        "accounts": accounts.iter().map(|account| account.view()).collect::<Vec<_>>(),
        "item": item.view(call.clock),
        "numbers": {"ach": ach, "bacs": [], "eft": [], "international": []},
    }))
}

/// Lets through an account whose numbers are proven.
pub(super) fn verified(account: &Account) -> Result<(), PlaidError> {
    match account.verification() {
        Verification::Done => Ok(()),
        Verification::Locked
            if account.verification_status.as_deref() == Some("verification_failed") =>
        {
            Err(PlaidError::of("TOO_MANY_VERIFICATION_ATTEMPTS"))
        }
        Verification::Pending | Verification::Locked => {
            Err(PlaidError::of("PRODUCT_NOT_READY").saying("the account is not verified"))
        }
    }
}

/// The accounts that `options.account_ids` names, or all.
fn chosen<'a>(item: &'a Item, request: Request<'_>) -> Result<Vec<&'a Account>, PlaidError> {
    let options = request.object("options");
    if !options.has("account_ids") {
        return Ok(item.accounts.iter().collect());
    }
    options
        .texts("account_ids")
        .iter()
        .map(|id| {
            item.account(id)
                .ok_or_else(|| PlaidError::of("INVALID_ACCOUNT_ID"))
        })
        .collect()
}
