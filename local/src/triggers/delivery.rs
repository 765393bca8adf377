//! Invocations that nobody waits for: what Lambda does with the events of schedules and
//! rules, retries included.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

use super::TriggerError;
use super::stop::{Stop, Stopped};
use crate::functions::{FunctionError, Runner};
use crate::template::{EventSource, FunctionResource, natural};

/// The defaults of EventBridge and its Scheduler.
const DEFAULT_RETRIES: u64 = 185;
const DEFAULT_MAX_AGE: Duration = Duration::from_hours(24);
/// The first pause, and the longest. AWS waits for minutes.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How long an event is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Policy {
    /// How often when the function fails.
    retries: u64,
    /// How old the event may become then.
    max_age: Duration,
    /// How often when the function is not even reached.
    unreached_retries: u64,
    /// How old the event may become then.
    unreached_max_age: Duration,
}

/// An event on its way to a function.
#[derive(Clone)]
pub(super) struct Delivery {
    /// The trigger's name.
    pub(super) name: String,
    /// The function's package.
    pub(super) function: String,
    pub(super) policy: Policy,
    pub(super) runner: Arc<Runner>,
    pub(super) stop: Stop,
}

impl Policy {
    /// The policy of a function and of one of its events.
    pub(super) fn read(
        function: &FunctionResource,
        event: &EventSource<'_>,
    ) -> Result<Self, TriggerError> {
        let of_target = |name| event.integer(&["RetryPolicy", name]).map(natural);
        let max_age = of_target("MaximumEventAgeInSeconds")?.map(Duration::from_secs);
        Ok(Self {
            retries: function.event_retries,
            max_age: function.event_max_age,
            unreached_retries: of_target("MaximumRetryAttempts")?.unwrap_or(DEFAULT_RETRIES),
            unreached_max_age: max_age.unwrap_or(DEFAULT_MAX_AGE),
        })
    }

    /// Whether an event of this age is tried again. Counts both kinds of failures.
    fn tries_again(&self, error: &FunctionError, failures: &Failures, age: Duration) -> bool {
        match error {
            FunctionError::Unreachable(_) => {
                failures.unreached <= self.unreached_retries && age < self.unreached_max_age
            }
            _ => failures.failed <= self.retries && age < self.max_age,
        }
    }
}

#[derive(Default)]
struct Failures {
    failed: u64,
    unreached: u64,
}

impl Failures {
    fn count(&mut self, error: &FunctionError) {
        match error {
            FunctionError::Unreachable(_) => self.unreached += 1,
            _ => self.failed += 1,
        }
    }

    fn pause(&self) -> Duration {
        let (first, longest) = PAUSES;
        let doubled = u32::try_from(self.failed + self.unreached).unwrap_or(u32::MAX);
        let factor = 1 << doubled.saturating_sub(1).min(16);
        first.saturating_mul(factor).min(longest)
    }
}

impl Delivery {
    /// Delivers an event, or gives it up with a loud line. An error only when the program
    /// stops before either.
    pub(super) async fn deliver(&mut self, event: &Value, since: Timestamp) -> Result<(), Stopped> {
        let mut failures = Failures::default();
        loop {
            self.stop.check()?;
            // Not cut short by a stop: an invocation under way has a moment to finish.
            let Err(error) = self.runner.invoke(&self.function, event.clone()).await else {
                return Ok(());
            };
            failures.count(&error);
            let age = Timestamp::now().duration_since(since);
            let age = age.try_into().unwrap_or_default();
            let (trigger, function) = (&self.name, &self.function);
            if !self.policy.tries_again(&error, &failures, age) {
                tracing::error!(trigger, function, %error, "AN EVENT IS GIVEN UP");
                return Ok(());
            }
            tracing::warn!(trigger, function, %error, "an event is delivered again");
            self.stop.during(sleep(failures.pause())).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            retries: 2,
            max_age: Duration::from_mins(1),
            unreached_retries: 0,
            unreached_max_age: Duration::from_mins(1),
        }
    }

    #[test]
    fn a_failing_function_is_tried_again_as_often_and_as_long_as_it_says() {
        let mut failures = Failures::default();
        let error = FunctionError::Panicked;
        for tried_again in [true, true, false] {
            failures.count(&error);
            assert_eq!(
                policy().tries_again(&error, &failures, Duration::ZERO),
                tried_again
            );
        }
        let mut failures = Failures::default();
        failures.count(&error);
        assert!(!policy().tries_again(&error, &failures, Duration::from_mins(1)));
    }

    #[test]
    fn pauses_grow_to_their_limit() {
        let mut failures = Failures::default();
        failures.count(&FunctionError::Panicked);
        assert_eq!(failures.pause(), Duration::from_secs(1));
        failures.count(&FunctionError::Panicked);
        assert_eq!(failures.pause(), Duration::from_secs(2));
        failures.failed = 100;
        assert_eq!(failures.pause(), PAUSES.1);
    }
}
