//! Plaid's keys, as the verification of webhooks asks for them.

use plaid_webhook::{KeyId, KeySource, VerificationKey};

use crate::domain::{Deadline, PlaidFailure};
use crate::ports::VerificationKeys;

/// The keys that can be had before an invocation's deadline.
pub struct WebhookKeys<'a, K> {
    keys: &'a K,
    deadline: Deadline,
}

impl<'a, K> WebhookKeys<'a, K> {
    /// No lookup lasts longer than until `deadline`.
    pub fn until(deadline: Deadline, keys: &'a K) -> Self {
        Self { keys, deadline }
    }
}

impl<K: VerificationKeys> KeySource for WebhookKeys<'_, K> {
    type Error = PlaidFailure;

    async fn key(&self, key_id: &KeyId) -> Result<Option<VerificationKey>, PlaidFailure> {
        self.keys.verification_key(key_id, self.deadline).await
    }
}
