//! The secrets with Plaid's and Astra's keys, and the key that seals tokens.

use shared::domain::{ApiCredentials, LinkId, Place, Purpose, UserId};
use shared::ports::{CredentialSource, SealingKey as _, SecretError, Vault, VaultError};
use shared::secrets::ReadCredentials;

use super::report::Trouble;

/// Nobody's: what is sealed for it is never written anywhere.
pub(super) const NOBODY: &str = "cargo-local-doctor";

const MEND_ACCESS: &str = "the credentials may not do this: use those of somebody who may, and see \
    that the function's role in template.yaml is as it was";
const MEND_AWAY: &str = "see that AWS can be reached from here, and that AWS_REGION is the stack's";

/// The keys of the secret as it is now. The functions fall back on the previous ones for a
/// while; here that would hide what is wrong.
pub(super) struct CurrentKeys(pub(super) ApiCredentials);

impl CredentialSource for CurrentKeys {
    async fn credentials(&self) -> Result<ApiCredentials, SecretError> {
        Ok(self.0.clone())
    }

    async fn credentials_after(
        &self,
        _refused: &ApiCredentials,
    ) -> Result<Option<ApiCredentials>, SecretError> {
        Ok(None)
    }
}

/// Reads a secret, as the functions do; `mend` says what belongs there.
pub(super) async fn secret(
    secret: &impl ReadCredentials,
    mend: &str,
) -> Result<ApiCredentials, Trouble> {
    match secret.current().await {
        Ok(credentials) => Ok(credentials),
        Err(error @ SecretError::Malformed) => Err(Trouble::new(error.to_string(), mend)),
        Err(SecretError::Unavailable(reason)) => Err(refused(&reason, "the secret", mend)),
    }
}

/// Makes a data key, seals something with it, and opens that again in the same context.
pub(super) async fn token_key(vault: &impl Vault) -> Result<(), Trouble> {
    let Err(error) = seal_and_open(vault).await else {
        return Ok(());
    };
    match &error {
        VaultError::Unavailable(reason) => Err(refused(reason, "the token key", key_mend(reason))),
        VaultError::DoesNotOpen | VaultError::CannotSeal => Err(Trouble::new(
            error.to_string(),
            "TOKEN_KEY_ID must be the Arn of the stack's TokenKey: what one key sealed, another \
             does not open",
        )),
    }
}

/// What is opened is what was sealed: the ciphertext is authenticated.
async fn seal_and_open(vault: &impl Vault) -> Result<(), VaultError> {
    let place = Place::link_token(&UserId::new(NOBODY), &LinkId::new(NOBODY));
    let sealed = vault.data_key(Purpose::Link).await?.seal(NOBODY, &place)?;
    vault.open(&sealed, Purpose::Link, &place).await.map(drop)
}

fn key_mend(reason: &str) -> &'static str {
    match reason {
        "DisabledException" => "enable the stack's TokenKey in KMS again",
        "KMSInvalidStateException" => {
            "the key is waiting for its deletion: cancel that in KMS at once, or every stored token \
             is lost; then enable it"
        }
        _ => {
            "TOKEN_KEY_ID must be the Arn of the stack's TokenKey; a deleted key takes every \
              stored token with it"
        }
    }
}

/// What AWS said, by the name of its error.
pub(super) fn refused(reason: &str, what: &str, mend: &str) -> Trouble {
    let is = |names: &[&str]| names.contains(&reason);
    if is(&["no connection", "no answer in time"]) {
        return Trouble::new(format!("AWS: {reason}"), MEND_AWAY);
    }
    let denied = [
        "AccessDeniedException",
        "AccessDenied",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    ];
    let found = format!("{what} cannot be used: AWS says {reason}");
    Trouble::new(found, if is(&denied) { MEND_ACCESS } else { mend })
}
