//! The removal of an Item: first the intent, then Plaid, then the tokens. Once the intent
//! is recorded, the Item will be gone, whoever crashes and however long Plaid is away.

use std::future::Future;
use std::time::Duration;

use crate::domain::{Cause, Change, Deadline, Item, ItemId, Lifecycle, TIME_TO_WRITE, UserId};
use crate::ports::{
    Alongside, Clock, ExchangeRecords, ItemChanges, ItemRecords, ItemRemoval, StoreError, Vault,
};

use super::{MAX_RACES, open_access_token};

/// The records that a removal needs.
pub trait RemovalStore: ItemRecords + ItemChanges + ExchangeRecords {}
impl<T: ItemRecords + ItemChanges + ExchangeRecords> RemovalStore for T {}

/// Whatever else knows an Item's accounts, and must give them up before Plaid does.
pub trait Elsewhere: Send + Sync {
    /// Takes the Item's accounts off; the Item without those that are off.
    ///
    /// # Errors
    /// Why the removal has to wait.
    fn take_off(
        &self,
        removing: &Item,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Item, String>> + Send;
}

/// Where Astra cannot be asked: Items that are there are left to the reconciler.
#[derive(Debug)]
pub struct NotFromHere;

impl Elsewhere for NotFromHere {
    async fn take_off(&self, removing: &Item, _deadline: Deadline) -> Result<Item, String> {
        if removing.is_at_astra() {
            return Err("its accounts are at Astra".to_owned());
        }
        Ok(removing.clone())
    }
}

/// How far a removal got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// The Item is gone at Plaid, and its tokens are erased here.
    Gone,
    /// The intent is recorded; the reconciler does the rest.
    Later(Box<Item>),
}

/// Why nothing was removed, and nothing will be.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The user has no such Item.
    #[error("the user has no such Item")]
    NotFound,
    /// The Item is still being linked.
    #[error("the Item is still being linked")]
    Linking,
    /// The intent could not be recorded.
    #[error("the table did not do its part")]
    Store(#[from] StoreError),
}

/// When somebody else takes up a removal that did not end.
const RETRY_REMOVAL: Duration = Duration::from_mins(2);

/// The use case over its ports.
pub struct Removal<'a, P, E, S, V, C> {
    /// Plaid.
    pub plaid: &'a P,
    /// Whatever else knows the Item's accounts.
    pub elsewhere: &'a E,
    /// The table.
    pub store: &'a S,
    /// The vault.
    pub vault: &'a V,
    /// The time.
    pub clock: &'a C,
}

impl<P, E, S, V, C> Removal<'_, P, E, S, V, C>
where
    P: ItemRemoval,
    E: Elsewhere,
    S: RemovalStore,
    V: Vault,
    C: Clock,
{
    /// Removes the user's Item. Repeating it does no harm.
    ///
    /// # Errors
    /// See [`RemovalError`]; then the Item is as it was.
    pub async fn run(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
        cause: Cause,
        deadline: Deadline,
    ) -> Result<Removed, RemovalError> {
        for _ in 0..MAX_RACES {
            let item = self.store.item(user_id, item_id).await?;
            let item = item.ok_or(RemovalError::NotFound)?;
            match item.lifecycle {
                Lifecycle::Removed => return Ok(Removed::Gone),
                Lifecycle::Removing => return Ok(self.complete(item, cause, deadline).await),
                Lifecycle::Linking => return Err(RemovalError::Linking),
                Lifecycle::Linked => {}
            }
            match self.begin(&item, cause).await {
                Ok(removing) => return Ok(self.complete(removing, cause, deadline).await),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Records that the Item is to be removed.
    ///
    /// # Errors
    /// `Conflict` when somebody wrote the Item meanwhile.
    pub async fn begin(&self, item: &Item, cause: Cause) -> Result<Item, StoreError> {
        let now = self.clock.now();
        let retry_at = Deadline::after(now, RETRY_REMOVAL).moment();
        let removing = item.removing(retry_at).next_version(now);
        replace(self.store, item, &removing, cause).await?;
        tracing::info!(item_id = %item.item_id, ?cause, "an Item is to be removed");
        Ok(removing)
    }

    /// Removes at Plaid what is to be removed, and erases its tokens.
    pub async fn complete(&self, removing: Item, cause: Cause, deadline: Deadline) -> Removed {
        match self.remove_and_erase(&removing, cause, deadline).await {
            Ok(()) => {
                tracing::info!(item_id = %removing.item_id, "an Item was removed");
                Removed::Gone
            }
            Err(reason) => {
                tracing::warn!(item_id = %removing.item_id, reason, "a removal has to wait");
                Removed::Later(Box::new(removing))
            }
        }
    }

    async fn remove_and_erase(
        &self,
        removing: &Item,
        cause: Cause,
        deadline: Deadline,
    ) -> Result<(), String> {
        let forgotten = self.store.forget_answer(&removing.exchange).await;
        forgotten.map_err(|error| error.to_string())?;
        let removing = &self.elsewhere.take_off(removing, deadline).await?;
        let access_token = open_access_token(self.vault, removing).await;
        let access_token = access_token.map_err(|error| error.to_string())?;
        let deadline = deadline.less(TIME_TO_WRITE);
        let gone = self.plaid.remove_item(&access_token, deadline).await;
        gone.map_err(|failure| failure.to_string())?;
        self.record_removed(removing, cause).await
    }

    /// Somebody else may have done the same meanwhile.
    async fn record_removed(&self, removing: &Item, cause: Cause) -> Result<(), String> {
        let removed = removing.removed().next_version(self.clock.now());
        match replace(self.store, removing, &removed, cause).await {
            Err(StoreError::Conflict) => {}
            written => return written.map_err(|error| error.to_string()),
        }
        let found = self.store.item(&removing.user_id, &removing.item_id).await;
        let found = found.map_err(|error| error.to_string())?;
        let gone = found.is_none_or(|item| item.lifecycle == Lifecycle::Removed);
        gone.then_some(())
            .ok_or_else(|| StoreError::Conflict.to_string())
    }
}

/// Records that Plaid does not know the Item any more.
///
/// # Errors
/// `Conflict` when somebody wrote the Item meanwhile.
pub async fn record_gone<S: RemovalStore, C: Clock>(
    store: &S,
    clock: &C,
    item: &Item,
    cause: Cause,
) -> Result<Item, StoreError> {
    store.forget_answer(&item.exchange).await?;
    let removed = item.removed().next_version(clock.now());
    replace(store, item, &removed, cause).await?;
    tracing::info!(item_id = %item.item_id, "Plaid does not know an Item any more");
    Ok(removed)
}

async fn replace<S: ItemChanges>(
    store: &S,
    before: &Item,
    after: &Item,
    cause: Cause,
) -> Result<(), StoreError> {
    let change = Change::between(Some(before), after, cause, None);
    let alongside = Alongside {
        change: change.as_ref(),
        ..Alongside::default()
    };
    store.replace(after, alongside).await
}
