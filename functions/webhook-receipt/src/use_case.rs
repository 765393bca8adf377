//! Verify, keep, answer. What the webhook means is for later: the receiver must be quick,
//! and never refuse a genuine webhook for its content.

use jiff::Timestamp;
use shared::domain::redaction::redact_tokens;
use shared::domain::{Deadline, InboxRecord, ItemId, TIME_TO_WRITE, WebhookType};
use shared::plaid::{Freshness, KeyLookupError, Rejection, SignedWebhook, read_webhook};
use shared::ports::{Clock, Inbox, Kept, StoreError, VerificationKeys};

use crate::Deps;

/// Why Plaid is not told that its webhook is safe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    /// It is not genuine, or too old.
    #[error("the webhook is refused: {0}")]
    Refused(Rejection),
    /// Nobody knows yet whether it is genuine: Plaid should send it again.
    #[error("the webhook could not be verified yet")]
    Undecided(#[from] KeyLookupError),
    /// It is genuine and could not be kept: Plaid should send it again.
    #[error("the webhook could not be kept")]
    NotKept(#[from] StoreError),
}

/// Receives one webhook. `Ok` means that Plaid may forget it.
pub(crate) async fn receive<K, S, C>(
    deps: &Deps<K, S, C>,
    signature: Option<&str>,
    body: &[u8],
    deadline: Deadline,
) -> Result<(), ReceiveError>
where
    K: VerificationKeys,
    S: Inbox,
    C: Clock,
{
    let now = deps.clock.now();
    let verdict = deps
        .keys
        .verify(signature, body, now, deadline.less(TIME_TO_WRITE))
        .await?;
    let (signed, freshness) = verdict.map_err(ReceiveError::Refused)?;
    let record = inbox_record(body, signed, freshness, now);
    let kept = deps.store.keep(&record).await?;
    tracing::info!(
        webhook_type = record
            .webhook
            .webhook_type
            .as_ref()
            .map(WebhookType::as_str),
        webhook_code = record.webhook.webhook_code,
        item_id = record.webhook.item_id.as_ref().map(ItemId::as_str),
        repeated = kept == Kept::Before,
        stale = record.stale,
        "kept a webhook"
    );
    match freshness {
        Freshness::Fresh => Ok(()),
        // Plaid asks to refuse it; that Plaid's truth may have changed is kept all the same.
        Freshness::Stale => Err(ReceiveError::Refused(Rejection::TooOld)),
    }
}

fn inbox_record(
    body: &[u8],
    signed: SignedWebhook,
    freshness: Freshness,
    now: Timestamp,
) -> InboxRecord {
    let webhook = read_webhook(body);
    InboxRecord {
        subject: webhook.subject(&signed.body_hash),
        webhook,
        body: redact_tokens(&String::from_utf8_lossy(body)),
        body_hash: signed.body_hash,
        issued_at: signed.issued_at,
        received_at: now,
        stale: freshness == Freshness::Stale,
    }
}
