//! Claiming an exchange, and joining in where somebody was before.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Answer, ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase, Keys, LEASE_MARGIN, Work,
    overtaken,
};
use crate::domain::{
    Deadline, Exchange, ExchangeStep, Place, PlaidFailure, Purpose, Signal, TIME_TO_WRITE,
};
use crate::ports::{Claim, Clock, RETRY_SOON, SealingKey, StoreError, Vault};

/// Whoever finds an exchange in progress asks again after this at the latest.
const ASK_AGAIN_WITHIN: Duration = Duration::from_secs(15);

/// Whether Plaid may have seen this public token before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    AfterCrash,
}

impl<P, S, V, C> ExchangeUseCase<'_, P, S, V, C>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    pub(super) async fn keys(&self) -> Result<Keys<V::Key>, ExchangeError> {
        let (link, access, processor, answer) = tokio::try_join!(
            self.vault.data_key(Purpose::Link),
            self.vault.data_key(Purpose::Access),
            self.vault.data_key(Purpose::Processor),
            self.vault.data_key(Purpose::Answer),
        )?;
        Ok(Keys {
            link,
            access,
            processor,
            answer,
        })
    }

    pub(super) async fn begin(&self, work: &Work<V::Key>) -> Result<Answer, ExchangeError> {
        let mine = self.fresh_claim(work)?;
        match self.store.claim(&mine).await? {
            Claim::Won => self.start(work, &mine).await,
            Claim::Held(held) => self.join_in(work, *held).await,
        }
    }

    /// Nothing has happened at Plaid yet: the last moment to refuse without a trace.
    async fn start(&self, work: &Work<V::Key>, mine: &Exchange) -> Result<Answer, ExchangeError> {
        let Err(refusal) = self.may_link(work) else {
            return self.exchange(work, mine, Attempt::First).await;
        };
        self.store.release(mine).await?;
        Err(refusal)
    }

    fn fresh_claim(&self, work: &Work<V::Key>) -> Result<Exchange, ExchangeError> {
        let now = self.clock.now();
        let place = Place::public_token(&work.key);
        let public_token = work
            .keys
            .link
            .seal(work.request.public_token.expose(), &place)?;
        Ok(Exchange {
            key: work.key.clone(),
            user_id: work.request.user_id.clone(),
            owner: work.owner.clone(),
            lease_until: lease_until(work.deadline),
            step: ExchangeStep::Claimed,
            attempt: 1,
            public_token: Some(public_token),
            account_id: work.request.account_id.clone(),
            allow_duplicate: work.request.allow_duplicate,
            duplicate_of: None,
            item_id: None,
            access_token: None,
            answer: None,
            answer_until: None,
            created_at: now,
        })
    }

    async fn join_in(&self, work: &Work<V::Key>, held: Exchange) -> Result<Answer, ExchangeError> {
        if held.user_id != work.request.user_id {
            return Err(ExchangeError::SomebodyElses);
        }
        match held.step {
            ExchangeStep::Finished => self.repeat(work, &held).await,
            ExchangeStep::Refused => Err(ExchangeError::Refused(None)),
            ExchangeStep::Lost => Err(ExchangeError::Lost),
            ExchangeStep::Removed => Err(self.why_removed(work, &held).await),
            ExchangeStep::Claimed | ExchangeStep::Exchanged | ExchangeStep::Compensating => {
                self.take_over(work, held).await
            }
        }
    }

    async fn take_over(
        &self,
        work: &Work<V::Key>,
        held: Exchange,
    ) -> Result<Answer, ExchangeError> {
        let leased_for = Deadline::at(held.lease_until).remaining(self.clock.now());
        if !leased_for.is_zero() {
            return Err(ExchangeError::InProgress {
                retry_after: retry_after(leased_for),
            });
        }
        let mine = Exchange {
            owner: work.owner.clone(),
            lease_until: lease_until(work.deadline),
            attempt: held.attempt.saturating_add(1),
            ..held.clone()
        };
        match self.store.take_over(&held, &mine).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => {
                return Err(ExchangeError::InProgress {
                    retry_after: RETRY_SOON,
                });
            }
            Err(error) => return Err(error.into()),
        }
        tracing::info!(attempt = mine.attempt, step = ?mine.step, "took over an exchange");
        match mine.step {
            ExchangeStep::Exchanged => self.resume(work, &mine).await,
            ExchangeStep::Compensating => self.finish_compensation(work, &mine).await,
            _ => self.exchange(work, &mine, Attempt::AfterCrash).await,
        }
    }

    async fn exchange(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        attempt: Attempt,
    ) -> Result<Answer, ExchangeError> {
        let deadline = work.deadline.less(TIME_TO_WRITE);
        match self
            .plaid
            .exchange(&work.request.public_token, deadline)
            .await
        {
            Ok(made) => self.settle_new(work, mine, made).await,
            Err(failure) => Err(self.give_up(mine, failure, attempt).await),
        }
    }

    /// Leaves the record so that it says no more and no less than what is known.
    async fn give_up(
        &self,
        mine: &Exchange,
        failure: PlaidFailure,
        attempt: Attempt,
    ) -> ExchangeError {
        let maybe_made = attempt == Attempt::AfterCrash || failure.maybe_applied();
        let token_refused = failure
            .plaid_error()
            .is_some_and(|error| error.is("INVALID_PUBLIC_TOKEN"));
        let (written, error) = match (token_refused, maybe_made) {
            (true, true) => {
                tracing::error!(
                    signal = Signal::ExchangeLost.as_str(),
                    exchange = mine.key.as_str(),
                    "an exchange was answered by Plaid and the answer was lost"
                );
                (
                    self.store.advance(mine, ExchangeStep::Lost).await,
                    ExchangeError::Lost,
                )
            }
            (true, false) => {
                let error = failure.plaid_error().cloned().map(Box::new);
                let written = self.store.advance(mine, ExchangeStep::Refused).await;
                (written, ExchangeError::Refused(error))
            }
            (false, true) => (
                self.store.yield_lease(mine, self.clock.now()).await,
                failure.into(),
            ),
            (false, false) => (self.store.release(mine).await, failure.into()),
        };
        match written {
            Ok(()) => error,
            // Whatever Plaid told us is about somebody else's exchange by now.
            Err(StoreError::Conflict) => overtaken(StoreError::Conflict),
            Err(unwritten) if self.clock.now() >= mine.lease_until => unwritten.into(),
            Err(unwritten) => {
                tracing::warn!(error = %unwritten, "the lease of a failed exchange runs on");
                error
            }
        }
    }
}

fn lease_until(deadline: Deadline) -> Timestamp {
    Deadline::after(deadline.moment(), LEASE_MARGIN).moment()
}

/// Whole seconds, rounded up, because that is what Retry-After can say. A lease lasts as long as
/// its owner may live, which is far longer than most work takes.
fn retry_after(leased_for: Duration) -> Duration {
    let rounded = Duration::from_secs(leased_for.as_secs().saturating_add(1));
    rounded.min(ASK_AGAIN_WITHIN)
}
