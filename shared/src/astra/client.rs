//! How Astra is called: in whose name, how often, and what a failure is. Which calls there
//! are is in `calls`, how they look on the wire in `wire`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use url::Url;
use zeroize::Zeroizing;

use super::wire;
use crate::domain::{
    ApiCredentials, AstraAccessToken, AstraCaller, AstraFailure, AstraFailureClass, AstraRequestId,
    Deadline,
};
use crate::ports::{Clock, CredentialSource};
use crate::upstream::{
    ClientError, MAX_ATTEMPTS, MAX_KEYS, Silence, Unread, attempt_time, backoff, http_client,
    read_limited, secret_header,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// A client of Astra's API.
pub struct AstraClient<S, C> {
    http: Client,
    pub(super) base_url: Url,
    credentials: S,
    clock: C,
}

/// One call, whatever it asks for.
pub(super) struct Call<'a> {
    /// Its name in the log: the path without ids.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) sender: Sender<'a>,
    pub(super) body: Option<Body<'a>>,
    pub(super) repeats: Repeats,
}

/// In whose name it is made.
#[derive(Clone, Copy)]
pub(super) enum Sender<'a> {
    Us,
    User(&'a AstraAccessToken),
}

/// What it carries.
pub(super) struct Body<'a> {
    pub(super) content_type: &'static str,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The secret inside, which no failure may repeat.
    pub(super) secret: &'a str,
}

/// Whether it may be sent again after it may have had its effect.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Repeats {
    Never,
    Sometimes,
}

/// How a good answer's body is read; `None` where it is not in Astra's terms.
pub(super) type Read<A> = fn(&[u8]) -> Option<A>;

/// What is known of an answer before its body.
struct Head {
    http_status: u16,
    request_id: Option<AstraRequestId>,
}

impl<S: CredentialSource, C: Clock> AstraClient<S, C> {
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
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Self {
            http: http_client("Astra", local_root, headers)?,
            base_url,
            credentials,
            clock,
        })
    }

    /// Opens a connection to Astra and reads the credentials, so that the first request
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

    /// Calls Astra until it answers, refuses for good, or the time is up. Whether an attempt
    /// may have had its effect is kept in mind.
    pub(super) async fn call<A>(
        &self,
        call: &Call<'_>,
        read: Read<A>,
        deadline: Deadline,
    ) -> Result<A, AstraFailure> {
        let mut keys = match call.sender {
            Sender::Us => Some(self.keys().await?),
            Sender::User(_) => None,
        };
        let mut tried = 1;
        let mut maybe_applied = false;
        let mut attempt = 1;
        loop {
            let Some(time) = attempt_time(deadline, self.clock.now()) else {
                return Err(AstraFailure::from(Silence::TIME_IS_UP).after(maybe_applied));
            };
            let failure = match self.attempt(call, keys.as_ref(), read, time).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            log(call, attempt, &failure);
            maybe_applied |= failure.maybe_applied();
            if let Some(refused) = keys.as_ref()
                && refuses_our_keys(&failure)
            {
                // Astra looked no further, so that not even a code was used up.
                keys = self.keys_after(refused, tried).await;
                if keys.is_none() {
                    return Err(failure.after(maybe_applied));
                }
                tried += 1;
                continue;
            }
            if attempt >= call.attempts() || !passes_soon(&failure) {
                return Err(failure.after(maybe_applied));
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    /// Our keys.
    pub(super) async fn keys(&self) -> Result<ApiCredentials, AstraFailure> {
        self.credentials.credentials().await.map_err(|error| {
            tracing::error!(error = %error, "no Astra credentials");
            AstraFailure::NoCredentials
        })
    }

    /// Other keys than the refused ones, unless a call has tried enough of them.
    async fn keys_after(&self, refused: &ApiCredentials, tried: u32) -> Option<ApiCredentials> {
        if tried >= MAX_KEYS {
            return None;
        }
        let others = self.credentials.credentials_after(refused).await;
        others.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the Astra secret could not be read again");
            None
        })
    }

    async fn attempt<A>(
        &self,
        call: &Call<'_>,
        keys: Option<&ApiCredentials>,
        read: Read<A>,
        time: Duration,
    ) -> Result<A, AstraFailure> {
        let authorization = match (call.sender, keys) {
            (Sender::User(token), _) => bearer(token),
            (Sender::Us, keys) => keys.and_then(basic),
        };
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .header(AUTHORIZATION, authorization.ok_or(Silence::NOT_SENT)?)
            .timeout(time);
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, body.content_type)
                .body(body.bytes.to_vec());
        }
        let response = request.send().await.map_err(Silence::from)?;
        let head = Head::of(&response);
        if !response.status().is_success() {
            let body = head.body(response).await?;
            return Err(wire::refusal(
                call,
                head.http_status,
                head.request_id,
                &body,
            ));
        }
        let answer = if call.method == Method::DELETE {
            // All that Astra promises is the status.
            read(&[])
        } else {
            read(&head.body(response).await?)
        };
        if call.method != Method::GET {
            let id = head.request_id.as_ref().map(AstraRequestId::as_str);
            tracing::info!(call = call.name, astra_request_id = id, "Astra answered");
        }
        answer.ok_or_else(|| head.unintelligible())
    }
}

