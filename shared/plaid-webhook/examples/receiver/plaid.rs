//! The one call of Plaid's API that is needed: which key has this id?

use std::time::Duration;

use plaid_webhook::{KeyId, KeySource, VerificationKey};
use reqwest::{Client, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::json;

/// A caller waits for it: better 503, and Plaid sends the webhook again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plaid's API, in the environment that the webhooks come from.
pub struct Plaid {
    http: Client,
    base_url: String,
    client_id: String,
    secret: String,
}

/// Why it is not known whether there is such a key.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Plaid was not reached, or its answer not understood.
    #[error("no answer from Plaid")]
    Http(#[from] reqwest::Error),
    /// Plaid would not say, because of wrong keys for example.
    #[error("Plaid answered {0}")]
    Refused(String),
}

#[derive(Deserialize)]
struct Answer {
    key: VerificationKey,
}

#[derive(Deserialize)]
struct Problem {
    error_code: String,
}

impl Plaid {
    /// Plaid at this base URL, such as `https://sandbox.plaid.com`.
    ///
    /// # Errors
    /// There is no TLS.
    pub fn at(
        base_url: String,
        client_id: String,
        secret: String,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            http: http_client()?,
            base_url,
            client_id,
            secret,
        })
    }
}

impl KeySource for Plaid {
    type Error = NoAnswer;

    async fn key(&self, key_id: &KeyId) -> Result<Option<VerificationKey>, NoAnswer> {
        let url = format!("{}/webhook_verification_key/get", self.base_url);
        let request = self
            .http
            .post(url)
            .json(&json!({"key_id": key_id.as_str()}));
        let answer = request
            .header("PLAID-CLIENT-ID", &self.client_id)
            .header("PLAID-SECRET", &self.secret)
            .send()
            .await?;
        if answer.status() == StatusCode::OK {
            return Ok(Some(answer.json::<Answer>().await?.key));
        }
        // Only this answer means that there is no such key, and refuses the webhook.
        match answer.json::<Problem>().await?.error_code.as_str() {
            "INVALID_WEBHOOK_VERIFICATION_KEY_ID" => Ok(None),
            other => Err(NoAnswer::Refused(other.to_owned())),
        }
    }
}

/// Where reqwest has its default features, `Client::builder().timeout(PATIENCE).build()` will do.
pub(super) fn http_client() -> Result<Client, Box<dyn std::error::Error>> {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = rustls::crypto::ring::default_provider();
    let tls = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = Client::builder().tls_backend_preconfigured(tls);
    // Plaid never redirects, and nobody else is to be asked.
    let builder = builder.redirect(reqwest::redirect::Policy::none());
    Ok(builder.no_proxy().timeout(PATIENCE).build()?)
}
