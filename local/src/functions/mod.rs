//! Functions as Lambda runs them: JSON in, JSON out, with a deadline.
//!
//! [`Function`] has two implementations: the handlers linked into this program
//! ([`linked`]) and those behind a Lambda Invoke API ([`remote`]).

pub(crate) mod deploy;
pub mod linked;
pub mod remote;
mod runner;

use std::time::Duration;

use lambda_http::{BoxFuture, Context};
use serde_json::Value;

pub use deploy::DeployError;
pub use runner::{Deployed, Runner};

/// Something that answers invocations.
pub trait Function: Send + Sync + 'static {
    /// Answers one invocation.
    ///
    /// An implementation MUST return what the function returned, untouched, and an
    /// error only where Lambda reports a function error or cannot be reached. It need
    /// not watch the deadline: the future is dropped when the time is over.
    fn invoke(
        &self,
        payload: Value,
        context: Context,
    ) -> BoxFuture<'_, Result<Value, FunctionError>>;
}

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// No function has this name.
    #[error("there is no function `{0}`")]
    Unknown(String),
    /// The event or the result is not what the function or Lambda takes.
    #[error("the event or the result of the function cannot be converted")]
    Conversion(#[source] serde_json::Error),
    /// The function panicked.
    #[error("the function panicked")]
    Panicked,
    /// The function answered with an error.
    #[error("the function failed: {0}")]
    Failed(String),
    /// The function did not finish within its timeout.
    #[error("the function was stopped after {} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The Lambda Invoke API does not answer.
    #[error("the Lambda Invoke API cannot be reached; is `cargo lambda watch` running?")]
    Unreachable(#[source] reqwest::Error),
}
