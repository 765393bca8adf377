//! Ports that fail as the real ones do: a process dies between two instructions, an answer
//! is lost on its way, time runs out, a sandbox freezes and thaws after its lease.
//!
//! [`Faulty`] wraps any port and asks a [`Plan`] at each call. Nothing here waits for a
//! clock or needs a runtime: futures are polled by whoever runs the test, who tells the
//! plan whom it polls ([`Plan::enter`]).

mod astra;
mod bus;
mod plaid;
mod plan;
mod store;
mod vault;

use std::future::{Future, pending};
use std::sync::Arc;

use crate::domain::{Deadline, PlaidFailure};
use crate::ports::{PublishError, StoreError, VaultError};

use plan::{End, Ticket, yield_now};
pub use plan::{Handed, Plan, Standing};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call has its effect.
    CrashBefore,
    /// The process dies after the call had its effect.
    CrashAfter,
    /// The call has its effect, and nobody is told.
    LoseAnswer,
    /// The call has no effect, and nobody can tell that from a lost answer.
    LoseRequest,
    /// The call is refused for now.
    Throttle,
    /// From now on nothing of this service answers this process.
    Away,
    /// The call takes all the time that the process has.
    OutOfTime,
    /// The process freezes before the call's effect, and thaws when it is told to.
    Stall,
    /// The answer is lost on the wire, and the adapter sends the same call again.
    Resend,
    /// An index answers as it was when it was last asked.
    Lag,
}

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    Table,
    /// Plaid.
    Plaid,
    /// Astra.
    Astra,
    /// KMS.
    Vault,
    /// EventBridge.
    Bus,
}

/// What a call may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Read,
    /// Nothing, and it is told from an index that lags behind.
    Index,
    /// Something.
    Write,
    /// Something, under a name by which the service knows a call that is sent again.
    Named,
    /// Something, and the adapter never sends it twice.
    Once,
}

impl Kind {
    /// Whether it may change anything.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Named | Self::Once)
    }
}

/// One call of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Who called.
    pub actor: usize,
    /// Who was called.
    pub service: Service,
    /// The method.
    pub name: &'static str,
    /// What it may change.
    pub kind: Kind,
    /// What went wrong.
    pub fault: Option<Fault>,
}

impl Call {
    /// Everything that can go wrong with this call and differs from what can go wrong with
    /// another one: a process that dies, or whose time is up, before it reads might as well
    /// have done so after the effect before.
    pub fn faults(&self) -> &'static [Fault] {
        use Fault::{
            Away, CrashAfter, CrashBefore, Lag, LoseAnswer, LoseRequest, OutOfTime, Resend, Stall,
            Throttle,
        };
        match (self.service, self.kind) {
            (Service::Vault, _) => &[Throttle],
            (Service::Bus, _) => &[CrashAfter, LoseAnswer, Throttle, Stall],
            (Service::Table, Kind::Index) => &[Throttle, Lag],
            (Service::Table, Kind::Read) => &[Throttle, Stall],
            (Service::Table, Kind::Write) => &[
                CrashBefore,
                CrashAfter,
                LoseAnswer,
                Throttle,
                Away,
                OutOfTime,
                Stall,
                Resend,
            ],
            (Service::Table, Kind::Named | Kind::Once) => &[
                CrashBefore,
                CrashAfter,
                LoseAnswer,
                Throttle,
                Away,
                OutOfTime,
                Stall,
            ],
            (Service::Plaid | Service::Astra, Kind::Read | Kind::Index) => {
                &[Throttle, OutOfTime, Stall]
            }
            (Service::Plaid | Service::Astra, Kind::Write | Kind::Named) => &[
                CrashBefore,
                CrashAfter,
                LoseAnswer,
                LoseRequest,
                Throttle,
                Away,
                OutOfTime,
                Stall,
                Resend,
            ],
            (Service::Plaid | Service::Astra, Kind::Once) => &[
                CrashBefore,
                CrashAfter,
                LoseAnswer,
                LoseRequest,
                Throttle,
                Away,
                OutOfTime,
                Stall,
            ],
        }
    }
}

/// A call had its effect just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// The call.
    pub call: Call,
    /// How many calls of this actor to the table, up to now, in a row got no answer.
    pub silences: u32,
    /// Whether it did what was asked for.
    pub succeeded: bool,
}

/// What becomes of calls, as the test decides that runs them.
pub trait Fate: Send {
    /// How often others may go on before the call has its effect.
    fn pace(&mut self, call: &Call) -> u32;

    /// What goes wrong with the call of this number.
    fn fault(&mut self, number: usize, call: &Call) -> Option<Fault>;

    /// A call had its effect.
    fn effect(&mut self, effect: &Effect);
}

/// A port whose calls go as planned.
pub struct Faulty<T> {
    inner: Arc<T>,
    plan: Arc<Plan>,
}

impl<T> Clone for Faulty<T> {
    fn clone(&self) -> Self {
        Self::new(&self.inner, &self.plan)
    }
}

