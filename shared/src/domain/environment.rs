//! Plaid's two environments. Development ended in 2024.

use std::fmt;
use std::str::FromStr;

/// Where Plaid's keys, tokens and webhooks belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaidEnvironment {
    /// `https://sandbox.plaid.com`: test institutions, free of charge.
    Sandbox,
    /// `https://production.plaid.com`: real banks.
    Production,
}

/// A name that is none of Plaid's environments.
#[derive(Debug, thiserror::Error)]
#[error("must be sandbox or production")]
pub struct UnknownEnvironment;

impl PlaidEnvironment {
    /// The name inside token prefixes and webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// The base URL of Plaid's API.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://sandbox.plaid.com",
            Self::Production => "https://production.plaid.com",
        }
    }
}

impl fmt::Display for PlaidEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PlaidEnvironment {
    type Err = UnknownEnvironment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "production" => Ok(Self::Production),
            _ => Err(UnknownEnvironment),
        }
    }
}
