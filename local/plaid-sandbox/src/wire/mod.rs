//! The outside shape of Plaid's API: requests checked, and errors.

pub(crate) mod check;
pub(crate) mod error;
pub(crate) mod fields;
mod known_errors;
pub(crate) mod request;
pub(crate) mod vocabulary;