impl Call<'_> {
    /// In whose name it is made.
    pub(super) fn caller(&self) -> AstraCaller {
        match self.sender {
            Sender::Us => AstraCaller::Us,
            Sender::User(_) => AstraCaller::User,
        }
    }

    /// What Astra was sent and may repeat, but we must not.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let token = match self.sender {
            Sender::Us => None,
            Sender::User(token) => Some(token.expose()),
        };
        let carried = self.body.as_ref().map(|body| body.secret);
        token.into_iter().chain(carried)
    }

    fn attempts(&self) -> u32 {
        match self.repeats {
            Repeats::Never => 1,
            Repeats::Sometimes => MAX_ATTEMPTS,
        }
    }
}

impl Head {
    fn of(response: &Response) -> Self {
        let id = response.headers().get(REQUEST_ID);
        let id = id.and_then(|id| id.to_str().ok()).and_then(wire::id);
        Self {
            http_status: response.status().as_u16(),
            request_id: id.map(AstraRequestId::new),
        }
    }

    async fn body(&self, response: Response) -> Result<Zeroizing<Vec<u8>>, AstraFailure> {
        read_limited(response).await.map_err(|unread| match unread {
            Unread::TooLong => self.unintelligible(),
            Unread::Broken(silence) => silence.into(),
        })
    }

    fn unintelligible(&self) -> AstraFailure {
        AstraFailure::Unintelligible {
            http_status: self.http_status,
            request_id: self.request_id.clone(),
        }
    }
}

fn bearer(token: &AstraAccessToken) -> Option<HeaderValue> {
    secret_header(&Zeroizing::new(format!("Bearer {}", token.expose())))
}

fn basic(keys: &ApiCredentials) -> Option<HeaderValue> {
    let pair = Zeroizing::new(format!("{}:{}", keys.client_id(), keys.expose_secret()));
    let pair = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    secret_header(&Zeroizing::new(format!("Basic {}", *pair)))
}

fn log(call: &Call<'_>, attempt: u32, failure: &AstraFailure) {
    tracing::warn!(
        call = call.name,
        attempt,
        failure = %failure,
        description = failure.description(),
        astra_request_id = failure.request_id().map(AstraRequestId::as_str),
        "a call to Astra failed"
    );
}

/// Asking again at once only uses up a limit.
fn passes_soon(failure: &AstraFailure) -> bool {
    failure.class() == AstraFailureClass::Retry && !failure.is_rate_limit()
}

fn refuses_our_keys(failure: &AstraFailure) -> bool {
    let error = failure.astra_error();
    error.is_some_and(crate::domain::AstraError::refuses_our_keys)
}

impl From<Silence> for AstraFailure {
    fn from(silence: Silence) -> Self {
        Self::NoAnswer {
            reason: silence.reason,
            maybe_applied: silence.maybe_applied,
        }
    }
}
