//! A stack's API as a stranger calls it.

use std::error::Error as _;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde_json::Value;

use super::PATIENCE;
use super::report::Trouble;
use crate::functions::remote::{self, ClientError};

/// Answers of ours are small; more than this is somebody else's.
const MAX_ANSWER: usize = 64 * 1024;

/// A client that follows no redirects: neither Plaid nor a token of a user may go elsewhere.
///
/// # Errors
/// The TLS settings or the client cannot be built.
pub(super) fn client() -> Result<Client, ClientError> {
    let builder = remote::builder()?
        .redirect(redirect::Policy::none())
        .timeout(PATIENCE);
    Ok(builder.build()?)
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Null where it is no JSON.
    body: Value,
}

/// Sends a request.
pub(super) async fn send(request: RequestBuilder) -> Result<Reply, Trouble> {
    let answer = request.send().await.map_err(|error| no_answer(&error))?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = read(answer).await.map_err(|error| no_answer(&error))?;
    Ok(Reply {
        status,
        headers,
        body,
    })
}

async fn read(mut answer: reqwest::Response) -> Result<Value, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Ok(Value::Null);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}

impl Reply {
    /// The code of our own problem. A code in anything else is not ours.
    pub(super) fn code(&self) -> Option<&str> {
        let content_type = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let ours = content_type.starts_with("application/problem+json");
        ours.then(|| self.body.get("code")?.as_str()).flatten()
    }

    /// A text of the body.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }

    /// Whether the body has this.
    pub(super) fn has(&self, pointer: &str) -> bool {
        self.body.pointer(pointer).is_some()
    }

    /// What came, in a few words.
    pub(super) fn in_words(&self) -> String {
        let status = self.status.as_u16();
        match self.code() {
            Some(code) => format!("HTTP {status}, {code}"),
            None => format!("HTTP {status}"),
        }
    }
}

/// What an answer means that none of our functions gives: the gateway's, or a proxy's.
pub(super) fn not_ours(reply: &Reply, function: &str) -> Trouble {
    let mend = match reply.status.as_u16() {
        404 => {
            "there is no such route: the URL must be the output ApiUrl, with nothing behind it, \
                and template.yaml deployed as it is"
                .to_owned()
        }
        403 => "something before the function refuses: a firewall, a resource policy, mutual TLS"
            .to_owned(),
        429 => "API Gateway or Lambda is at its limit: raise the throttling or the concurrency"
            .to_owned(),
        300..=399 => "name the URL that it redirects to".to_owned(),
        500..=599 => format!(
            "{function} does not start, fails or is too slow: its log says why, and names every \
             setting that is missing or wrong"
        ),
        _ => "this is not an answer of this backend: see that the URL is right".to_owned(),
    };
    Trouble::new(reply.in_words(), mend)
}

/// No answer at all. Its causes are told, because TLS says what is wrong there.
fn no_answer(error: &reqwest::Error) -> Trouble {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        source = cause.source();
    }
    let causes = causes.join(": ");
    let lower = causes.to_ascii_lowercase();
    let tls = ["certificate", "handshake", "tls", "corrupt message"];
    let mend = if error.is_timeout() {
        "it takes too long: see the function's log, and whether a firewall swallows the call"
    } else if tls.iter().any(|word| lower.contains(word)) {
        "TLS fails: the host needs a certificate for its name from a public authority, and https"
    } else {
        "see that the host's name is right and the stack is deployed; on a laptop, that `cargo \
         local` runs"
    };
    let found = if error.is_timeout() {
        "no answer in 5 seconds".to_owned()
    } else {
        format!("no answer: {causes}")
    };
    Trouble::new(found, mend)
}
