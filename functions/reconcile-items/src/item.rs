//! Items whose time has come: to be removed, or to be read again.

use shared::domain::{Cause, Deadline, Item, ItemId, Lifecycle, UserId};
use shared::ports::{Clock, ItemRemoval, Vault, VaultError};
use shared::use_cases::astra::{AstraApi, AstraStore};
use shared::use_cases::item_sync::{ItemSync, Occasion, SyncError, SyncPlaid, SyncStore};
use shared::use_cases::removal::{Removal, Removed};

use crate::postponed::{LATER, Postponed, SOON, patience};
use crate::report::Outcome;
use crate::{Deps, astra};

/// Goes on with a removal, or reads the Item again.
pub(crate) async fn look_after<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ItemRemoval + SyncPlaid,
    A: AstraApi,
    S: SyncStore + AstraStore,
    V: Vault,
    C: Clock,
{
    match deps.store.item(user_id, item_id).await? {
        Some(item) if item.lifecycle == Lifecycle::Removing => remove(deps, item, deadline).await,
        Some(item) if item.lifecycle == Lifecycle::Linked => {
            let read = read_again(deps, user_id, item_id, Cause::Reconciler, deadline).await;
            // What is left at Astra does not wait for Plaid.
            astra::bring(deps, user_id, item_id, deadline).await?;
            read
        }
        _ => Ok(Outcome::Done),
    }
}

pub(crate) async fn read_again<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    cause: Cause,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: SyncPlaid,
    A: AstraApi,
    S: SyncStore + AstraStore,
    V: Vault,
    C: Clock,
{
    let sync = ItemSync {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        processor: &deps.settings.processor,
    };
    let occasion = Occasion {
        webhook_url: deps.webhook_url.as_deref(),
        ..Occasion::of(cause)
    };
    match Box::pin(sync.run(user_id, item_id, occasion, deadline)).await {
        Ok(_) | Err(SyncError::NotFound | SyncError::Removed) => Ok(Outcome::Done),
        Err(SyncError::Linking) => Ok(Outcome::Waits),
        Err(error @ SyncError::TooOften { .. }) => Err(Postponed::because(&error, SOON)),
        Err(SyncError::Plaid(failure)) => {
            Err(Postponed::because(&failure, patience(failure.class())))
        }
        Err(SyncError::Store(error)) => Err(error.into()),
        Err(SyncError::Vault(error @ VaultError::Unavailable(_))) => {
            Err(Postponed::because(&error, SOON))
        }
        Err(SyncError::Vault(error)) => Err(Postponed::because(&error, LATER)),
    }
}

/// Goes on with a removal.
pub(crate) async fn remove<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    removing: Item,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ItemRemoval,
    A: AstraApi,
    S: SyncStore + AstraStore,
    V: Vault,
    C: Clock,
{
    let removal = Removal {
        plaid: &deps.plaid,
        elsewhere: &astra::first(deps),
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    let removed = removal.complete(removing, Cause::Reconciler, deadline);
    match Box::pin(removed).await {
        Removed::Gone => Ok(Outcome::Done),
        Removed::Later(_) => Err(Postponed::because(&"its removal did not end", LATER)),
    }
}
