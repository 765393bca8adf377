//! Verify, keep, answer. What the webhook means is for later: the receiver must be quick,
//! and never refuse a genuine webhook for its content.

use jiff::Timestamp;
use plaid_webhook::{LookupError, Rejection, VerifyError};
use shared::domain::{
    Deadline, InboxRecord, ItemId, PlaidFailure, Sha256, Signal, TIME_TO_WRITE, WebhookType,
};
use shared::plaid::{WebhookKeys, body_to_keep, read_webhook};
use shared::ports::{Clock, Inbox, Kept, StoreError, VerificationKeys};

use crate::Deps;

/// Why Plaid is not told that its webhook is safe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    /// It is not genuine, or too old.
    #[error("the webhook is refused: {0}")]
    Refused(#[from] Rejection),
    /// Nobody knows yet whether it is genuine: Plaid should send it again.
    #[error("the webhook could not be verified yet")]
    Undecided(#[from] LookupError<PlaidFailure>),
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
    let source = WebhookKeys::until(deadline.less(TIME_TO_WRITE), &deps.plaid);
    match deps.keys.verify(&source, signature, body, now).await {
        Ok(signed) => keep(&deps.store, &record(body, signed.issued_at(), now, false)).await,
        Err(VerifyError::Rejected(rejection)) => {
            if let Rejection::TooOld { issued_at } = rejection {
                // Plaid asks to refuse it; but that Plaid's truth may have changed is kept.
                keep(&deps.store, &record(body, issued_at, now, true)).await?;
            }
            Err(rejection.into())
        }
        Err(VerifyError::Undecided(error)) => Err(error.into()),
    }
}

async fn keep<S: Inbox>(store: &S, record: &InboxRecord) -> Result<(), ReceiveError> {
    let kept = store.keep(record).await?;
    tracing::info!(
        signal = Signal::WebhookKept.as_str(),
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
    Ok(())
}

fn record(body: &[u8], issued_at: Timestamp, received_at: Timestamp, stale: bool) -> InboxRecord {
    let webhook = read_webhook(body);
    let body_hash = Sha256::of(body);
    InboxRecord {
        subject: webhook.subject(&body_hash),
        webhook,
        body: body_to_keep(body),
        body_hash,
        issued_at,
        received_at,
        stale,
    }
}