impl<T> Faulty<T> {
    /// Wraps a port.
    pub fn new(inner: &Arc<T>, plan: &Arc<Plan>) -> Self {
        Self {
            inner: Arc::clone(inner),
            plan: Arc::clone(plan),
        }
    }

    /// The port without any fault.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    async fn call<R, E: Failure, F: Future<Output = Result<R, E>>>(
        &self,
        (service, kind, name): (Service, Kind, &'static str),
        deadline: Option<Deadline>,
        effect: impl Fn() -> F,
    ) -> Result<R, E> {
        let ticket = self.plan.begin(service, kind, name);
        for _ in 0..ticket.pace {
            yield_now().await;
        }
        self.plan.gate(&ticket).await;
        let late = deadline.is_some_and(|deadline| self.plan.is_over(deadline));
        let outcome = match E::out_of_time().filter(|_| late) {
            Some(too_late) => Err(too_late),
            None => self.go_wrong(&ticket, effect).await,
        };
        let end = match &outcome {
            Ok(_) => End::Done,
            Err(error) if error.is_silence() => End::Silence,
            Err(_) => End::Refusal,
        };
        self.plan.end(&ticket, end);
        outcome
    }

    async fn go_wrong<R, E: Failure, F: Future<Output = Result<R, E>>>(
        &self,
        ticket: &Ticket,
        effect: impl Fn() -> F,
    ) -> Result<R, E> {
        match ticket.call.fault {
            None | Some(Fault::Lag) => self.effect(ticket, &effect).await,
            Some(Fault::CrashBefore) => {
                self.plan.kill(ticket);
                pending().await
            }
            Some(Fault::CrashAfter) => {
                drop(self.effect(ticket, &effect).await);
                self.plan.kill(ticket);
                pending().await
            }
            Some(Fault::LoseAnswer) => {
                drop(self.effect(ticket, &effect).await);
                Err(E::lost())
            }
            Some(Fault::LoseRequest) => Err(E::lost()),
            Some(Fault::Throttle | Fault::Away) => Err(E::throttled()),
            Some(Fault::OutOfTime) => {
                self.plan.use_up_time(ticket);
                match E::out_of_time() {
                    Some(too_late) => Err(too_late),
                    None => self.effect(ticket, &effect).await,
                }
            }
            Some(Fault::Stall) => {
                self.plan.stall(ticket);
                self.plan.gate(ticket).await;
                self.effect(ticket, &effect).await
            }
            Some(Fault::Resend) => {
                drop(self.effect(ticket, &effect).await);
                self.effect(ticket, &effect)
                    .await
                    .map_err(E::after_lost_answer)
            }
        }
    }

    async fn effect<R, E, F: Future<Output = Result<R, E>>>(
        &self,
        ticket: &Ticket,
        effect: &impl Fn() -> F,
    ) -> Result<R, E> {
        let outcome = effect().await;
        self.plan.had_effect(ticket, outcome.is_ok());
        outcome
    }
}

/// How the errors of a port tell what went wrong.
trait Failure {
    /// No answer came, whatever the call did.
    fn lost() -> Self;

    /// The service refused for now.
    fn throttled() -> Self;

    /// What the adapter says instead of beginning too late; `None` where it begins.
    fn out_of_time() -> Option<Self>
    where
        Self: Sized;

    /// The same failure after an attempt that got no answer.
    #[must_use]
    fn after_lost_answer(self) -> Self;

    /// Whether it leaves open what happened.
    fn is_silence(&self) -> bool;
}

/// Services that say no more than that they did not answer.
macro_rules! silent {
    ($($error:ident = $($silence:ident)::+;)+) => {$(
        impl Failure for $error {
            fn lost() -> Self {
                $($silence)::+("the test lost the answer".to_owned())
            }

            fn throttled() -> Self {
                $($silence)::+("the test throttles".to_owned())
            }

            fn out_of_time() -> Option<Self> {
                None
            }

            fn after_lost_answer(self) -> Self {
                self
            }

            fn is_silence(&self) -> bool {
                matches!(self, $($silence)::+(_))
            }
        }
    )+};
}

silent! {
    StoreError = StoreError::Unavailable;
    VaultError = VaultError::Unavailable;
    PublishError = PublishError;
}

impl Failure for PlaidFailure {
    fn lost() -> Self {
        Self::NoAnswer {
            reason: "the test lost the answer",
            maybe_applied: true,
        }
    }

    fn throttled() -> Self {
        plaid::rate_limit()
    }

    fn out_of_time() -> Option<Self> {
        Some(Self::NoAnswer {
            reason: "the time is up",
            maybe_applied: false,
        })
    }

    fn after_lost_answer(self) -> Self {
        match self {
            Self::Refused { error, .. } => Self::Refused {
                error,
                after_lost_answer: true,
            },
            Self::NoAnswer { reason, .. } => Self::NoAnswer {
                reason,
                maybe_applied: true,
            },
            other => other,
        }
    }

    fn is_silence(&self) -> bool {
        matches!(self, Self::NoAnswer { .. })
    }
}
