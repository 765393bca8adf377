//! Items whose time has come: to be removed, or to be read again.

use shared::domain::{Cause, Deadline, Item, ItemId, Lifecycle, UserId};
use shared::ports::{Clock, ItemRemoval, Vault, VaultError};
use shared::use_cases::item_sync::{ItemSync, Occasion, SyncError, SyncPlaid, SyncStore};
use shared::use_cases::removal::{Removal, Removed};

use crate::Deps;
use crate::postponed::{LATER, Postponed, SOON, patience};
use crate::report::Outcome;

/// Goes on with a removal, or reads the Item again.
pub(crate) async fn look_after<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ItemRemoval + SyncPlaid,
    S: SyncStore,
    V: Vault,
    C: Clock,
{
    match deps.store.item(user_id, item_id).await? {
        Some(item) if item.lifecycle == Lifecycle::Removing => remove(deps, item, deadline).await,
        Some(item) if item.lifecycle == Lifecycle::Linked => {
            read_again(deps, user_id, item_id, Cause::Reconciler, deadline).await
        }
        _ => Ok(Outcome::Done),
    }
}

pub(crate) async fn read_again<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    cause: Cause,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: SyncPlaid,
    S: SyncStore,
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
pub(crate) async fn remove<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    removing: Item,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ItemRemoval,
    S: SyncStore,
    V: Vault,
    C: Clock,
{
    let removal = Removal {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    match removal
        .complete(removing, Cause::Reconciler, deadline)
        .await
    {
        Removed::Gone => Ok(Outcome::Done),
        Removed::Later(_) => Err(Postponed::because(&"its removal did not end", LATER)),
    }
}
