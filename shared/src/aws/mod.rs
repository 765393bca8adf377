//! How every AWS client is set up: credentials of the function's role, Amazon's roots
//! compiled in, a bound on every wait. The SDK by itself bounds connecting only.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::settings::{AwsSettings, LocalRoot};

/// Amazon's own certificate authorities (amazontrust.com), which sign the certificates of
/// every AWS service.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
/// With all its attempts; whoever plans a write at the end keeps three seconds for it.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(2500);
const MAX_ATTEMPTS: u32 = 3;
/// The longest first pause after a refusal for too many requests; it doubles. With the
/// SDK's own second, the third attempt would come after the operation's time.
const THROTTLED_PAUSE: Duration = Duration::from_millis(200);
/// A frozen sandbox wakes up with connections that the other side closed long ago.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// Amazon's roots could not be read.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards AWS could not be set up: {0}")]
pub struct TlsError(String);

/// The configuration that all AWS clients of a function share.
///
/// # Errors
/// TLS could not be set up.
pub fn sdk_config(settings: &AwsSettings) -> Result<SdkConfig, TlsError> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials(settings)))
        .http_client(http_client(settings.local_root.as_ref())?)
        .retry_config(retries())
        .timeout_config(timeouts);
    config.set_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())));
    config.set_endpoint_url(settings.endpoint_url.clone());
    Ok(config.build())
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(THROTTLED_PAUSE)
}

/// The credentials of the function's role, which Lambda hands over in the environment
/// and which live as long as the sandbox.
fn credentials(settings: &AwsSettings) -> Credentials {
    Credentials::from_keys(
        settings.access_key_id.clone(),
        secrecy::ExposeSecret::expose_secret(&settings.secret_access_key),
        settings
            .session_token
            .as_ref()
            .map(|token| secrecy::ExposeSecret::expose_secret(token).to_owned()),
    )
}

fn http_client(local_root: Option<&LocalRoot>) -> Result<SharedHttpClient, TlsError> {
    let mut trusted = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    if let Some(root) = local_root {
        trusted.add_pem_certificate(root.pem());
    }
    let tls = TlsContext::builder()
        .with_trust_store(trusted)
        .build()
        .map_err(|error| TlsError(error.to_string()))?;
    let client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .pool_idle_timeout(IDLE_CONNECTION)
        .build_https();
    Ok(client)
}

/// Says what an AWS call met, without the request's content.
pub fn describe<E, R>(error: &aws_smithy_runtime_api::client::result::SdkError<E, R>) -> String
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata,
{
    use aws_smithy_runtime_api::client::result::SdkError;
    match error {
        SdkError::ServiceError(service) => service
            .err()
            .code()
            .unwrap_or("an unnamed error")
            .to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "no connection".to_owned(),
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        _ => "the answer could not be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_after_refusals_has_its_whole_time() {
        let retries = retries();
        let pauses = (1 << (retries.max_attempts() - 1)) - 1;
        let longest = retries.initial_backoff() * pauses;
        assert!(
            longest + ATTEMPT_TIMEOUT <= OPERATION_TIMEOUT,
            "{longest:?}"
        );
    }
}
