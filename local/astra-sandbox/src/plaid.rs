//! The Plaid simulator, which knows whether a processor token is any good.

use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::RootCertStore;
use serde::Deserialize;
use serde_json::json;
use url::{Host, Url};

use crate::OpenError;
use crate::world::account::BankAccount;
use crate::world::secret::sha256;

/// How long Plaid may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where a partner asks for the numbers of a token's account.
/// <https://plaid.com/docs/api/processor-partners/#processorauthget>
const AUTH: &str = "/processor/auth/get";

/// How Astra reaches Plaid.
#[derive(Debug)]
pub(crate) struct Plaid {
    http: reqwest::Client,
    auth: String,
    client_id: String,
    secret: String,
}

/// Why a processor token is no account.
#[derive(Debug, PartialEq)]
pub(crate) enum NoAccount {
    /// Plaid refuses the token, with this code.
    Refused(String),
    /// Plaid did not answer, or not with anything that says something about the token.
    Unavailable,
}

#[derive(Deserialize)]
struct Answer {
    account: Account,
    numbers: Numbers,
}

#[derive(Deserialize)]
struct Account {
    name: Option<String>,
    official_name: Option<String>,
    mask: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    subtype: Option<String>,
    balances: Balances,
}

#[derive(Deserialize)]
struct Balances {
    available: Option<f64>,
    current: Option<f64>,
}

#[derive(Deserialize)]
struct Numbers {
    ach: Ach,
}

#[derive(Deserialize)]
struct Ach {
    account: String,
    routing: String,
}

#[derive(Deserialize)]
struct Refusal {
    error_code: String,
}

impl Plaid {
    /// Plaid at `url`, which must be on this machine.
    pub(crate) fn at(url: &str, client_id: String, secret: String) -> Result<Self, OpenError> {
        if !is_here(url) {
            return Err(OpenError::PlaidUrl(url.to_owned()));
        }
        Ok(Self {
            http: http_client()?,
            auth: format!("{}{AUTH}", url.trim_end_matches('/')),
            client_id,
            secret,
        })
    }

    /// The account of a processor token.
    ///
    /// # Errors
    ///
    /// The token is no good, or Plaid cannot be asked.
    pub(crate) async fn account(&self, processor_token: &str) -> Result<BankAccount, NoAccount> {
        let request = self
            .http
            .post(&self.auth)
            .header("PLAID-CLIENT-ID", &self.client_id)
            .header("PLAID-SECRET", &self.secret)
            .json(&json!({"processor_token": processor_token}));
        let answer = request.send().await.map_err(|error| {
            // Its text holds an address, never the body that was sent.
            tracing::warn!(%error, "Plaid cannot be reached");
            NoAccount::Unavailable
        })?;
        let status = answer.status();
        if status.is_success() {
            let answer: Answer = answer.json().await.map_err(|_| NoAccount::Unavailable)?;
            return Ok(answer.into());
        }
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(NoAccount::Unavailable);
        }
        let refusal: Refusal = answer.json().await.map_err(|_| NoAccount::Unavailable)?;
        Err(NoAccount::Refused(refusal.error_code))
    }
}

impl From<Answer> for BankAccount {
    fn from(answer: Answer) -> Self {
        let Answer { account, numbers } = answer;
        let Ach {
            account: number,
            routing,
        } = numbers.ach;
        Self {
            name: account.name,
            official_name: account.official_name,
            mask: account.mask,
            kind: account.kind,
            subtype: account.subtype,
            available: account.balances.available,
            current: account.balances.current,
            numbers_sha256: sha256(&format!("{routing}/{number}")),
        }
    }
}

/// Whether this is plain HTTP to the machine itself.
fn is_here(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    loopback && url.scheme() == "http"
}

/// Plain HTTP only, so no certificate is trusted.
fn http_client() -> Result<reqwest::Client, OpenError> {
    sandbox_kit::client(RootCertStore::empty())
        .map_err(OpenError::Tls)?
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .user_agent("astra-sandbox-simulator")
        .build()
        .map_err(OpenError::HttpClient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaid_is_on_this_machine_or_nowhere() {
        for here in [
            "http://127.0.0.1:3001",
            "http://localhost:1/",
            "http://[::1]:3001",
        ] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "https://sandbox.plaid.com",
            "http://sandbox.plaid.com",
            "https://127.0.0.1:3001",
            "http://127.0.0.1.example.com",
            "127.0.0.1:3001",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
