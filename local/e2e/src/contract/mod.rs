//! The contract with Plaid: what our client sends, and what the simulator answers and
//! posts, held against Plaid's own OpenAPI description.
//!
//! A [`Stage`] has a simulator, a [`Recorder`] in front of it for our client and one for
//! everybody else, and a [`Receiver`] of webhooks. The `scenarios` play on it; [`check`]
//! then judges everything that was recorded by the [`Description`].

pub mod check;
mod description;
mod mutations;
mod receiver;
mod recorder;
pub mod scenarios;
mod stage;
mod translate;
mod webhooks;

pub use check::Finding;
pub use description::{Description, DescriptionError, VARIABLE};
pub use mutations::mutations;
pub use receiver::{Receiver, Webhook};
pub use recorder::{Exchange, Recorder, Sender};
pub use stage::{Answer, FixedCredentials, Linked, OurClient, Stage};
pub use translate::TranslateError;
pub use webhooks::{SCHEMAS, schema_name};

/// Why a scenario could not be played.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
