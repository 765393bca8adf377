//! How Plaid is called: headers, timeouts, retries, errors. Which calls there are is in
//! `calls`, how they look on the wire in `wire`.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use super::wire;
use crate::domain::{ApiCredentials, Deadline, FailureClass, PlaidFailure, PlaidRequestId};
use crate::ports::{Clock, CredentialSource};
use crate::upstream::{
    ClientError, MAX_ATTEMPTS, MAX_KEYS, Silence, Unread, attempt_time, backoff, http_client,
    read_limited, secret_header,
};

/// The version of Plaid's API that `wire` speaks.
const PLAID_VERSION: &str = "2020-09-14";
const CLIENT_ID: HeaderName = HeaderName::from_static("plaid-client-id");
const SECRET: HeaderName = HeaderName::from_static("plaid-secret");
const VERSION: HeaderName = HeaderName::from_static("plaid-version");

/// A client of Plaid's API.
pub struct PlaidClient<S, C> {
    http: Client,
    base_url: Url,
    credentials: S,
    clock: C,
}

impl<S: CredentialSource, C: Clock> PlaidClient<S, C> {
    /// A client for the API at `base_url`.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new(base_url: Url, credentials: S, clock: C) -> Result<Self, ClientError> {
        Self::believing(None, base_url, credentials, clock)
    }

    /// One that also believes the authority of a simulator on this machine, given as PEM.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn believing(
        local_root: Option<&[u8]>,
        base_url: Url,
        credentials: S,
        clock: C,
    ) -> Result<Self, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(VERSION, HeaderValue::from_static(PLAID_VERSION));
        let http = http_client("Plaid", local_root, headers)?;
        Ok(Self {
            http,
            base_url,
            credentials,
            clock,
        })
    }

    /// Opens a connection to Plaid and reads the credentials, so that the first request
    /// finds both. A failure is no failure: the first request would meet it too.
    pub async fn warm_up(&self, time: Duration) {
        let connect = self.http.head(self.base_url.clone()).timeout(time).send();
        let credentials = tokio::time::timeout(time, self.credentials.credentials());
        let (connected, read) = tokio::join!(connect, credentials);
        tracing::debug!(
            connected = connected.is_ok(),
            credentials = read.is_ok(),
            "warmed up"
        );
    }

    /// Calls Plaid until it answers, refuses for good, or the time is up. Every call of
    /// ours may be repeated; whether an attempt may have had its effect is kept in mind.
    pub(super) async fn call<R: Serialize, A: DeserializeOwned>(
        &self,
        path: &'static str,
        request: &R,
        deadline: Deadline,
    ) -> Result<A, PlaidFailure> {
        let body = Zeroizing::new(serde_json::to_vec(request).unwrap_or_default());
        let mut credentials = self.credentials().await?;
        let mut keys = 1;
        let mut maybe_applied = false;
        let mut attempt = 1;
        loop {
            let Some(time) = attempt_time(deadline, self.clock.now()) else {
                return Err(remembering(Silence::TIME_IS_UP.into(), maybe_applied));
            };
            let failure = match self.attempt(path, &body, &credentials, time).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            tracing::warn!(
                path,
                attempt,
                failure = %failure,
                plaid_request_id = request_id(&failure),
                "a call to Plaid failed"
            );
            maybe_applied |= failure.maybe_applied();
            if keys_refused(&failure) {
                // This attempt had no effect, so another one is safe.
                match self.credentials_after(&credentials, keys).await {
                    Some(others) => credentials = others,
                    None => return Err(remembering(failure, maybe_applied)),
                }
                keys += 1;
                continue;
            }
            if !passes_soon(&failure) || attempt >= MAX_ATTEMPTS {
                return Err(remembering(failure, maybe_applied));
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    async fn credentials(&self) -> Result<ApiCredentials, PlaidFailure> {
        self.credentials.credentials().await.map_err(|error| {
            tracing::error!(error = %error, "no Plaid credentials");
            PlaidFailure::NoCredentials
        })
    }

    /// Other credentials than the refused ones, unless a call has tried enough of them.
    async fn credentials_after(
        &self,
        refused: &ApiCredentials,
        tried: u32,
    ) -> Option<ApiCredentials> {
        if tried >= MAX_KEYS {
            return None;
        }
        let others = self.credentials.credentials_after(refused).await;
        others.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the Plaid secret could not be read again");
            None
        })
    }

    async fn attempt<A: DeserializeOwned>(
        &self,
        path: &'static str,
        body: &[u8],
        credentials: &ApiCredentials,
        time: Duration,
    ) -> Result<A, PlaidFailure> {
        let url = self.base_url.join(path).map_err(|_| Silence::NOT_SENT)?;
        let header = |value| secret_header(value).ok_or(PlaidFailure::NoCredentials);
        let response = self
            .http
            .post(url)
            .header(CLIENT_ID, header(credentials.client_id())?)
            .header(SECRET, header(credentials.expose_secret())?)
            .timeout(time)
            .body(body.to_vec())
            .send()
            .await
            .map_err(Silence::from)?;
        let http_status = response.status().as_u16();
        let answer = read_limited(response)
            .await
            .map_err(|unread| match unread {
                Unread::TooLong => PlaidFailure::Unintelligible { http_status },
                Unread::Broken(silence) => silence.into(),
            })?;
        if http_status == 200 {
            return serde_json::from_slice(&answer).map_err(|error| {
                // serde's words may repeat a value; where it broke is enough.
                let (line, column) = (error.line(), error.column());
                tracing::error!(path, line, column, "Plaid's answer is not understood");
                PlaidFailure::Unintelligible { http_status }
            });
        }
        Err(wire::refusal(&answer, http_status))
    }
}

impl From<Silence> for PlaidFailure {
    fn from(silence: Silence) -> Self {
        Self::NoAnswer {
            reason: silence.reason,
            maybe_applied: silence.maybe_applied,
        }
    }
}

/// Plaid counts its limits by the minute: asking again at once only uses them up.
fn passes_soon(failure: &PlaidFailure) -> bool {
    failure.class() == FailureClass::Retry && !failure.is_rate_limit()
}

fn keys_refused(failure: &PlaidFailure) -> bool {
    failure
        .plaid_error()
        .is_some_and(|error| error.is("INVALID_API_KEYS"))
}

fn request_id(failure: &PlaidFailure) -> Option<&str> {
    failure
        .plaid_error()?
        .request_id
        .as_ref()
        .map(PlaidRequestId::as_str)
}

fn remembering(failure: PlaidFailure, earlier_maybe_applied: bool) -> PlaidFailure {
    match failure {
        PlaidFailure::Refused { error, .. } => PlaidFailure::Refused {
            error,
            after_lost_answer: earlier_maybe_applied,
        },
        PlaidFailure::NoAnswer { reason, .. } => PlaidFailure::NoAnswer {
            reason,
            maybe_applied: earlier_maybe_applied,
        },
        other => other,
    }
}
