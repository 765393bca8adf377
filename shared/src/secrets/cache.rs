//! When the secret is read: at first, every five minutes, and when Plaid refuses it.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::domain::PlaidCredentials;
use crate::ports::{Clock, CredentialSource, SecretError};

const FRESH_FOR: SignedDuration = SignedDuration::from_mins(5);
/// While Secrets Manager is away, the last known credentials serve on for this long.
const USABLE_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Credentials younger than this are not read again because Plaid refused them: then
/// they are simply wrong.
const SURELY_CURRENT: SignedDuration = SignedDuration::from_secs(10);

/// Reads the credentials, each time anew.
pub trait ReadCredentials: Send + Sync {
    /// Reads them.
    fn read(&self) -> impl Future<Output = Result<PlaidCredentials, SecretError>> + Send;
}

/// Credentials that are read when they have to be, and by one caller at a time.
pub struct CredentialCache<R, C> {
    reader: R,
    clock: C,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    credentials: PlaidCredentials,
    read_at: Timestamp,
}

impl<R: ReadCredentials, C: Clock> CredentialCache<R, C> {
    /// An empty cache.
    pub fn new(reader: R, clock: C) -> Self {
        Self {
            reader,
            clock,
            kept: Mutex::new(None),
        }
    }

    async fn newer_than(&self, max_age: SignedDuration) -> Result<PlaidCredentials, SecretError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let age = kept.as_ref().map(|kept| now.duration_since(kept.read_at));
        if let (Some(kept), Some(age)) = (kept.as_ref(), age)
            && age < max_age
        {
            return Ok(kept.credentials.clone());
        }
        match (self.reader.read().await, kept.as_ref(), age) {
            (Ok(credentials), ..) => {
                *kept = Some(Kept {
                    credentials: credentials.clone(),
                    read_at: now,
                });
                Ok(credentials)
            }
            (Err(error), Some(kept), Some(age)) if age < USABLE_FOR => {
                tracing::warn!(error = %error, "the Plaid secret is stale");
                Ok(kept.credentials.clone())
            }
            (Err(error), ..) => Err(error),
        }
    }
}

impl<R: ReadCredentials, C: Clock> CredentialSource for CredentialCache<R, C> {
    async fn credentials(&self) -> Result<PlaidCredentials, SecretError> {
        self.newer_than(FRESH_FOR).await
    }

    async fn credentials_after(
        &self,
        refused: &PlaidCredentials,
    ) -> Result<PlaidCredentials, SecretError> {
        let kept = self.newer_than(FRESH_FOR).await?;
        if kept.same_as(refused) {
            return self.newer_than(SURELY_CURRENT).await;
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::test_util::FixedClock;

    /// Secrets Manager with one secret, counting the reads.
    #[derive(Default, Clone)]
    struct Secret {
        value: Arc<Mutex<Option<&'static str>>>,
        reads: Arc<AtomicU32>,
    }

    impl ReadCredentials for Secret {
        async fn read(&self) -> Result<PlaidCredentials, SecretError> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            let value = *self.value.lock().unwrap();
            value
                .map(|secret| PlaidCredentials::new("id", secret))
                .ok_or_else(|| SecretError::Unavailable("away".to_owned()))
        }
    }

    fn cache(value: &'static str) -> (CredentialCache<Secret, FixedClock>, Secret, FixedClock) {
        let secret = Secret::default();
        *secret.value.lock().unwrap() = Some(value);
        let clock = FixedClock::at_second(1_795_000_000);
        (
            CredentialCache::new(secret.clone(), clock.clone()),
            secret,
            clock,
        )
    }

    async fn current(cache: &CredentialCache<Secret, FixedClock>) -> String {
        cache
            .credentials()
            .await
            .unwrap()
            .expose_secret()
            .to_owned()
    }

    #[tokio::test]
    async fn the_secret_is_read_once_in_five_minutes() {
        let (cache, secret, clock) = cache("one");
        for _ in 0..3 {
            assert_eq!(current(&cache).await, "one");
        }
        assert_eq!(secret.reads.load(Ordering::Relaxed), 1);
        *secret.value.lock().unwrap() = Some("two");
        clock.advance_seconds(299);
        assert_eq!(current(&cache).await, "one");
        clock.advance_seconds(1);
        assert_eq!(current(&cache).await, "two");
    }

    #[tokio::test]
    async fn refused_credentials_are_read_again_once() {
        let (cache, secret, clock) = cache("one");
        let old = cache.credentials().await.unwrap();
        clock.advance_seconds(60);
        *secret.value.lock().unwrap() = Some("two");
        let fresh = cache.credentials_after(&old).await.unwrap();
        assert_eq!(fresh.expose_secret(), "two");
        let again = cache.credentials_after(&fresh).await.unwrap();
        assert!(again.same_as(&fresh));
        assert_eq!(secret.reads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn known_credentials_serve_on_for_an_hour_while_secrets_manager_is_away() {
        let (cache, secret, clock) = cache("one");
        assert_eq!(current(&cache).await, "one");
        *secret.value.lock().unwrap() = None;
        clock.advance_seconds(3599);
        assert_eq!(current(&cache).await, "one");
        clock.advance_seconds(1);
        assert!(cache.credentials().await.is_err());
    }
}
