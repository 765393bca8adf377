//! Reading the secret.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use aws_types::SdkConfig;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::ReadCredentials;
use crate::aws::describe;
use crate::domain::ApiCredentials;
use crate::ports::SecretError;

/// The version that counts.
const CURRENT: &str = "AWSCURRENT";
/// The one that counted before it; Secrets Manager moves the label by itself.
const PREVIOUS: &str = "AWSPREVIOUS";

type ReadError = SdkError<GetSecretValueError>;

/// The secret with an API's credentials.
pub struct ApiSecret {
    client: Client,
    secret_id: String,
}

#[derive(Deserialize)]
struct SecretBody {
    client_id: String,
    secret: String,
}

impl ApiSecret {
    /// The secret with this name or ARN.
    pub fn new(config: &SdkConfig, secret_id: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            secret_id: secret_id.into(),
        }
    }

    async fn version(&self, stage: &str) -> Result<GetSecretValueOutput, ReadError> {
        self.client
            .get_secret_value()
            .secret_id(&self.secret_id)
            .version_stage(stage)
            .send()
            .await
    }
}

impl ReadCredentials for ApiSecret {
    async fn current(&self) -> Result<ApiCredentials, SecretError> {
        let answer = self.version(CURRENT).await;
        credentials(answer.map_err(|error| unavailable(&error))?)
    }

    async fn previous(&self) -> Result<Option<ApiCredentials>, SecretError> {
        match self.version(PREVIOUS).await {
            Ok(answer) => credentials(answer).map(Some),
            Err(error) if has_none(&error) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

fn has_none(error: &ReadError) -> bool {
    error
        .as_service_error()
        .is_some_and(GetSecretValueError::is_resource_not_found_exception)
}

fn unavailable(error: &ReadError) -> SecretError {
    SecretError::Unavailable(describe(error))
}

fn credentials(answer: GetSecretValueOutput) -> Result<ApiCredentials, SecretError> {
    let text = Zeroizing::new(answer.secret_string.ok_or(SecretError::Malformed)?);
    parse(&text)
}

fn parse(text: &str) -> Result<ApiCredentials, SecretError> {
    let body: SecretBody = serde_json::from_str(text).map_err(|_| SecretError::Malformed)?;
    if body.client_id.is_empty() || body.secret.is_empty() {
        return Err(SecretError::Malformed);
    }
    Ok(ApiCredentials::new(body.client_id, body.secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_an_object_with_both_halves() {
        let credentials = parse(r#"{"client_id":"c","secret":"s","note":"ignored"}"#).unwrap();
        assert_eq!(
            (credentials.client_id(), credentials.expose_secret()),
            ("c", "s")
        );
        for text in [
            "",
            "s",
            "{}",
            r#"{"client_id":"c"}"#,
            r#"{"client_id":"c","secret":""}"#,
        ] {
            let refused = parse(text).unwrap_err();
            assert!(matches!(refused, SecretError::Malformed), "{text}");
        }
    }
}
