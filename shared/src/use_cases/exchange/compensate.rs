//! An Item exists at Plaid and could not be recorded. It is removed there, unless it turns
//! out to be recorded after all, or to be somebody else's to decide about.

use secrecy::ExposeSecret;

use super::{Answer, ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase, Work};
use crate::domain::{AccessToken, Deadline, Exchange, ExchangeStep, Place, Purpose, Signal, Stray};
use crate::ports::{Clock, ExchangedItem, RETRY_SOON, SealingKey, StoreError, Vault, VaultError};

/// When the fate of a stray is decided; its exchange is settled by then, as a rule.
const LOOK_AT_STRAY: std::time::Duration = std::time::Duration::from_mins(2);

impl<P, S, V, C> ExchangeUseCase<'_, P, S, V, C>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    /// `Ok` when the Item is recorded after all, by this very owner.
    pub(super) async fn compensate(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        made: &ExchangedItem,
        unrecorded: ExchangeError,
    ) -> Result<(), ExchangeError> {
        tracing::error!(item_id = %made.item_id, error = %unrecorded, "an Item could not be recorded");
        let place = Place::unrecorded_access_token(&work.key);
        let Ok(sealed) = work.keys.access.seal(made.access_token.expose(), &place) else {
            self.remove_blindly(work, mine, made).await;
            return Err(unrecorded);
        };
        let mine = &Exchange {
            access_token: Some(sealed),
            ..mine.clone()
        };
        match self.store.advance(mine, ExchangeStep::Compensating).await {
            Ok(()) => {}
            // Our own write had arrived after all, or somebody else took over.
            Err(StoreError::Conflict) => return self.whose_is_it(work, mine, made).await,
            Err(error) => {
                self.remove_blindly(work, mine, made).await;
                return Err(error.into());
            }
        }
        let mine = &Exchange {
            step: ExchangeStep::Compensating,
            ..mine.clone()
        };
        self.remove_unrecorded(work, mine, &made.access_token)
            .await?;
        Err(ExchangeError::Removed)
    }

    async fn whose_is_it(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        made: &ExchangedItem,
    ) -> Result<(), ExchangeError> {
        let found = self.store.exchange(&work.key).await;
        if let Ok(Some(found)) = &found {
            let mine_after_all = found.owner == mine.owner && found.step == ExchangeStep::Exchanged;
            if mine_after_all {
                return Ok(());
            }
        }
        self.leave_stray(work, made).await;
        Err(ExchangeError::InProgress {
            retry_after: RETRY_SOON,
        })
    }

    /// Whoever outran the lease never removes: it may be the very Item that the new owner
    /// has recorded. The reconciler decides when the exchange has ended.
    async fn leave_stray(&self, work: &Work<V::Key>, made: &ExchangedItem) {
        let Some(stray) = self.stray(work, made) else {
            return;
        };
        match self.store.keep_stray(&stray).await {
            Ok(()) => tracing::warn!(item_id = %made.item_id, "left a stray for the reconciler"),
            Err(error) => {
                tracing::warn!(error = %error, "a stray could not be kept");
                report_envelope(&stray);
            }
        }
    }

    fn stray(&self, work: &Work<V::Key>, made: &ExchangedItem) -> Option<Stray> {
        let place = Place::stray_access_token(&work.key, &made.item_id);
        let sealed = work.keys.access.seal(made.access_token.expose(), &place);
        if sealed.is_err() {
            tracing::error!(
                signal = Signal::ExchangeLost.as_str(),
                item_id = %made.item_id,
                "a stray could not be sealed"
            );
        }
        Some(Stray {
            key: work.key.clone(),
            item_id: made.item_id.clone(),
            access_token: sealed.ok()?,
            due_at: Deadline::after(self.clock.now(), LOOK_AT_STRAY).moment(),
        })
    }

    /// The table is gone. Removing what it may have recorded is safe: whoever resumes finds
    /// an Item that Plaid does not know, and says so. Leaving what it has not is not.
    async fn remove_blindly(&self, work: &Work<V::Key>, mine: &Exchange, made: &ExchangedItem) {
        if self.clock.now() >= mine.lease_until {
            return self.leave_stray(work, made).await;
        }
        match self
            .plaid
            .remove_item(&made.access_token, work.deadline)
            .await
        {
            Ok(()) => tracing::warn!(item_id = %made.item_id, "removed an unrecorded Item"),
            Err(failure) => {
                tracing::warn!(failure = %failure, "an unrecorded Item could not be removed");
                self.leave_stray(work, made).await;
            }
        }
    }

    /// Goes on with a removal that an earlier owner began.
    pub(super) async fn finish_compensation(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
    ) -> Result<Answer, ExchangeError> {
        let sealed = mine.access_token.as_ref();
        let sealed = sealed.ok_or(VaultError::DoesNotOpen)?;
        let place = Place::unrecorded_access_token(&work.key);
        let opened = self.vault.open(sealed, Purpose::Access, &place).await?;
        let access_token = AccessToken::new(opened.expose_secret());
        self.remove_unrecorded(work, mine, &access_token).await?;
        Err(ExchangeError::Removed)
    }

    async fn remove_unrecorded(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        access_token: &AccessToken,
    ) -> Result<(), ExchangeError> {
        self.plaid.remove_item(access_token, work.deadline).await?;
        self.store.advance(mine, ExchangeStep::Removed).await?;
        Ok(())
    }
}

/// The last resort: ciphertext only, in a log line with an alarm, for an operator to hand
/// to `reconcile-items`.
fn report_envelope(stray: &Stray) {
    tracing::error!(
        signal = Signal::ItemOrphaned.as_str(),
        exchange = stray.key.as_str(),
        item_id = %stray.item_id,
        sealed = hex::encode(stray.access_token.as_bytes()),
        "an Item is neither recorded nor removed: hand this envelope to reconcile-items"
    );
}
