//! What every API beyond AWS has in common: one way to connect, to wait, to read answers,
//! and to tell whether a call that brought no answer may have had its effect.

mod answer;
mod backoff;
mod client;
mod silence;
mod tls;

pub(crate) use answer::{Unread, read_limited};
pub(crate) use backoff::backoff;
pub use client::ClientError;
pub(crate) use client::{attempt_time, http_client, secret_header};
pub(crate) use silence::Silence;

/// How often a call that may be repeated is made, where what stood in its way passes soon.
pub(crate) const MAX_ATTEMPTS: u32 = 3;
/// The kept credentials, the current ones, and the previous ones.
pub(crate) const MAX_KEYS: u32 = 3;
