//! Answers: given once, repeated to the letter.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{
    Answer, ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase, REPLAY_WINDOW, Work,
    overtaken,
};
use crate::domain::{
    AccountId, Cause, Change, Deadline, Exchange, Item, Lifecycle, Place, ProcessorToken, Purpose,
    Sealed,
};
use crate::ports::{Alongside, Clock, ReplayableAnswer, SealingKey, Vault};
use crate::use_cases::open_access_token;

impl<P, S, V, C> ExchangeUseCase<'_, P, S, V, C>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    /// The answer as the caller gets it, and sealed for replays.
    pub(super) fn answer(
        &self,
        work: &Work<V::Key>,
        item: &Item,
        made: Option<(&AccountId, &ProcessorToken)>,
    ) -> Result<(String, ReplayableAnswer), ExchangeError> {
        let body = (self.settings.render)(item, made);
        let sealed = work.keys.answer.seal(&body, &Place::answer(&work.key))?;
        let until = Deadline::after(self.clock.now(), REPLAY_WINDOW).moment();
        Ok((body, ReplayableAnswer { sealed, until }))
    }

    /// A finished exchange: choose the account now, if only that is left; else repeat
    /// the answer, or, when that is too old, tell how the Item stands.
    pub(super) async fn repeat(
        &self,
        work: &Work<V::Key>,
        finished: &Exchange,
    ) -> Result<Answer, ExchangeError> {
        let replayable = live_answer(finished, self.clock.now());
        if work.request.account_id.is_none()
            && let Some(sealed) = replayable
        {
            return self.replay(work, finished, sealed).await;
        }
        let item_id = finished.item_id.as_ref().ok_or(ExchangeError::Removed)?;
        let item = self.stored_item(work, item_id).await?;
        if item.lifecycle != Lifecycle::Linked {
            return Err(ExchangeError::Removed);
        }
        if work.request.account_id.is_some() && !item.has_ready_account() {
            return self.choose_later(work, item).await;
        }
        match replayable {
            Some(sealed) => self.replay(work, finished, sealed).await,
            None => Ok(Answer {
                body: (self.settings.render)(&item, None),
                replayed: true,
                item_id: Some(item.item_id),
            }),
        }
    }

    async fn replay(
        &self,
        work: &Work<V::Key>,
        finished: &Exchange,
        sealed: &Sealed,
    ) -> Result<Answer, ExchangeError> {
        let opened = self
            .vault
            .open(sealed, Purpose::Answer, &Place::answer(&work.key))
            .await?;
        Ok(Answer {
            body: opened.expose_secret().to_owned(),
            replayed: true,
            item_id: finished.item_id.clone(),
        })
    }

    /// The user chose after the exchange had ended with several candidates.
    async fn choose_later(
        &self,
        work: &Work<V::Key>,
        mut item: Item,
    ) -> Result<Answer, ExchangeError> {
        let before = item.clone();
        let access_token = open_access_token(self.vault, &item).await?;
        let made = self
            .make_token(work, &mut item, &access_token, None)
            .await?;
        let item = item.next_version(self.clock.now());
        let made = made.as_ref().map(|(account_id, token)| (account_id, token));
        let (body, replayable) = self.answer(work, &item, made)?;
        let change = Change::between(Some(&before), &item, Cause::Exchange, None);
        let alongside = Alongside {
            change: change.as_ref(),
            answer: Some(&replayable),
            ..Alongside::default()
        };
        let written = self.store.replace(&item, alongside).await;
        written.map_err(overtaken)?;
        Ok(Answer {
            body,
            replayed: false,
            item_id: Some(item.item_id),
        })
    }
}

fn live_answer(finished: &Exchange, now: Timestamp) -> Option<&Sealed> {
    let live = finished.answer_until.is_some_and(|until| until > now);
    finished.answer.as_ref().filter(|_| live)
}
