//! How an API is connected to: no redirects, no proxies, a bound on every wait.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, redirect};

use super::tls;
use crate::domain::Deadline;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Slow calls reach out to banks; half of Plaid's answer within two seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// A frozen sandbox wakes up with connections that the other side closed long ago.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);
/// Less time than this is not worth an attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(300);

/// A client that could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for {api} could not be built: {reason}")]
pub struct ClientError {
    api: &'static str,
    reason: String,
}

/// An HTTP client for this API with these headers in every request. It also believes the
/// authority of a simulator on this machine, given as PEM.
///
/// # Errors
/// TLS could not be set up.
pub(crate) fn http_client(
    api: &'static str,
    local_root: Option<&[u8]>,
    headers: HeaderMap,
) -> Result<Client, ClientError> {
    let failed = |reason| ClientError { api, reason };
    let tls = tls::client_config(local_root).map_err(failed)?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_CONNECTION)
        // An API does not redirect; following one would carry tokens elsewhere.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| failed(error.to_string()))
}

/// How long the next attempt may take; `None` when there is no time for one.
pub(crate) fn attempt_time(deadline: Deadline, now: Timestamp) -> Option<Duration> {
    let time = deadline.remaining(now).min(ATTEMPT_TIMEOUT);
    (time >= SHORTEST_ATTEMPT).then_some(time)
}

/// A header that nothing prints; `None` if the secret cannot be one.
pub(crate) fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(value).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_takes_eight_seconds_at_most_and_is_not_made_in_no_time() {
        let now = Timestamp::from_second(1_795_348_800).unwrap();
        let time = |left| attempt_time(Deadline::after(now, Duration::from_millis(left)), now);
        assert_eq!(time(20_000), Some(ATTEMPT_TIMEOUT));
        assert_eq!(time(300), Some(SHORTEST_ATTEMPT));
        assert_eq!(time(299), None);
    }

    #[test]
    fn a_secret_header_does_not_print() {
        let header = secret_header("canary").unwrap();
        assert!(!format!("{header:?}").contains("canary"));
        assert!(secret_header("two\nlines").is_none());
    }

    #[test]
    fn a_client_that_cannot_be_built_says_whose_it_is() {
        let root = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let error = http_client("Plaid", Some(root), HeaderMap::new()).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("the HTTP client for Plaid could not be built: "));
    }
}
