//! With which keys an API beyond AWS is called.

use std::future::Future;

use crate::domain::ApiCredentials;

/// Why an API's credentials could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager did not answer, or refused.
    #[error("the secret could not be read: {0}")]
    Unavailable(String),
    /// The secret is not what it should be.
    #[error("the secret must be a JSON object with the strings client_id and secret")]
    Malformed,
}

/// Our credentials at one API.
pub trait CredentialSource: Send + Sync {
    /// The credentials to call the API with; MAY be cached.
    ///
    /// # Errors
    /// They could not be read.
    fn credentials(&self) -> impl Future<Output = Result<ApiCredentials, SecretError>> + Send;

    /// What to try after the API refused `refused`, or `None` when nothing is left to try.
    /// MUST be other than `refused`: the current credentials, newly read unless somebody else
    /// has just done that; or, where the API refuses these, the previous ones, which then
    /// serve until the current ones are read anew. MUST come to `None` soon if the API
    /// refuses all of them, and MUST NOT read them for each refusal.
    ///
    /// # Errors
    /// They could not be read.
    fn credentials_after(
        &self,
        refused: &ApiCredentials,
    ) -> impl Future<Output = Result<Option<ApiCredentials>, SecretError>> + Send;
}
