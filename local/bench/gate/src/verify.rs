//! The work that is counted: a webhook of Plaid's size, verified again and again.

use std::convert::Infallible;

use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{KeyCache, KeyId, KeySource, Timestamp, VerificationKey};

use crate::Failure;

/// A body of two kibibytes, as Plaid's largest have.
const BODY: usize = 2048;

/// The one key that there is.
struct Keys(VerificationKey);

impl KeySource for Keys {
    type Error = Infallible;

    async fn key(&self, _: &KeyId) -> Result<Option<VerificationKey>, Infallible> {
        Ok(Some(self.0.clone()))
    }
}

/// Verifies one webhook this often, with one cache of keys.
pub(crate) fn verify(times: u32) -> Result<(), Failure> {
    let signer = WebhookSigner::new("key");
    let keys = Keys(signer.key());
    let body = "x".repeat(BODY);
    let now = Timestamp::now();
    let header = signer.sign(body.as_bytes(), now);
    let cache = KeyCache::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for _ in 0..times {
        let verified = cache.verify(&keys, Some(&header), body.as_bytes(), now);
        runtime
            .block_on(verified)
            .map_err(|_| "it is genuine, and was refused")?;
    }
    Ok(())
}
