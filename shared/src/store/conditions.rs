//! What a refused condition means.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::rows::Row;
use crate::aws::describe;
use crate::ports::StoreError;

/// Why a single write did not happen.
pub(super) enum Refused {
    /// Its condition did not hold; the record as it is, where there is one.
    Condition(Option<Row>),
    /// Anything else.
    Other(StoreError),
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Condition(_) => Self::Conflict,
            Refused::Other(error) => error,
        }
    }
}

/// Anything but a refused condition.
pub(super) fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    StoreError::Unavailable(describe(error))
}
