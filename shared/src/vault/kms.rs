//! The vault over AWS KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use aws_types::SdkConfig;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{DataKey, Envelope};
use crate::aws::describe;
use crate::domain::{Place, Purpose, Sealed, VaultId};
use crate::ports::{Vault, VaultError};
use crate::settings::VaultSettings;

/// What KMS authenticates with a wrapped key; the key's policy and each role's grants
/// name it.
const CONTEXT_VAULT: &str = "vault";
const CONTEXT_PURPOSE: &str = "purpose";

/// Seals under data keys of one KMS key.
pub struct KmsVault {
    client: Client,
    key_id: String,
    vault_id: VaultId,
}

impl KmsVault {
    /// A vault over the configured key.
    pub fn new(config: &SdkConfig, settings: &VaultSettings) -> Self {
        Self {
            client: Client::new(config),
            key_id: settings.token_key_id.clone(),
            vault_id: settings.vault_id.clone(),
        }
    }
}

impl Vault for KmsVault {
    type Key = DataKey;

    async fn data_key(&self, purpose: Purpose) -> Result<DataKey, VaultError> {
        let answer = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT_VAULT, self.vault_id.as_str())
            .encryption_context(CONTEXT_PURPOSE, purpose.as_str())
            .send()
            .await
            .map_err(|error| VaultError::Unavailable(describe(&error)))?;
        let clear = answer.plaintext.ok_or(VaultError::CannotSeal)?;
        let clear = Zeroizing::new(clear.into_inner());
        let wrapped = answer.ciphertext_blob.ok_or(VaultError::CannotSeal)?;
        DataKey::new(&clear, wrapped.into_inner(), self.vault_id.clone(), purpose)
    }

    async fn open(
        &self,
        sealed: &Sealed,
        purpose: Purpose,
        place: &Place,
    ) -> Result<SecretString, VaultError> {
        let envelope = Envelope::of(sealed)?;
        let answer = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(envelope.wrapped_key))
            .encryption_context(CONTEXT_VAULT, self.vault_id.as_str())
            .encryption_context(CONTEXT_PURPOSE, purpose.as_str())
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(refused) if refused.is_invalid_ciphertext_exception() => {
                    VaultError::DoesNotOpen
                }
                _ => VaultError::Unavailable(describe(&error)),
            })?;
        let clear = answer.plaintext.ok_or(VaultError::DoesNotOpen)?;
        let clear = Zeroizing::new(clear.into_inner());
        let wrapped = envelope.wrapped_key.to_vec();
        DataKey::new(&clear, wrapped, self.vault_id.clone(), purpose)?.open(&envelope, place)
    }
}
