//! What a write that did not happen means.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::rows::Row;
use crate::aws::describe;
use crate::ports::StoreError;

/// DynamoDB refuses a write that meets a transaction; that passes quickly.
const MAX_MEETINGS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(25);

/// Why a write did not happen.
#[derive(Debug)]
pub(super) enum Refused {
    /// Its condition did not hold; the record as it is, where there is one and it is told.
    Condition(Option<Row>),
    /// It met a transaction under way.
    Busy(StoreError),
    /// Anything else.
    Other(StoreError),
}

impl Refused {
    pub(super) fn busy<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        Self::Busy(unavailable(error))
    }

    pub(super) fn other<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        Self::Other(unavailable(error))
    }
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Condition(_) => Self::Conflict,
            Refused::Busy(error) | Refused::Other(error) => error,
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

/// Tries again what met a transaction under way, and nothing else.
pub(super) async fn patiently<F>(mut attempt: impl FnMut() -> F) -> Result<(), Refused>
where
    F: Future<Output = Result<(), Refused>>,
{
    let mut meetings = 0;
    loop {
        match attempt().await {
            Err(Refused::Busy(_)) if meetings < MAX_MEETINGS => meetings += 1,
            outcome => return outcome,
        }
        tokio::time::sleep(FIRST_WAIT.saturating_mul(meetings)).await;
    }
}

/// A refused condition is not a failure: where it is fine that somebody was there first.
pub(super) fn tolerating(outcome: Result<(), Refused>) -> Result<(), StoreError> {
    match outcome {
        Err(Refused::Condition(_)) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Anything but a refused condition.
pub(super) fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    StoreError::Unavailable(describe(error))
}
