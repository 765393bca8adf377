//! Credentials of an API, as a test has them change.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::domain::ApiCredentials;
use shared::ports::{CredentialSource, SecretError};

/// Secrets, of which the next one serves after each refusal.
#[derive(Debug)]
pub struct Keys {
    client_id: &'static str,
    secrets: Mutex<VecDeque<&'static str>>,
    rereads: AtomicUsize,
}

impl Keys {
    /// The first of these secrets serves first; without any, none can be read.
    pub fn new(client_id: &'static str, secrets: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            client_id,
            secrets: Mutex::new(secrets.into_iter().collect()),
            rereads: AtomicUsize::new(0),
        }
    }

    /// How often others were asked for.
    pub fn rereads(&self) -> usize {
        self.rereads.load(Ordering::Relaxed)
    }

    fn secrets(&self) -> MutexGuard<'_, VecDeque<&'static str>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serving(&self) -> Option<ApiCredentials> {
        let secret = self.secrets().front().copied()?;
        Some(ApiCredentials::new(self.client_id, secret))
    }
}

impl CredentialSource for &Keys {
    async fn credentials(&self) -> Result<ApiCredentials, SecretError> {
        let away = || SecretError::Unavailable("away".to_owned());
        self.serving().ok_or_else(away)
    }

    async fn credentials_after(
        &self,
        refused: &ApiCredentials,
    ) -> Result<Option<ApiCredentials>, SecretError> {
        assert!(
            self.serving()
                .is_some_and(|serving| serving.same_as(refused)),
            "the refused secret is the one that served"
        );
        self.rereads.fetch_add(1, Ordering::Relaxed);
        self.secrets().pop_front();
        Ok(self.serving())
    }
}
