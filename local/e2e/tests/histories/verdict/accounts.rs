//! The accounts are Plaid's.

use serde_json::Value;
use shared::domain::{Account, Item};

use super::Ended;

pub(super) fn of(ended: &Ended, item: &Item) -> Vec<String> {
    // While Plaid does not list them, the last known ones stay.
    let told = ended.error().is_none();
    let truth = ended.truth["accounts"].as_array().unwrap();
    let mut wrong = Vec::new();
    for account in &item.accounts {
        let id = account.plaid.account_id.as_str();
        let named = truth.iter().find(|named| named["account_id"] == id);
        match named {
            Some(named) if told && !is_same(account, named) => {
                wrong.push(format!("an account differs from Plaid's: {account:?}"));
            }
            None if told && !account.revoked => {
                wrong.push("an account that Plaid does not name is not revoked".to_owned());
            }
            _ => {}
        }
        if account.revoked && account.processor_token.is_some() {
            wrong.push("a revoked account has a token".to_owned());
        }
    }
    let known = |id: &Value| {
        let mut accounts = item.accounts.iter();
        accounts.any(|account| *id == account.plaid.account_id.as_str())
    };
    if told && !truth.iter().all(|named| known(&named["account_id"])) {
        wrong.push("an account of Plaid's is not known".to_owned());
    }
    wrong
}

fn is_same(account: &Account, named: &Value) -> bool {
    let status = account.plaid.verification_status.as_ref();
    let status = serde_json::to_value(status).unwrap();
    let text = |text: Option<&String>| serde_json::to_value(text).unwrap();
    !account.revoked
        && named["verification_status"] == status
        && named["name"] == text(account.plaid.name.as_ref())
        && named["mask"] == text(account.plaid.mask.as_ref())
        && named["subtype"] == text(account.plaid.subtype.as_ref())
}
