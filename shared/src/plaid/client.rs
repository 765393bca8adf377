//! How Plaid is called: headers, timeouts, retries, errors. Which calls there are is in
//! `calls`, how they look on the wire in `wire`.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use super::{tls, wire};
use crate::domain::{Deadline, FailureClass, PlaidCredentials, PlaidFailure, PlaidRequestId};
use crate::ports::{Clock, CredentialSource};

/// The version of Plaid's API that `wire` speaks.
const PLAID_VERSION: &str = "2020-09-14";
const CLIENT_ID: HeaderName = HeaderName::from_static("plaid-client-id");
const SECRET: HeaderName = HeaderName::from_static("plaid-secret");
const VERSION: HeaderName = HeaderName::from_static("plaid-version");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Plaid's slow calls reach out to banks; half of them answer within two seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// A frozen sandbox wakes up with connections that the other side closed long ago.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);
/// Less time than this is not worth an attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(300);
const MAX_ATTEMPTS: u32 = 3;
/// The kept credentials, the current ones, and the previous ones.
const MAX_KEYS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(150);
/// Real answers have a few kilobytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// A client of Plaid's API.
pub struct PlaidClient<S, C> {
    http: Client,
    base_url: Url,
    credentials: S,
    clock: C,
}

/// A client that could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for Plaid could not be built: {0}")]
pub struct ClientError(String);

impl ClientError {
    pub(super) fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
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
        let tls = tls::client_config(local_root)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(VERSION, HeaderValue::from_static(PLAID_VERSION));
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION)
            // An API does not redirect; following one would carry tokens elsewhere.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(ClientError::of)?;
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
            let time = deadline.remaining(self.clock.now()).min(ATTEMPT_TIMEOUT);
            if time < SHORTEST_ATTEMPT {
                return Err(PlaidFailure::NoAnswer {
                    reason: "the time is up",
                    maybe_applied,
                });
            }
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

    async fn credentials(&self) -> Result<PlaidCredentials, PlaidFailure> {
        self.credentials.credentials().await.map_err(|error| {
            tracing::error!(error = %error, "no Plaid credentials");
            PlaidFailure::NoCredentials
        })
    }

    /// Other credentials than the refused ones, unless a call has tried enough of them.
    async fn credentials_after(
        &self,
        refused: &PlaidCredentials,
        tried: u32,
    ) -> Option<PlaidCredentials> {
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
        credentials: &PlaidCredentials,
        time: Duration,
    ) -> Result<A, PlaidFailure> {
        let url = self
            .base_url
            .join(path)
            .map_err(|_| PlaidFailure::NoAnswer {
                reason: "the base URL is not usable",
                maybe_applied: false,
            })?;
        let response = self
            .http
            .post(url)
            .header(CLIENT_ID, secret_header(credentials.client_id())?)
            .header(SECRET, secret_header(credentials.expose_secret())?)
            .timeout(time)
            .body(body.to_vec())
            .send()
            .await
            .map_err(|error| no_answer(&error))?;
        let http_status = response.status().as_u16();
        let answer = read_limited(response).await?;
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

fn secret_header(value: &str) -> Result<HeaderValue, PlaidFailure> {
    let mut header = HeaderValue::from_str(value).map_err(|_| PlaidFailure::NoCredentials)?;
    header.set_sensitive(true);
    Ok(header)
}

async fn read_limited(mut response: Response) -> Result<Zeroizing<Vec<u8>>, PlaidFailure> {
    let http_status = response.status().as_u16();
    let mut answer = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
        if answer.len() + chunk.len() > MAX_ANSWER {
            return Err(PlaidFailure::Unintelligible { http_status });
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// Only a connection that was never made excludes an effect.
fn no_answer(error: &reqwest::Error) -> PlaidFailure {
    let (reason, maybe_applied) = if error.is_connect() {
        ("no connection", false)
    } else if error.is_timeout() {
        ("no answer in time", true)
    } else {
        ("the connection broke", true)
    };
    PlaidFailure::NoAnswer {
        reason,
        maybe_applied,
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

/// Full jitter: anywhere between nothing and twice the last delay's ceiling.
fn backoff(attempt: u32) -> Duration {
    let ceiling = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(attempt - 1));
    let mut random = [0_u8; 2];
    // Without random bytes the ceiling itself is a fine delay.
    let fraction =
        match ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random) {
            Ok(()) => f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX),
            Err(_) => 1.0,
        };
    ceiling.mul_f64(fraction)
}
