//! Where a stack is: one in this process, or one that `local/deploy` has deployed and tells
//! of in the environment.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use local::Stack;
use reqwest::Request;
use reqwest::header::HeaderName;
use serde_json::Value;

use crate::scene::{Failure, text};

/// The addresses of a stack.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The API's base URL.
    pub gateway_url: String,
    /// Plaid's simulator, if there is one.
    pub plaid_url: Option<String>,
    /// Astra's simulator, if there is one.
    pub astra_url: Option<String>,
    /// Where people sign in, and events are seen: `/dev/login` and `/dev/events`.
    pub helper_url: String,
    /// How long a condition may take to come true.
    pub patience: Duration,
}

impl Deployment {
    /// The deployment that the environment tells of.
    ///
    /// # Errors
    /// It tells of one and not where everything is.
    pub fn from_environment() -> Result<Option<Self>, Failure> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is missing"));
        let Ok(gateway_url) = variable("DEPLOYED_GATEWAY_URL") else {
            return Ok(None);
        };
        Ok(Some(Self {
            gateway_url,
            plaid_url: Some(variable("DEPLOYED_PLAID_URL")?),
            astra_url: variable("DEPLOYED_ASTRA_URL").ok(),
            helper_url: variable("DEPLOYED_HELPER_URL")?,
            // A schedule runs every minute there, and every function starts a process.
            patience: Duration::from_mins(3),
        }))
    }

    pub(crate) fn of(stack: &Stack, patience: Duration) -> Self {
        Self {
            gateway_url: stack.gateway_url().to_owned(),
            plaid_url: stack.plaid_url().map(str::to_owned),
            astra_url: stack.astra_url().map(str::to_owned),
            helper_url: stack.gateway_url().to_owned(),
            patience,
        }
    }
}

/// What somebody shows to the gateway.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// A token, as it is.
    Token(String),
    /// IAM credentials, with which each request is signed, and their region.
    Keys(Credentials, String),
}

impl Proof {
    /// What an answer of `/dev/login` holds.
    pub(crate) fn read(login: &Value) -> Result<Self, Failure> {
        let Ok(id) = text(login, "access_key_id") else {
            return Ok(Self::Token(text(login, "token")?));
        };
        let secret = text(login, "secret_access_key")?;
        let credentials = Credentials::new(id, secret, None, None, "e2e");
        Ok(Self::Keys(credentials, text(login, "region")?))
    }

    /// Shows it with a request.
    pub(crate) fn show(&self, request: &mut Request) -> Result<(), Failure> {
        let headers = match self {
            Self::Token(token) => vec![("authorization".to_owned(), format!("Bearer {token}"))],
            Self::Keys(credentials, region) => signature(request, credentials, region)?,
        };
        for (name, value) in headers {
            let name: HeaderName = name.parse()?;
            request.headers_mut().insert(name, value.parse()?);
        }
        Ok(())
    }
}

/// The headers that sign a request as API Gateway wants it (`SigV4`).
fn signature(
    request: &Request,
    credentials: &Credentials,
    region: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("execute-api")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?;
    let body = request.body().and_then(reqwest::Body::as_bytes);
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.url().as_str(),
        std::iter::empty(),
        SignableBody::Bytes(body.unwrap_or_default()),
    )?;
    let (signed, _) = sign(signable, &parameters.into())?.into_parts();
    let headers = signed.headers();
    Ok(headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}
