//! The events that a change means (docs/events.md). They hold ids, states and what Plaid
//! announced; a change has no token that they could hold.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    AccountChange, AccountId, AccountStatus, AstraAccountId, AstraStatus, Cause, Change, ChangeId,
    ConnectionState, ItemId, ItemStatus, Notice, PlaidRequestId, UserId, Verification,
    VerificationStatus,
};
use crate::ports::Event;

const ITEM_LINKED: &str = "item.linked";
const ITEM_STATUS_CHANGED: &str = "item.status_changed";
const ITEM_REMOVED: &str = "item.removed";
const ITEM_NOTICE: &str = "item.notice";
const ACCOUNT_READY: &str = "account.ready";
const ACCOUNT_TOKEN_REPLACED: &str = "account.token_replaced";
const ACCOUNT_AVAILABLE: &str = "account.available";
const ACCOUNT_VERIFICATION_NEEDED: &str = "account.verification_needed";
const ACCOUNT_VERIFICATION_FAILED: &str = "account.verification_failed";
const ACCOUNT_REVOKED: &str = "account.revoked";
const ACCOUNT_NOT_ELIGIBLE: &str = "account.not_eligible";
const USER_ERASED: &str = "user.erased";
const ASTRA_CONNECTED: &str = "astra.connected";
const ASTRA_DISCONNECTED: &str = "astra.disconnected";
const ASTRA_REAUTHORIZATION_REQUIRED: &str = "astra.reauthorization_required";
const ASTRA_ACCOUNT_LINKED: &str = "astra.account_linked";
const ASTRA_ACCOUNT_REPLACED: &str = "astra.account_replaced";
const ASTRA_ACCOUNT_REFUSED: &str = "astra.account_refused";
const ASTRA_ACCOUNT_UNCLEAR: &str = "astra.account_unclear";
const ASTRA_ACCOUNT_REMOVED: &str = "astra.account_removed";

/// Every kind of event.
pub const KINDS: [&str; 20] = [
    ITEM_LINKED,
    ITEM_STATUS_CHANGED,
    ITEM_REMOVED,
    ITEM_NOTICE,
    ACCOUNT_READY,
    ACCOUNT_TOKEN_REPLACED,
    ACCOUNT_AVAILABLE,
    ACCOUNT_VERIFICATION_NEEDED,
    ACCOUNT_VERIFICATION_FAILED,
    ACCOUNT_REVOKED,
    ACCOUNT_NOT_ELIGIBLE,
    USER_ERASED,
    ASTRA_CONNECTED,
    ASTRA_DISCONNECTED,
    ASTRA_REAUTHORIZATION_REQUIRED,
    ASTRA_ACCOUNT_LINKED,
    ASTRA_ACCOUNT_REPLACED,
    ASTRA_ACCOUNT_REFUSED,
    ASTRA_ACCOUNT_UNCLEAR,
    ASTRA_ACCOUNT_REMOVED,
];

/// What an event says, besides what all of them say.
#[derive(Serialize)]
#[serde(untagged)]
enum Fact<'a> {
    Item(ItemFact),
    Account(AccountFact<'a>),
    Notice(&'a Notice),
    AtAstra(AstraFact<'a>),
    User {},
}

#[derive(Serialize)]
struct ItemFact {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<ItemStatus>,
    after: ItemStatus,
}

#[derive(Serialize)]
struct AccountFact<'a> {
    account_id: &'a AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<AccountStatus>,
    after: AccountStatus,
    generation: u32,
    /// Whether the account had a token before that it lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<WaitsFor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_status: Option<&'a VerificationStatus>,
}

/// What became of an account at Astra.
#[derive(Serialize)]
struct AstraFact<'a> {
    account_id: &'a AccountId,
    /// Astra's account that it was until now.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a AstraAccountId>,
    /// Astra's account that it is from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a AstraAccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Who must act before an account is verified.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum WaitsFor {
    User,
    Plaid,
}

/// An event's detail.
#[derive(Serialize)]
struct Detail<'a> {
    event_id: &'a str,
    change_id: &'a ChangeId,
    user_id: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a ItemId>,
    at: Timestamp,
    cause: Cause,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaid_request_id: Option<&'a PlaidRequestId>,
    #[serde(flatten)]
    fact: Fact<'a>,
}

/// What is told about a change, in this order: the Item or the user, each account, each
/// announcement, each account at Astra. The number in an event's id is its subject's place in the change, so a
/// kind that is added later moves no id.
pub fn events_of(change: &Change) -> Vec<Event> {
    let subject = std::iter::once(user_event(change).or_else(|| item_event(change)));
    let accounts = change.accounts.iter();
    let accounts = accounts.map(|account| account_event(change, account));
    let notices = change.notices.iter();
    let notices = notices.map(|notice| Some((ITEM_NOTICE, Fact::Notice(notice))));
    let at_astra = change.accounts.iter().map(astra_event);
    let places = subject.chain(accounts).chain(notices).chain(at_astra);
    let places = places.enumerate();
    places
        .filter_map(|(place, told)| told.map(|(kind, fact)| event(change, place, kind, fact)))
        .collect()
}

type Told<'a> = Option<(&'static str, Fact<'a>)>;

