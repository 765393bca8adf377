//! Our identity at Plaid.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// Plaid's `client_id` and `secret`, sent as headers with every call.
#[derive(Clone)]
pub struct PlaidCredentials {
    client_id: String,
    secret: SecretString,
}

impl PlaidCredentials {
    /// The two values of the Plaid Dashboard.
    pub fn new(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            secret: SecretString::from(secret.into()),
        }
    }

    /// The public half.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret half: for Plaid's request headers only.
    pub fn expose_secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Whether both halves are the same; tells a rotated secret from the old one.
    pub fn same_as(&self, other: &Self) -> bool {
        self.client_id == other.client_id && self.expose_secret() == other.expose_secret()
    }
}

impl fmt::Debug for PlaidCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaidCredentials(redacted)")
    }
}
