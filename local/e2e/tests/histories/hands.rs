//! Invocations: who calls what, and who is frozen in the middle of it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lambda_http::{Body, Response};
use serde_json::Value;
use shared::domain::Deadline;
use shared::ports::Clock;
use shared::test_util::faults::{Plan, Standing};
use shared::test_util::json;

use crate::sandbox::SandboxClock;
use crate::watch::Watch;

/// What somebody is told in the end.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Told {
    pub(crate) fn of(response: &Response<Body>) -> Self {
        Self {
            status: response.status().as_u16(),
            body: json(response),
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

pub(crate) type Work = Pin<Box<dyn Future<Output = Told> + Send>>;

/// An invocation that has not ended.
pub(crate) struct Actor {
    pub(crate) name: usize,
    pub(crate) what: &'static str,
    work: Work,
}

pub(crate) enum Progress {
    Ended(Told),
    Frozen(Actor),
}

/// Everybody's plan, and who watches.
pub(crate) struct Hands {
    pub(crate) plan: Arc<Plan>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) clock: SandboxClock,
}

impl Hands {
    /// Begins an invocation, and lets it go on until it ends, or until it is about to make
    /// the call at which it is to freeze.
    pub(crate) async fn work(
        &self,
        what: &'static str,
        freeze_at: Option<&'static str>,
        work: Work,
    ) -> Progress {
        let deadline = Deadline::after(self.clock.now(), Duration::from_mins(1));
        let name = self.plan.actor(deadline);
        self.watch.begin(name, what);
        if let Some(call) = freeze_at {
            self.watch.freeze(name, call);
        }
        self.go_on(Actor { name, what, work }).await
    }

    /// Lets a frozen invocation go on to its end.
    pub(crate) async fn thaw(&self, actor: Actor) -> Told {
        self.plan.thaw(actor.name);
        match self.go_on(actor).await {
            Progress::Ended(told) => told,
            Progress::Frozen(_) => panic!("nobody freezes twice"),
        }
    }

    /// The invocation dies where it is.
    pub(crate) fn kill(&self, actor: Actor) {
        self.plan.kill_actor(actor.name);
        self.watch.died(actor.name);
        drop(actor);
    }

    async fn go_on(&self, mut actor: Actor) -> Progress {
        let name = actor.name;
        let ended = poll_fn(|context| {
            self.plan.enter(name);
            match actor.work.as_mut().poll(context) {
                Poll::Ready(told) => Poll::Ready(Some(told)),
                Poll::Pending if self.plan.standing(name) == Standing::Stalled => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match ended {
            Some(told) => {
                self.watch.ended(name);
                Progress::Ended(told)
            }
            None => Progress::Frozen(actor),
        }
    }
}
