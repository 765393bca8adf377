//! Runs functions as Lambda does: each invocation on its own, until its timeout.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_http::Context;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::Instrument;
use uuid::Uuid;

use super::{Function, FunctionError};
use crate::template::{ACCOUNT_ID, REGION};

/// A function with its timeout.
#[derive(Clone)]
pub struct Deployed {
    /// How long an invocation may take.
    pub timeout: Duration,
    /// What runs.
    pub function: Arc<dyn Function>,
}

/// All functions of a stack by their names, and what is running.
#[derive(Default)]
pub struct Runner {
    functions: BTreeMap<String, Deployed>,
    running: Mutex<JoinSet<()>>,
}

impl Runner {
    /// A runner for these functions.
    pub fn new(functions: impl IntoIterator<Item = (String, Deployed)>) -> Self {
        Self {
            functions: functions.into_iter().collect(),
            running: Mutex::default(),
        }
    }

    /// Invokes a function and waits for its result.
    ///
    /// The invocation is a task of its own: a panic in it is an error here and nothing
    /// more, and it goes on when the caller stops waiting, as in AWS, where a client
    /// that hangs up does not stop a function.
    ///
    /// # Errors
    ///
    /// The function failed, panicked, was too slow, or does not exist.
    pub async fn invoke(&self, name: &str, payload: Value) -> Result<Value, FunctionError> {
        let deployed = self
            .functions
            .get(name)
            .ok_or_else(|| FunctionError::Unknown(name.to_owned()))?;
        let Deployed { timeout, function } = deployed.clone();
        let context = context(name, timeout);
        let span = tracing::info_span!("function", name, request_id = context.request_id);
        let (answer, result) = oneshot::channel();
        let invocation = async move {
            let outcome = tokio::time::timeout(timeout, function.invoke(payload, context)).await;
            let outcome = outcome.unwrap_or(Err(FunctionError::TimedOut(timeout)));
            // Nobody waits any more when the client has gone; the work is done all the same.
            drop(answer.send(outcome));
        };
        {
            let mut running = self.running();
            while running.try_join_next().is_some() {}
            running.spawn(invocation.instrument(span));
        }
        result.await.unwrap_or(Err(FunctionError::Panicked))
    }

    /// Stops everything that is running.
    pub fn abort_all(&self) {
        self.running().abort_all();
    }

    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn context(name: &str, timeout: Duration) -> Context {
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + timeout;
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    context.invoked_function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}");
    context
}

#[cfg(test)]
mod tests {
    use lambda_http::BoxFuture;
    use serde_json::json;

    use super::*;

    struct Fake<F>(F);

    impl<F, R> Function for Fake<F>
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = Value> + Send + 'static,
    {
        fn invoke(
            &self,
            _payload: Value,
            context: Context,
        ) -> BoxFuture<'_, Result<Value, FunctionError>> {
            let answer = (self.0)(context);
            Box::pin(async { Ok(answer.await) })
        }
    }

    fn runner(timeout: Duration, function: impl Function) -> Runner {
        Runner::new([(
            "f".to_owned(),
            Deployed {
                timeout,
                function: Arc::new(function),
            },
        )])
    }

    #[tokio::test]
    async fn the_deadline_is_now_plus_the_timeout() {
        let runner = runner(
            Duration::from_secs(10),
            Fake(|context: Context| async move { json!(context.deadline) }),
        );
        let before = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let deadline = u128::from(
            runner
                .invoke("f", Value::Null)
                .await
                .unwrap()
                .as_u64()
                .unwrap(),
        );
        assert!(
            (10_000..11_000).contains(&(deadline - before)),
            "{deadline} {before}"
        );
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_invocation_works() {
        let runner = runner(
            Duration::from_secs(10),
            Fake(|context: Context| async move {
                assert!(context.request_id.is_empty(), "a bug in a function");
                Value::Null
            }),
        );
        for _ in 0..2 {
            let error = runner.invoke("f", Value::Null).await.unwrap_err();
            assert!(matches!(error, FunctionError::Panicked), "{error}");
        }
    }

    #[tokio::test]
    async fn a_function_is_dropped_at_its_timeout() {
        struct Guard(tokio::sync::mpsc::UnboundedSender<()>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
        let runner = runner(
            Duration::from_millis(20),
            Fake(move |_| {
                let guard = Guard(dropped.clone());
                async move {
                    std::future::pending::<()>().await;
                    drop(guard);
                    Value::Null
                }
            }),
        );
        let error = runner.invoke("f", Value::Null).await.unwrap_err();
        assert!(matches!(error, FunctionError::TimedOut(_)), "{error}");
        assert_eq!(was_dropped.recv().await, Some(()));
    }

    #[tokio::test]
    async fn a_function_goes_on_when_nobody_waits_for_it_any_more() {
        let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
        let (release, _) = tokio::sync::broadcast::channel::<()>(1);
        let (finished, mut has_finished) = tokio::sync::mpsc::unbounded_channel();
        let go = release.clone();
        let runner = Arc::new(runner(
            Duration::from_secs(10),
            Fake(move |_| {
                let (mut go, started, finished) =
                    (go.subscribe(), started.clone(), finished.clone());
                async move {
                    started.send(()).unwrap();
                    go.recv().await.unwrap();
                    finished.send(()).unwrap();
                    Value::Null
                }
            }),
        ));
        let caller = tokio::spawn({
            let runner = Arc::clone(&runner);
            async move { runner.invoke("f", Value::Null).await }
        });
        has_started.recv().await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        assert_eq!(has_finished.recv().await, Some(()));
    }
}
