//! Changes as our API shows them.

use serde::Serialize;
use shared::domain::{
    AccountChange, AccountId, AccountStatus, AstraChange, Cause, Change, ChangeId, ConnectionState,
    ItemId, ItemStatus, Notice, PlaidRequestId, VerificationStatus,
};

/// A change in an answer.
#[derive(Serialize)]
pub(crate) struct ChangeView<'a> {
    change_id: &'a ChangeId,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a ItemId>,
    cause: Cause,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<ItemStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<ItemStatus>,
    accounts: Vec<AccountChangeView<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notices: &'a [Notice],
    #[serde(skip_serializing_if = "Option::is_none")]
    astra_connection: Option<ConnectionState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaid_request_id: Option<&'a PlaidRequestId>,
}

#[derive(Serialize)]
struct AccountChangeView<'a> {
    account_id: &'a AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<AccountStatus>,
    after: AccountStatus,
    generation: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_status: Option<&'a VerificationStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_astra: Option<&'a AstraChange>,
}

impl<'a> ChangeView<'a> {
    pub(crate) fn of(change: &'a Change) -> Self {
        Self {
            change_id: &change.change_id,
            at: change.at.to_string(),
            item_id: change.item_id.as_ref(),
            cause: change.cause,
            before: change.before,
            after: change.after,
            accounts: change.accounts.iter().map(AccountChangeView::of).collect(),
            notices: &change.notices,
            astra_connection: change.astra_connection,
            plaid_request_id: change.plaid_request_id.as_ref(),
        }
    }
}

impl<'a> AccountChangeView<'a> {
    fn of(account: &'a AccountChange) -> Self {
        Self {
            account_id: &account.account_id,
            before: account.before,
            after: account.after,
            generation: account.generation,
            verification_status: account.verification_status.as_ref(),
            at_astra: account.at_astra.as_ref(),
        }
    }
}
