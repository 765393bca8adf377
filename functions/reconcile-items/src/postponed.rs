//! Records that have to wait: why, and how long.

use std::time::Duration;

use jiff::Timestamp;
use shared::domain::{Deadline, FailureClass, RecordKey};
use shared::ports::{Clock, DueRecords, StoreError};

use crate::Deps;
use crate::report::Outcome;

/// When to try again what failed, by what was in the way.
pub(crate) const SOON: Duration = Duration::from_mins(1);
pub(crate) const LATER: Duration = Duration::from_mins(15);
pub(crate) const MUCH_LATER: Duration = Duration::from_hours(1);

/// Why a record has to wait, and how long.
pub(crate) struct Postponed {
    pub(crate) reason: String,
    pub(crate) wait: Duration,
}

impl Postponed {
    pub(crate) fn because(reason: &impl ToString, wait: Duration) -> Self {
        Self {
            reason: reason.to_string(),
            wait,
        }
    }
}

impl From<StoreError> for Postponed {
    fn from(error: StoreError) -> Self {
        let wait = match error {
            StoreError::Corrupt(_) => MUCH_LATER,
            StoreError::Conflict | StoreError::Unavailable(_) => SOON,
        };
        Self::because(&error, wait)
    }
}

/// How long Plaid's troubles last, by their kind.
pub(crate) fn patience(class: FailureClass) -> Duration {
    match class {
        FailureClass::Retry => SOON,
        FailureClass::NotReady => LATER,
        _ => MUCH_LATER,
    }
}

pub(crate) async fn postpone<P, A, S: DueRecords, B, V, C: Clock>(
    deps: &Deps<P, A, S, B, V, C>,
    key: &RecordKey,
    postponed: Postponed,
) -> Outcome {
    tracing::warn!(
        sk = key.sk,
        reason = postponed.reason,
        "a record has to wait"
    );
    let until = Deadline::after(deps.clock.now(), postponed.wait).moment();
    put_off(deps, key, until).await;
    Outcome::Failed
}

pub(crate) async fn put_off<P, A, S: DueRecords, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    key: &RecordKey,
    until: Timestamp,
) {
    if let Err(error) = deps.store.postpone(key, until).await {
        tracing::warn!(sk = key.sk, error = %error, "a record stays due");
    }
}