fn user_event(change: &Change) -> Told<'static> {
    let erased = change.cause == Cause::Erasure && change.item_id.is_none();
    let connection = change.astra_connection.map(|state| match state {
        ConnectionState::Connected => ASTRA_CONNECTED,
        ConnectionState::ReauthorizationRequired => ASTRA_REAUTHORIZATION_REQUIRED,
        ConnectionState::Disconnected => ASTRA_DISCONNECTED,
    });
    let kind = erased.then_some(USER_ERASED).or(connection)?;
    Some((kind, Fact::User {}))
}

/// What became of an account at Astra; unlike its state at Plaid, this is told of an Item
/// that goes, too.
fn astra_event(account: &AccountChange) -> Told<'_> {
    let at_astra = account.at_astra.as_ref()?;
    let (old, new) = (at_astra.before.as_ref(), at_astra.after.as_ref());
    let kind = match (old, new, at_astra.status) {
        (_, _, Some(AstraStatus::Refused)) => ASTRA_ACCOUNT_REFUSED,
        (_, _, Some(AstraStatus::Unclear)) => ASTRA_ACCOUNT_UNCLEAR,
        (None, Some(_), _) => ASTRA_ACCOUNT_LINKED,
        (Some(_), Some(_), _) => ASTRA_ACCOUNT_REPLACED,
        (Some(_), None, _) => ASTRA_ACCOUNT_REMOVED,
        (None, None, _) => return None,
    };
    let fact = AstraFact {
        account_id: &account.account_id,
        old,
        new,
        reason: at_astra.reason.as_deref(),
    };
    Some((kind, Fact::AtAstra(fact)))
}

/// An Item is told of once it is linked. One that never got so far ends all the same,
/// because it existed at Plaid.
fn item_event(change: &Change) -> Told<'static> {
    use ItemStatus::{Linking, Removed, Removing};
    let (before, after) = (change.before, change.after?);
    let kind = match (before, after) {
        (Some(before), after) if before == after => return None,
        (_, Removed) => ITEM_REMOVED,
        (_, Linking) | (None | Some(Linking), Removing) => return None,
        (None | Some(Linking), _) => ITEM_LINKED,
        (Some(_), _) => ITEM_STATUS_CHANGED,
    };
    Some((kind, Fact::Item(ItemFact { before, after })))
}

/// The accounts of an Item that goes, go with it; their states say nothing any more.
fn account_event<'a>(change: &Change, account: &'a AccountChange) -> Told<'a> {
    if matches!(
        change.after,
        Some(ItemStatus::Removing | ItemStatus::Removed)
    ) {
        return None;
    }
    let kind = account_kind(account)?;
    let verifies = matches!(
        kind,
        ACCOUNT_VERIFICATION_NEEDED | ACCOUNT_VERIFICATION_FAILED
    );
    let verification_status = account.verification_status.as_ref();
    let fact = AccountFact {
        account_id: &account.account_id,
        before: account.before,
        after: account.after,
        generation: account.generation,
        replaces: (kind == ACCOUNT_READY).then_some(account.generation > 1),
        waits_for: (kind == ACCOUNT_VERIFICATION_NEEDED).then(|| waits_for(verification_status)),
        verification_status: verification_status.filter(|_| verifies),
    };
    Some((kind, Fact::Account(fact)))
}

/// Where the state stayed the same, something else changed: a ready account has a new
/// token, a pending one waits for somebody else.
fn account_kind(account: &AccountChange) -> Option<&'static str> {
    if account.at_astra.is_some() {
        // What happens at Astra changes nothing at Plaid.
        return None;
    }
    let anew = account.before != Some(account.after);
    let kind = match account.after {
        AccountStatus::Ready if anew => ACCOUNT_READY,
        AccountStatus::Ready => ACCOUNT_TOKEN_REPLACED,
        AccountStatus::PendingVerification => ACCOUNT_VERIFICATION_NEEDED,
        AccountStatus::Available if anew => ACCOUNT_AVAILABLE,
        AccountStatus::VerificationFailed if anew => ACCOUNT_VERIFICATION_FAILED,
        AccountStatus::Revoked if anew => ACCOUNT_REVOKED,
        // Most accounts of a bank are of no use to a processor from the beginning.
        AccountStatus::NotEligible if anew && account.before.is_some() => ACCOUNT_NOT_ELIGIBLE,
        _ => return None,
    };
    Some(kind)
}

fn waits_for(status: Option<&VerificationStatus>) -> WaitsFor {
    match Verification::of(status) {
        Verification::PendingManual => WaitsFor::User,
        _ => WaitsFor::Plaid,
    }
}

fn event(change: &Change, place: usize, kind: &'static str, fact: Fact<'_>) -> Event {
    let event_id = format!("{}/{place}", change.change_id);
    let detail = Detail {
        event_id: &event_id,
        change_id: &change.change_id,
        user_id: &change.user_id,
        item_id: change.item_id.as_ref(),
        at: change.at,
        cause: change.cause,
        plaid_request_id: change.plaid_request_id.as_ref(),
        fact,
    };
    // Strings, numbers and flags always serialise; the bus would refuse a null.
    let detail = serde_json::to_value(detail).unwrap_or_default();
    Event {
        event_id,
        kind,
        detail,
    }
}

#[cfg(test)]
mod tests;
