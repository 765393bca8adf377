//! Verification with Plaid's keys, as they are needed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::flights::Flights;
use crate::memory::{Memory, NotNow, Said};
use crate::{KeyId, KeySource, Rejection, SignedWebhook, UnverifiedToken, UnverifiedWebhook};

/// A key is looked up again after this, so that its `expired_at` is noticed.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(12);
/// A key that was looked up this recently is not looked up again before a signature is
/// refused with it.
const SURELY_CURRENT: SignedDuration = SignedDuration::from_secs(30);

/// Why no key could be had. Nobody knows whether the webhook is genuine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError<E> {
    /// The key was looked up a moment ago, and that failed.
    #[error("the key was looked up a moment ago")]
    CoolingDown,
    /// Strangers named too many keys.
    #[error("the budget for key lookups is used up")]
    BudgetUsedUp,
    /// The source failed.
    #[error("the key could not be looked up")]
    Source(E),
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError<E> {
    /// It is not genuine, or too old. Answer 401.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Nobody knows. Answer 503, so that Plaid sends it again.
    #[error("the webhook could not be verified: {0}")]
    Undecided(LookupError<E>),
}

/// Verifies webhooks, and keeps Plaid's keys in between. One for the whole process.
///
/// Strangers can name any `kid`, so a lookup
/// - is made only for a token that passed every cheap check, and for one key once at a time;
/// - of a key that Plaid never vouched for is paid from a budget, ten at once and then one
///   every 30 seconds, whether it succeeds or not;
/// - is not repeated for 5 seconds after it began, however it ended, nor for 5 minutes when
///   Plaid said that there is no such key.
///
/// A key that Plaid vouched for counts for 12 hours. Before it refuses a signature it is
/// looked up again, unless that was done within the last 30 seconds.
#[derive(Debug, Default)]
pub struct KeyCache {
    memory: Mutex<Memory>,
    flights: Flights,
}

impl KeyCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Verifies a webhook: the value of its header `Plaid-Verification`, and its body as it
    /// was received.
    ///
    /// # Errors
    /// It is not genuine, or too old (`Rejected`), or nobody knows (`Undecided`).
    pub async fn verify<S: KeySource>(
        &self,
        source: &S,
        header: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<SignedWebhook, VerifyError<S::Error>> {
        let webhook = UnverifiedToken::read(header)?.with_body(body, now)?;
        let said = self.ask(source, webhook.key_id(), now, KNOWN_FOR).await?;
        let verdict = judge(&webhook, &said);
        if !may_be_the_keys_fault(&verdict) || said.key.is_none() {
            return Ok(verdict?);
        }
        // Plaid may have replaced or revived the key: look again before refusing.
        let said = self
            .ask(source, webhook.key_id(), now, SURELY_CURRENT)
            .await?;
        Ok(judge(&webhook, &said)?)
    }

    /// What Plaid says about a key, not longer ago than `max_age`.
    async fn ask<S: KeySource>(
        &self,
        source: &S,
        key_id: &KeyId,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Said, VerifyError<S::Error>> {
        if let Some(said) = self.memory().recall(key_id, now, max_age) {
            return Ok(said);
        }
        let flight = self.flights.of(key_id);
        let _on_board = flight.lock().await;
        if let Some(said) = self.memory().recall(key_id, now, max_age) {
            return Ok(said);
        }
        self.memory().begin(key_id, now)?;
        let key = source.key(key_id).await.map_err(LookupError::Source)?;
        let said = Said { key, at: now };
        self.memory().note(key_id, said.clone());
        Ok(said)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn judge(webhook: &UnverifiedWebhook<'_>, said: &Said) -> Result<SignedWebhook, Rejection> {
    let key = said.key.as_ref().ok_or(Rejection::UnknownKey)?;
    webhook.verify(key)
}

/// Whether another key under the same id could make a difference.
fn may_be_the_keys_fault(verdict: &Result<SignedWebhook, Rejection>) -> bool {
    match verdict {
        Ok(_) | Err(Rejection::TooOld { .. }) => false,
        Err(_) => true,
    }
}

impl<E> From<LookupError<E>> for VerifyError<E> {
    fn from(error: LookupError<E>) -> Self {
        Self::Undecided(error)
    }
}

impl<E> From<NotNow> for VerifyError<E> {
    fn from(reason: NotNow) -> Self {
        Self::Undecided(match reason {
            NotNow::CoolingDown => LookupError::CoolingDown,
            NotNow::BudgetUsedUp => LookupError::BudgetUsedUp,
        })
    }
}
