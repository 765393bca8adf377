//! Where keys come from.

use std::future::Future;

use crate::{KeyId, VerificationKey};

/// Plaid's `/webhook_verification_key/get`, as the caller of this crate reaches it.
///
/// It MUST ask the environment of Plaid that the webhooks come from, and bring its own
/// timeout. It is asked for ids that strangers chose.
pub trait KeySource: Sync {
    /// Why it is not known whether there is such a key.
    type Error: Send;

    /// The key with this id, or `None` when Plaid says that it has none
    /// (`INVALID_WEBHOOK_VERIFICATION_KEY_ID`). Anything else MUST be an error: `None` is
    /// remembered, and refuses the webhook.
    fn key(
        &self,
        key_id: &KeyId,
    ) -> impl Future<Output = Result<Option<VerificationKey>, Self::Error>> + Send;
}
