//! A session on Plaid's own page: what it brought is read at Plaid and exchanged like
//! anything that a front end hands over.

use secrecy::ExposeSecret;

use super::exchange::{ExchangeError, ExchangePlaid, ExchangeRequest, ExchangeSettings};
use super::exchange::{ExchangeStore, ExchangeUseCase};
use crate::domain::{
    Deadline, ItemId, LinkId, LinkResults, LinkSession, LinkToken, Place, PlaidFailure, Purpose,
    TIME_TO_WRITE, UserId,
};
use crate::ports::{
    AddedItem, Clock, LinkOutcome, LinkOutcomes, LinkOwners, LinkReports, StoreError, Vault,
    VaultError,
};

/// The calls of Plaid that a hosted session needs.
pub trait HostedPlaid: ExchangePlaid + LinkOutcomes {}
impl<T: ExchangePlaid + LinkOutcomes> HostedPlaid for T {}

/// The records that a hosted session needs.
pub trait HostedStore: ExchangeStore + LinkOwners + LinkReports {}
impl<T: ExchangeStore + LinkOwners + LinkReports> HostedStore for T {}

/// Why the session must be looked at again.
#[derive(Debug, thiserror::Error)]
pub enum HostedError {
    /// Plaid did not do its part.
    #[error("Plaid did not do its part")]
    Plaid(#[from] PlaidFailure),
    /// An exchange has not ended yet.
    #[error("an exchange of the session has not ended yet")]
    Unfinished,
    /// The table did not do its part.
    #[error("the table did not do its part")]
    Store(#[from] StoreError),
    /// The vault did not do its part.
    #[error("the vault did not do its part")]
    Vault(#[from] VaultError),
}

/// The use case over its ports.
pub struct HostedUseCase<'a, P, S, V, C> {
    /// Plaid.
    pub plaid: &'a P,
    /// The table.
    pub store: &'a S,
    /// The vault.
    pub vault: &'a V,
    /// The time.
    pub clock: &'a C,
    /// How exchanges are made and answered.
    pub settings: &'a ExchangeSettings,
}

/// What became of one bank that the user linked.
enum Linked {
    Item(ItemId),
    /// The code of our problem.
    Problem(&'static str),
}

impl<P, S, V, C> HostedUseCase<'_, P, S, V, C>
where
    P: HostedPlaid,
    S: HostedStore,
    V: Vault,
    C: Clock,
{
    /// Reads what became of the session, links what it brought, and records both. Repeating
    /// it does no harm: a public token is exchanged once. Answers the Item that the session
    /// was to update, if it was one of update mode.
    ///
    /// # Errors
    /// See [`HostedError`]; what is linked by then is linked.
    pub async fn run(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        deadline: Deadline,
    ) -> Result<Option<ItemId>, HostedError> {
        let Some(session) = self.store.session(user_id, link_id).await? else {
            return Ok(None);
        };
        let outcome = self.outcome(&session, deadline).await?;
        let mut results = LinkResults {
            finished: outcome.finished || self.clock.now() >= session.expires_at,
            ..LinkResults::default()
        };
        for added in outcome.added {
            match self.link(user_id, added, deadline).await? {
                Linked::Item(item_id) => results.item_ids.push(item_id),
                Linked::Problem(code) => results.problem = Some(code.to_owned()),
            }
        }
        match self.store.record_results(user_id, link_id, &results).await {
            Ok(()) | Err(StoreError::Conflict) => Ok(session.item_id),
            Err(error) => Err(error.into()),
        }
    }

    async fn outcome(
        &self,
        session: &LinkSession,
        deadline: Deadline,
    ) -> Result<LinkOutcome, HostedError> {
        let place = Place::link_token(&session.user_id, &session.link_id);
        let sealed = &session.link_token;
        let opened = self.vault.open(sealed, Purpose::Link, &place).await?;
        let link_token = LinkToken::new(opened.expose_secret());
        let deadline = deadline.less(TIME_TO_WRITE);
        Ok(self.plaid.link_outcome(&link_token, deadline).await?)
    }

    async fn link(
        &self,
        user_id: &UserId,
        added: AddedItem,
        deadline: Deadline,
    ) -> Result<Linked, HostedError> {
        let use_case = ExchangeUseCase {
            plaid: self.plaid,
            store: self.store,
            vault: self.vault,
            clock: self.clock,
            settings: self.settings,
        };
        let request = ExchangeRequest {
            user_id: user_id.clone(),
            public_token: added.public_token,
            account_id: None,
            hints: added.hints,
            allow_duplicate: false,
        };
        match Box::pin(use_case.run(request, deadline)).await {
            Ok(answer) => Ok(answer
                .item_id
                .map_or(Linked::Problem("item_removed"), Linked::Item)),
            Err(ExchangeError::Account { item_id, .. }) => Ok(Linked::Item(item_id)),
            Err(ExchangeError::Duplicate(_)) => Ok(Linked::Problem("duplicate_item")),
            Err(ExchangeError::TooManyItems { .. }) => Ok(Linked::Problem("too_many_items")),
            Err(ExchangeError::Refused(_)) => Ok(Linked::Problem("public_token_refused")),
            Err(ExchangeError::Lost) => Ok(Linked::Problem("exchange_lost")),
            Err(ExchangeError::Removed) => Ok(Linked::Problem("item_removed")),
            Err(ExchangeError::SomebodyElses) => Ok(Linked::Problem("not_found")),
            Err(ExchangeError::InProgress { .. } | ExchangeError::OutOfTime) => {
                Err(HostedError::Unfinished)
            }
            Err(ExchangeError::Plaid(failure)) => Err(failure.into()),
            Err(ExchangeError::Store(error)) => Err(error.into()),
            Err(ExchangeError::Vault(error)) => Err(error.into()),
        }
    }
}
