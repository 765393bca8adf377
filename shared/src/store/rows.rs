//! Records as they are stored. Times are whole milliseconds since 1970; `expires_at`,
//! which DynamoDB itself reads, is in seconds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::domain::{
    Account, AccountId, AccountType, Exchange, ExchangeKey, ExchangeStep, Health, InboxRecord,
    Institution, Item, ItemId, Lifecycle, LinkExit, LinkId, LinkSession, LinkSessionId, OwnerToken,
    PlaidAccount, PlaidRequestId, RecordKey, Sealed, Sha256, UserId, VerificationStatus,
    WebhookType,
};
use crate::ports::StoreError;

/// A record as DynamoDB holds it.
pub(super) type Row = HashMap<String, AttributeValue>;

/// How many shards the index `due` has; one would be a hot key.
const DUE_SHARDS: u32 = 16;
const EXCHANGE_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const LINK_SESSION_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const INBOX_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Serialize, Deserialize)]
struct ExchangeRow {
    pk: String,
    sk: String,
    user_id: UserId,
    owner: String,
    lease_until: i64,
    step: ExchangeStep,
    attempt: u32,
    public_token: Option<ByteBuf>,
    account_id: Option<AccountId>,
    item_id: Option<ItemId>,
    access_token: Option<ByteBuf>,
    answer: Option<ByteBuf>,
    answer_until: Option<i64>,
    created_at: i64,
    due: Option<String>,
    due_at: Option<i64>,
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct ItemRow {
    pk: String,
    sk: String,
    item_id: ItemId,
    user_id: UserId,
    exchange: String,
    institution: Option<Institution>,
    accounts: Vec<AccountRow>,
    chosen_account: Option<AccountId>,
    processor: String,
    access_token: Option<ByteBuf>,
    lifecycle: Lifecycle,
    health: String,
    consent_expires_at: Option<i64>,
    version: u64,
    created_at: i64,
    updated_at: i64,
}

#[derive(Serialize, Deserialize)]
struct AccountRow {
    account_id: AccountId,
    name: Option<String>,
    mask: Option<String>,
    r#type: AccountType,
    subtype: Option<String>,
    verification_status: Option<VerificationStatus>,
    processor_token: Option<ByteBuf>,
    #[serde(default)]
    revoked: bool,
}

#[derive(Serialize)]
struct OwnerRow<'a> {
    pk: &'a str,
    sk: &'a str,
    user_id: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct LinkSessionRow {
    pk: String,
    sk: String,
    user_id: UserId,
    link_id: LinkId,
    link_token: ByteBuf,
    link_token_sha256: String,
    link_token_expires_at: i64,
    item_id: Option<ItemId>,
    hosted: bool,
    exit: Option<LinkExitRow>,
    created_at: i64,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct LinkExitRow {
    status: Option<String>,
    error_type: Option<String>,
    error_code: Option<String>,
    display_message: Option<String>,
    institution_id: Option<String>,
    link_session_id: Option<LinkSessionId>,
    request_id: Option<PlaidRequestId>,
}

#[derive(Serialize)]
struct InboxRow<'a> {
    pk: &'a str,
    sk: &'a str,
    webhook_type: Option<&'a WebhookType>,
    webhook_code: Option<&'a str>,
    item_id: Option<&'a ItemId>,
    link_session_id: Option<&'a str>,
    link_token_sha256: Option<&'a str>,
    body: &'a str,
    body_sha256: &'a str,
    issued_at: i64,
    received_at: i64,
    stale: bool,
    due: String,
    due_at: i64,
    expires_at: i64,
}

/// A health that needs a code is written `needs_user:CODE`.
const NEEDS_USER: &str = "needs_user:";

pub(super) fn exchange_row(exchange: &Exchange) -> Result<Row, StoreError> {
    let key = RecordKey::exchange(&exchange.key);
    let settled = exchange.step.is_settled();
    to_row(&ExchangeRow {
        due: (!settled).then(|| due_shard(&key.pk)),
        due_at: (!settled).then(|| milliseconds(exchange.lease_until)),
        expires_at: settled.then(|| expiry(exchange.created_at, EXCHANGE_KEPT)),
        pk: key.pk,
        sk: key.sk,
        user_id: exchange.user_id.clone(),
        owner: exchange.owner.as_str().to_owned(),
        lease_until: milliseconds(exchange.lease_until),
        step: exchange.step,
        attempt: exchange.attempt,
        public_token: exchange.public_token.as_ref().map(bytes),
        account_id: exchange.account_id.clone(),
        item_id: exchange.item_id.clone(),
        access_token: exchange.access_token.as_ref().map(bytes),
        answer: exchange.answer.as_ref().map(bytes),
        answer_until: exchange.answer_until.map(milliseconds),
        created_at: milliseconds(exchange.created_at),
    })
}

pub(super) fn read_exchange(row: Row) -> Result<Exchange, StoreError> {
    let row: ExchangeRow = from_row(row)?;
    let key = row
        .pk
        .strip_prefix("EXCHANGE#")
        .ok_or_else(|| corrupt("an exchange's key"))?;
    Ok(Exchange {
        key: ExchangeKey::stored(key),
        user_id: row.user_id,
        owner: OwnerToken::stored(row.owner),
        lease_until: timestamp(row.lease_until)?,
        step: row.step,
        attempt: row.attempt,
        public_token: row.public_token.map(sealed),
        account_id: row.account_id,
        item_id: row.item_id,
        access_token: row.access_token.map(sealed),
        answer: row.answer.map(sealed),
        answer_until: row.answer_until.map(timestamp).transpose()?,
        created_at: timestamp(row.created_at)?,
    })
}

pub(super) fn item_row(item: &Item) -> Result<Row, StoreError> {
    let key = RecordKey::item(&item.user_id, &item.item_id);
    to_row(&ItemRow {
        pk: key.pk,
        sk: key.sk,
        item_id: item.item_id.clone(),
        user_id: item.user_id.clone(),
        exchange: item.exchange.as_str().to_owned(),
        institution: item.institution.clone(),
        accounts: item.accounts.iter().map(account_row).collect(),
        chosen_account: item.chosen_account.clone(),
        processor: item.processor.as_str().to_owned(),
        access_token: item.access_token.as_ref().map(bytes),
        lifecycle: item.lifecycle,
        health: write_health(&item.health),
        consent_expires_at: item.consent_expires_at.map(milliseconds),
        version: item.version,
        created_at: milliseconds(item.created_at),
        updated_at: milliseconds(item.updated_at),
    })
}

pub(super) fn read_item(row: Row) -> Result<Item, StoreError> {
    let row: ItemRow = from_row(row)?;
    Ok(Item {
        item_id: row.item_id,
        user_id: row.user_id,
        exchange: ExchangeKey::stored(row.exchange),
        institution: row.institution,
        accounts: row.accounts.into_iter().map(read_account).collect(),
        chosen_account: row.chosen_account,
        processor: row
            .processor
            .parse()
            .map_err(|_| corrupt("an Item's processor"))?,
        access_token: row.access_token.map(sealed),
        lifecycle: row.lifecycle,
        health: read_health(&row.health),
        consent_expires_at: row.consent_expires_at.map(timestamp).transpose()?,
        version: row.version,
        created_at: timestamp(row.created_at)?,
        updated_at: timestamp(row.updated_at)?,
    })
}

/// The pointer from an Item to its user.
pub(super) fn item_owner_row(item: &Item) -> Result<Row, StoreError> {
    let key = RecordKey::item_owner(&item.item_id);
    to_row(&OwnerRow {
        pk: &key.pk,
        sk: &key.sk,
        user_id: &item.user_id,
        link_id: None,
        expires_at: None,
    })
}

pub(super) fn link_session_row(session: &LinkSession) -> Result<Row, StoreError> {
    let key = RecordKey::link_session(&session.user_id, &session.link_id);
    to_row(&LinkSessionRow {
        pk: key.pk,
        sk: key.sk,
        user_id: session.user_id.clone(),
        link_id: session.link_id.clone(),
        link_token: bytes(&session.link_token),
        link_token_sha256: session.link_token_hash.to_string(),
        link_token_expires_at: milliseconds(session.expires_at),
        item_id: session.item_id.clone(),
        hosted: session.hosted,
        exit: session.exit.as_ref().map(link_exit_row),
        created_at: milliseconds(session.created_at),
        expires_at: expiry(session.created_at, LINK_SESSION_KEPT),
    })
}

pub(super) fn read_link_session(row: Row) -> Result<LinkSession, StoreError> {
    let row: LinkSessionRow = from_row(row)?;
    Ok(LinkSession {
        link_id: row.link_id,
        user_id: row.user_id,
        link_token_hash: Sha256::parse(&row.link_token_sha256)
            .ok_or_else(|| corrupt("a link token's hash"))?,
        link_token: sealed(row.link_token),
        item_id: row.item_id,
        hosted: row.hosted,
        exit: row.exit.map(read_link_exit),
        expires_at: timestamp(row.link_token_expires_at)?,
        created_at: timestamp(row.created_at)?,
    })
}

/// A report as an attribute of its own, to be written alone.
pub(super) fn link_exit_value(exit: &LinkExit) -> Result<AttributeValue, StoreError> {
    Ok(AttributeValue::M(to_row(&link_exit_row(exit))?))
}

fn link_exit_row(exit: &LinkExit) -> LinkExitRow {
    LinkExitRow {
        status: exit.status.clone(),
        error_type: exit.error_type.clone(),
        error_code: exit.error_code.clone(),
        display_message: exit.display_message.clone(),
        institution_id: exit.institution_id.clone(),
        link_session_id: exit.link_session_id.clone(),
        request_id: exit.request_id.clone(),
    }
}

fn read_link_exit(row: LinkExitRow) -> LinkExit {
    LinkExit {
        status: row.status,
        error_type: row.error_type,
        error_code: row.error_code,
        display_message: row.display_message,
        institution_id: row.institution_id,
        link_session_id: row.link_session_id,
        request_id: row.request_id,
    }
}

/// The pointer from a link token to its session.
pub(super) fn link_token_owner_row(session: &LinkSession) -> Result<Row, StoreError> {
    let key = RecordKey::link_token_owner(&session.link_token_hash);
    to_row(&OwnerRow {
        pk: &key.pk,
        sk: &key.sk,
        user_id: &session.user_id,
        link_id: Some(session.link_id.as_str()),
        expires_at: Some(expiry(session.created_at, LINK_SESSION_KEPT)),
    })
}

pub(super) fn inbox_row(record: &InboxRecord) -> Result<Row, StoreError> {
    let key = RecordKey::inbox(record);
    let webhook = &record.webhook;
    to_row(&InboxRow {
        pk: &key.pk,
        sk: &key.sk,
        webhook_type: webhook.webhook_type.as_ref(),
        webhook_code: webhook.webhook_code.as_deref(),
        item_id: webhook.item_id.as_ref(),
        link_session_id: webhook.link_session_id.as_ref().map(LinkSessionId::as_str),
        link_token_sha256: webhook.link_token_hash.as_ref().map(Sha256::as_str),
        body: &record.body,
        body_sha256: record.body_hash.as_str(),
        issued_at: milliseconds(record.issued_at),
        received_at: milliseconds(record.received_at),
        stale: record.stale,
        due: due_shard(&key.pk),
        due_at: milliseconds(record.received_at),
        expires_at: expiry(record.received_at, INBOX_KEPT),
    })
}

fn account_row(account: &Account) -> AccountRow {
    let plaid = &account.plaid;
    AccountRow {
        account_id: plaid.account_id.clone(),
        name: plaid.name.clone(),
        mask: plaid.mask.clone(),
        r#type: plaid.account_type.clone(),
        subtype: plaid.subtype.clone(),
        verification_status: plaid.verification_status.clone(),
        processor_token: account.processor_token.as_ref().map(bytes),
        revoked: account.revoked,
    }
}

fn read_account(row: AccountRow) -> Account {
    Account {
        plaid: PlaidAccount {
            account_id: row.account_id,
            name: row.name,
            mask: row.mask,
            account_type: row.r#type,
            subtype: row.subtype,
            verification_status: row.verification_status,
        },
        processor_token: row.processor_token.map(sealed),
        revoked: row.revoked,
    }
}

fn write_health(health: &Health) -> String {
    match health {
        Health::Good => "good".to_owned(),
        Health::LoginRequired => "login_required".to_owned(),
        Health::Revoked => "revoked".to_owned(),
        Health::NeedsUser(code) => format!("{NEEDS_USER}{code}"),
    }
}

fn read_health(text: &str) -> Health {
    match text {
        "good" => Health::Good,
        "login_required" => Health::LoginRequired,
        "revoked" => Health::Revoked,
        other => Health::NeedsUser(other.trim_start_matches(NEEDS_USER).to_owned()),
    }
}

/// The shard of the index `due` that a record belongs to.
pub(super) fn due_shard(pk: &str) -> String {
    let hash = Sha256::of(pk.as_bytes());
    let first = hash
        .as_str()
        .get(..2)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    format!("DUE#{}", first.unwrap_or_default() % DUE_SHARDS)
}

pub(super) fn milliseconds(timestamp: Timestamp) -> i64 {
    timestamp.as_millisecond()
}

/// When an exchange that has just settled may be forgotten.
pub(super) fn exchange_expiry(exchange: &Exchange) -> i64 {
    expiry(exchange.created_at, EXCHANGE_KEPT)
}

fn expiry(from: Timestamp, kept: SignedDuration) -> i64 {
    from.saturating_add(kept)
        .unwrap_or(Timestamp::MAX)
        .as_second()
}

fn timestamp(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| corrupt("a time"))
}

fn bytes(sealed: &Sealed) -> ByteBuf {
    ByteBuf::from(sealed.as_bytes())
}

fn sealed(bytes: ByteBuf) -> Sealed {
    Sealed::from_bytes(bytes.into_vec())
}

/// Absent values are left out rather than stored as NULL.
fn to_row<T: Serialize>(record: &T) -> Result<Row, StoreError> {
    let mut row: Row = serde_dynamo::to_item(record)
        .map_err(|error| StoreError::Corrupt(format!("a record cannot be written: {error}")))?;
    row.retain(|_, value| !value.is_null());
    Ok(row)
}

/// serde's words name fields and types, and no values.
fn from_row<T: DeserializeOwned>(row: Row) -> Result<T, StoreError> {
    serde_dynamo::from_item(row).map_err(|error| corrupt(&error.to_string()))
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}
