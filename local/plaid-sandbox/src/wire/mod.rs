//! The outside shape of Plaid's API: requests checked, errors, JSON as Plaid prints it.

pub(crate) mod check;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod json;
mod known_errors;
pub(crate) mod request;
pub(crate) mod vocabulary;
