//! Keeping tokens.

use std::future::Future;

use secrecy::SecretString;

use crate::domain::{Place, Purpose, Sealed};

/// Why a value could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// KMS did not answer, or refused.
    #[error("the key service did not answer: {0}")]
    Unavailable(String),
    /// The value was not sealed for this place, or was altered.
    #[error("a sealed value does not open at its place")]
    DoesNotOpen,
    /// Sealing failed; the cryptography library gives no reasons.
    #[error("a value could not be sealed")]
    CannotSeal,
}

/// Keeps tokens so that only a holder of the KMS grant can read them.
pub trait Vault: Send + Sync {
    /// A data key in hand, with which values are sealed without any further call.
    type Key: SealingKey;

    /// A new data key for one purpose.
    fn data_key(
        &self,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Self::Key, VaultError>> + Send;

    /// The value sealed for this purpose and place. MUST fail anywhere else.
    fn open(
        &self,
        sealed: &Sealed,
        purpose: Purpose,
        place: &Place,
    ) -> impl Future<Output = Result<SecretString, VaultError>> + Send;
}

/// A data key in hand.
pub trait SealingKey: Send + Sync {
    /// Seals a value for one place.
    ///
    /// # Errors
    /// The cryptography library failed.
    fn seal(&self, value: &str, place: &Place) -> Result<Sealed, VaultError>;
}
