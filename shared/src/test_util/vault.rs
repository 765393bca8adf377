//! A vault without KMS: the real cryptography, under keys that nobody wraps.

use secrecy::SecretString;

use crate::domain::{Place, Purpose, Sealed, VaultId};
use crate::ports::{Vault, VaultError};
use crate::vault::{DataKey, Envelope};

/// A vault whose data keys stand in clear beside what they seal. For tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryVault;

const KEY_LENGTH: usize = 32;

impl MemoryVault {
    fn key(clear: &[u8], purpose: Purpose) -> Result<DataKey, VaultError> {
        DataKey::new(clear, clear.to_vec(), VaultId::new("memory"), purpose)
    }
}

impl Vault for MemoryVault {
    type Key = DataKey;

    async fn data_key(&self, purpose: Purpose) -> Result<DataKey, VaultError> {
        let mut clear = Vec::with_capacity(KEY_LENGTH);
        while clear.len() < KEY_LENGTH {
            clear.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        Self::key(&clear, purpose)
    }

    async fn open(
        &self,
        sealed: &Sealed,
        purpose: Purpose,
        place: &Place,
    ) -> Result<SecretString, VaultError> {
        let envelope = Envelope::of(sealed)?;
        Self::key(envelope.wrapped_key, purpose)?.open(&envelope, place)
    }
}
