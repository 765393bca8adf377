//! Our identity at an API.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// An API's `client_id` and `secret`: Plaid has them with every call, Astra for tokens.
#[derive(Clone)]
pub struct ApiCredentials {
    client_id: String,
    secret: SecretString,
}

impl ApiCredentials {
    /// The two values of the API's dashboard.
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

    /// The secret half: for request headers only.
    pub fn expose_secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Whether both halves are the same; tells a rotated secret from the old one.
    pub fn same_as(&self, other: &Self) -> bool {
        self.client_id == other.client_id && self.expose_secret() == other.expose_secret()
    }
}

impl fmt::Debug for ApiCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiCredentials(redacted)")
    }
}
