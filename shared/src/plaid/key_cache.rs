//! Plaid's verification keys, kept per container. Strangers can name any `kid`, so every
//! lookup at Plaid is paid from a budget, whether it succeeds or not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::verification::{Freshness, Rejection, SignedWebhook, UnverifiedWebhook};
use crate::domain::{Deadline, KeyId, PlaidFailure};
use crate::ports::{VerificationKey, VerificationKeys};

/// A known key is looked up again after this.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(12);
/// Plaid is not asked again for a key that it does not have.
const UNKNOWN_FOR: SignedDuration = SignedDuration::from_mins(5);
/// A key younger than this is not fetched again before its signature is refused.
const SURELY_CURRENT: SignedDuration = SignedDuration::from_secs(30);
const MAX_ENTRIES: usize = 128;
const MAX_LOOKUPS_AT_ONCE: u32 = 10;
const ONE_LOOKUP_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// Why it is not known whether a webhook is genuine. Plaid should send it again.
#[derive(Debug, thiserror::Error)]
pub enum KeyLookupError {
    /// Too many unknown keys were asked for.
    #[error("the budget for key lookups is used up")]
    BudgetUsedUp,
    /// Plaid did not answer.
    #[error("Plaid's key could not be read: {0}")]
    Plaid(#[from] PlaidFailure),
}

/// The keys, and who looks them up.
pub struct KeyCache<K> {
    source: K,
    state: Mutex<State>,
    /// Held during a lookup, so that a burst of webhooks makes one.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    entries: HashMap<KeyId, Entry>,
    budget: Option<Budget>,
}

#[derive(Clone)]
struct Entry {
    /// `None`: Plaid has no such key.
    key: Option<VerificationKey>,
    fetched_at: Timestamp,
}

struct Budget {
    left: u32,
    counted_from: Timestamp,
}

impl<K: VerificationKeys> KeyCache<K> {
    /// An empty cache over the given source.
    pub fn new(source: K) -> Self {
        Self {
            source,
            state: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// Where the keys come from.
    pub fn source(&self) -> &K {
        &self.source
    }

    /// Verifies a webhook. The outer error says that nobody knows; the inner one, that it
    /// is not genuine, or only a hint (`TooOld`, with what was signed).
    ///
    /// # Errors
    /// No key could be had.
    pub async fn verify(
        &self,
        header: Option<&str>,
        body: &[u8],
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Result<(SignedWebhook, Freshness), Rejection>, KeyLookupError> {
        let unverified = match UnverifiedWebhook::read(header) {
            Ok(unverified) => unverified,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let freshness = match unverified.check(body, now) {
            Ok(freshness) => freshness,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let signed = self.check_signature(&unverified, now, deadline).await?;
        Ok(signed.map(|signed| (signed, freshness)))
    }

    async fn check_signature(
        &self,
        webhook: &UnverifiedWebhook<'_>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Result<SignedWebhook, Rejection>, KeyLookupError> {
        let entry = self
            .entry(webhook.key_id(), now, KNOWN_FOR, deadline)
            .await?;
        let verdict = judge(webhook, &entry);
        let current = now.duration_since(entry.fetched_at) <= SURELY_CURRENT;
        if verdict.is_ok() || entry.key.is_none() || current {
            return Ok(verdict);
        }
        // Plaid may have replaced the key under the same id: look again before refusing.
        let entry = self
            .entry(webhook.key_id(), now, SURELY_CURRENT, deadline)
            .await?;
        Ok(judge(webhook, &entry))
    }

    /// The key with this id, not older than `max_age`.
    async fn entry(
        &self,
        key_id: &KeyId,
        now: Timestamp,
        max_age: SignedDuration,
        deadline: Deadline,
    ) -> Result<Entry, KeyLookupError> {
        if let Some(entry) = self.cached(key_id, now, max_age) {
            return Ok(entry);
        }
        let _flight = self.flight.lock().await;
        if let Some(entry) = self.cached(key_id, now, max_age) {
            return Ok(entry);
        }
        self.pay(now)?;
        let key = self.source.verification_key(key_id, deadline).await?;
        let entry = Entry {
            key,
            fetched_at: now,
        };
        self.remember(key_id.clone(), entry.clone());
        Ok(entry)
    }

    fn cached(&self, key_id: &KeyId, now: Timestamp, max_age: SignedDuration) -> Option<Entry> {
        let state = self.state();
        let entry = state.entries.get(key_id)?;
        let max_age = if entry.key.is_some() {
            max_age
        } else {
            UNKNOWN_FOR
        };
        (now.duration_since(entry.fetched_at) <= max_age).then(|| entry.clone())
    }

    /// Takes one lookup from the budget, before it is known how the lookup ends.
    fn pay(&self, now: Timestamp) -> Result<(), KeyLookupError> {
        let mut state = self.state();
        let budget = state.budget.get_or_insert(Budget {
            left: MAX_LOOKUPS_AT_ONCE,
            counted_from: now,
        });
        budget.refill(now);
        budget.left = budget
            .left
            .checked_sub(1)
            .ok_or(KeyLookupError::BudgetUsedUp)?;
        Ok(())
    }

    fn remember(&self, key_id: KeyId, entry: Entry) {
        let mut state = self.state();
        if state.entries.len() >= MAX_ENTRIES {
            state.forget_one();
        }
        state.entries.insert(key_id, entry);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Unknown keys go first, the oldest of them; strangers never push a real key out.
    fn forget_one(&mut self) {
        let oldest = self
            .entries
            .iter()
            .min_by_key(|(_, entry)| (entry.key.is_some(), entry.fetched_at))
            .map(|(key_id, _)| key_id.clone());
        if let Some(key_id) = oldest {
            self.entries.remove(&key_id);
        }
    }
}

impl Budget {
    fn refill(&mut self, now: Timestamp) {
        let passed = now.duration_since(self.counted_from).as_secs();
        let earned = passed.max(0) / ONE_LOOKUP_EVERY.as_secs();
        if earned == 0 {
            return;
        }
        self.left = MAX_LOOKUPS_AT_ONCE.min(
            self.left
                .saturating_add(u32::try_from(earned).unwrap_or(u32::MAX)),
        );
        self.counted_from = now;
    }
}

fn judge(webhook: &UnverifiedWebhook<'_>, entry: &Entry) -> Result<SignedWebhook, Rejection> {
    entry
        .key
        .as_ref()
        .ok_or(Rejection::UnknownKey)
        .and_then(|key| webhook.verify(key))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::test_util::WebhookSigner;

    const BODY: &[u8] = b"{}";

    /// Plaid with whatever keys a test puts there.
    #[derive(Default)]
    struct Source {
        keys: Mutex<HashMap<KeyId, VerificationKey>>,
        lookups: AtomicU32,
        down: bool,
    }

    impl Source {
        fn with(signer: &WebhookSigner) -> Self {
            let source = Self::default();
            source.put(signer);
            source
        }

        fn put(&self, signer: &WebhookSigner) {
            let key = signer.key();
            self.keys.lock().unwrap().insert(key.key_id.clone(), key);
        }

        fn lookups(&self) -> u32 {
            self.lookups.load(Ordering::Relaxed)
        }
    }

    impl VerificationKeys for Source {
        async fn verification_key(
            &self,
            key_id: &KeyId,
            _deadline: Deadline,
        ) -> Result<Option<VerificationKey>, PlaidFailure> {
            self.lookups.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if self.down {
                return Err(PlaidFailure::NoAnswer {
                    reason: "down",
                    maybe_applied: false,
                });
            }
            Ok(self.keys.lock().unwrap().get(key_id).cloned())
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    async fn verify(
        cache: &KeyCache<Source>,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<(SignedWebhook, Freshness), Rejection>, KeyLookupError> {
        cache
            .verify(Some(token), BODY, now, Deadline::at(now))
            .await
    }

    #[tokio::test]
    async fn a_burst_of_webhooks_makes_one_lookup() {
        let signer = WebhookSigner::new("kid-1");
        let cache = KeyCache::new(Source::with(&signer));
        let token = signer.sign(BODY, at(0));
        let (one, two, three) = tokio::join!(
            verify(&cache, &token, at(0)),
            verify(&cache, &token, at(0)),
            verify(&cache, &token, at(1)),
        );
        for verdict in [one, two, three] {
            assert!(verdict.unwrap().is_ok());
        }
        assert_eq!(cache.source().lookups(), 1);
    }

    #[tokio::test]
    async fn a_key_is_looked_up_again_when_its_time_is_over() {
        let signer = WebhookSigner::new("kid-1");
        let cache = KeyCache::new(Source::with(&signer));
        let twelve_hours = 12 * 3600;
        for (second, lookups) in [(0, 1), (twelve_hours, 1), (twelve_hours + 1, 2)] {
            let token = signer.sign(BODY, at(second));
            assert!(verify(&cache, &token, at(second)).await.unwrap().is_ok());
            assert_eq!(cache.source().lookups(), lookups, "after {second} s");
        }
    }

    #[tokio::test]
    async fn a_key_replaced_under_its_id_is_fetched_again_before_refusing() {
        let old = WebhookSigner::new("kid-1");
        let cache = KeyCache::new(Source::with(&old));
        assert!(
            verify(&cache, &old.sign(BODY, at(0)), at(0))
                .await
                .unwrap()
                .is_ok()
        );
        let new = WebhookSigner::new("kid-1");
        cache.source().put(&new);
        let verdict = verify(&cache, &new.sign(BODY, at(60)), at(60))
            .await
            .unwrap();
        assert!(verdict.is_ok(), "{verdict:?}");
        assert_eq!(cache.source().lookups(), 2);
    }

    #[tokio::test]
    async fn forged_signatures_on_a_known_key_do_not_look_it_up_each_time() {
        let signer = WebhookSigner::new("kid-1");
        let forger = WebhookSigner::new("kid-1");
        let cache = KeyCache::new(Source::with(&signer));
        for second in 0..20 {
            let verdict = verify(&cache, &forger.sign(BODY, at(second)), at(second)).await;
            assert_eq!(verdict.unwrap().unwrap_err(), Rejection::SignatureMismatch);
        }
        assert_eq!(cache.source().lookups(), 1);
    }

    #[tokio::test]
    async fn an_unknown_key_is_refused_and_not_asked_for_twice() {
        let cache = KeyCache::new(Source::default());
        let token = WebhookSigner::new("kid-1").sign(BODY, at(0));
        for _ in 0..3 {
            let verdict = verify(&cache, &token, at(0)).await.unwrap();
            assert_eq!(verdict.unwrap_err(), Rejection::UnknownKey);
        }
        assert_eq!(cache.source().lookups(), 1);
    }

    #[tokio::test]
    async fn ten_thousand_random_keys_cost_ten_lookups_and_genuine_webhooks_pass() {
        let signer = WebhookSigner::new("genuine");
        let cache = KeyCache::new(Source::with(&signer));
        let genuine = signer.sign(BODY, at(0));
        assert!(verify(&cache, &genuine, at(0)).await.unwrap().is_ok());
        for n in 0..10_000 {
            let header = format!(r#"{{"alg":"ES256","kid":"random-{n}"}}"#);
            let token = signer.sign_with_header(&header, BODY, at(0));
            match verify(&cache, &token, at(0)).await {
                Ok(verdict) => assert_eq!(verdict.unwrap_err(), Rejection::UnknownKey),
                Err(error) => assert!(matches!(error, KeyLookupError::BudgetUsedUp)),
            }
        }
        assert_eq!(cache.source().lookups(), MAX_LOOKUPS_AT_ONCE);
        assert!(verify(&cache, &genuine, at(1)).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn failed_lookups_are_paid_for_too_and_the_budget_comes_back() {
        let cache = KeyCache::new(Source {
            down: true,
            ..Source::default()
        });
        let signer = WebhookSigner::new("kid-1");
        for _ in 0..50 {
            assert!(
                verify(&cache, &signer.sign(BODY, at(0)), at(0))
                    .await
                    .is_err()
            );
        }
        assert_eq!(cache.source().lookups(), MAX_LOOKUPS_AT_ONCE);
        assert!(
            verify(&cache, &signer.sign(BODY, at(30)), at(30))
                .await
                .is_err()
        );
        assert_eq!(cache.source().lookups(), MAX_LOOKUPS_AT_ONCE + 1);
    }
}
