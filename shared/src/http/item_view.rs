//! Items as our API shows them.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    Account, AccountId, AccountStatus, AstraAccountId, AstraStatus, AtAstra, Institution, Item,
    ItemId, ItemStatus, Notice, NoticeCode, ProcessorToken, VerificationStatus,
};

/// An Item in an answer.
#[derive(Serialize)]
pub struct ItemView<'a> {
    item_id: &'a ItemId,
    status: ItemStatus,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_after_seconds: Option<u64>,
    institution: Option<&'a Institution>,
    accounts: Vec<AccountView<'a>>,
    notices: Vec<NoticeView<'a>>,
    processor: &'a str,
}

#[derive(Serialize)]
struct AccountView<'a> {
    account_id: &'a AccountId,
    name: Option<&'a str>,
    mask: Option<&'a str>,
    r#type: &'a str,
    subtype: Option<&'a str>,
    verification_status: Option<&'a str>,
    status: AccountStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_astra: Option<AtAstraView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processor_token: Option<&'a str>,
}

/// What became of an account at Astra.
#[derive(Serialize)]
struct AtAstraView<'a> {
    status: AstraStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    astra_account_id: Option<&'a AstraAccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> AtAstraView<'a> {
    fn of(at_astra: &'a AtAstra) -> Self {
        Self {
            status: at_astra.status(),
            astra_account_id: at_astra.astra_account_id.as_ref(),
            reason: at_astra.reason(),
        }
    }
}

/// An announcement of Plaid's.
#[derive(Serialize)]
struct NoticeView<'a> {
    code: NoticeCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    issued_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    act_before: Option<Timestamp>,
}

impl<'a> NoticeView<'a> {
    fn of(notice: &'a Notice) -> Self {
        Self {
            code: notice.code,
            reason: notice.reason.as_deref(),
            issued_at: notice.issued_at,
            act_before: notice.act_before,
        }
    }
}

impl<'a> ItemView<'a> {
    /// The Item without tokens.
    pub fn of(item: &'a Item) -> Self {
        Self::with_token(item, None)
    }

    fn with_token(item: &'a Item, made: Option<(&'a AccountId, &'a ProcessorToken)>) -> Self {
        let action = item.action();
        Self {
            item_id: &item.item_id,
            status: item.status(),
            action: action.as_str(),
            poll_after_seconds: action.poll_after().map(|time| time.as_secs()),
            institution: item.institution.as_ref(),
            accounts: item
                .accounts
                .iter()
                .map(|account| AccountView::of(item, account, made))
                .collect(),
            notices: item.notices.iter().map(NoticeView::of).collect(),
            processor: item.processor.as_str(),
        }
    }
}

impl<'a> AccountView<'a> {
    fn of(
        item: &Item,
        account: &'a Account,
        made: Option<(&'a AccountId, &'a ProcessorToken)>,
    ) -> Self {
        let plaid = &account.plaid;
        let token = made.filter(|(account_id, _)| **account_id == plaid.account_id);
        Self {
            account_id: &plaid.account_id,
            name: plaid.name.as_deref(),
            mask: plaid.mask.as_deref(),
            r#type: plaid.account_type.as_str(),
            subtype: plaid.subtype.as_deref(),
            verification_status: plaid
                .verification_status
                .as_ref()
                .map(VerificationStatus::as_str),
            status: item.status_of(account),
            at_astra: account.at_astra.as_ref().map(AtAstraView::of),
            processor_token: token.map(|(_, token)| token.expose()),
        }
    }
}

/// The answer of a stack that keeps processor tokens to itself.
pub fn render_item(item: &Item, _made: Option<(&AccountId, &ProcessorToken)>) -> String {
    serde_json::to_string(&ItemView::of(item)).unwrap_or_default()
}

/// The answer of a stack that hands the new processor token to the front end.
pub fn render_item_with_tokens(item: &Item, made: Option<(&AccountId, &ProcessorToken)>) -> String {
    serde_json::to_string(&ItemView::with_token(item, made)).unwrap_or_default()
}
