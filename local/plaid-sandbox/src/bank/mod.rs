//! The banks of the Sandbox, and what their users own.

pub(crate) mod institutions;
pub(crate) mod login;
pub(crate) mod templates;
