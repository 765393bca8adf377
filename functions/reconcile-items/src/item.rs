//! Items whose time has come: to be removed, or to be read again.

use std::time::Duration;

use shared::domain::{Cause, Deadline, Item, ItemId, Lifecycle, LinkId, RecordKey, UserId};
use shared::ports::ItemRemoval;
use shared::ports::{Clock, DueRecords, LinkReports, Vault, VaultError};
use shared::use_cases::item_sync::{ItemSync, SyncError, SyncPlaid, SyncStore};
use shared::use_cases::removal::{Removal, Removed};

use crate::Deps;
use crate::due::{LATER, Postponed, SOON, patience, put_off};
use crate::report::Outcome;

/// Longer than a session's record is kept.
const FOR_GOOD: Duration = Duration::from_hours(31 * 24);

/// Goes on with a removal, or reads the Item again.
pub(crate) async fn look_after<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
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

/// A session of update mode whose end nobody told: the user may have closed the tab after
/// the bank's last page.
pub(crate) async fn after_update_mode<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    user_id: &UserId,
    link_id: &LinkId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: SyncPlaid,
    S: SyncStore + LinkReports + DueRecords,
    V: Vault,
    C: Clock,
{
    let session = deps.store.session(user_id, link_id).await?;
    let Some(item_id) = session.and_then(|session| session.item_id) else {
        return Ok(Outcome::Done);
    };
    read_again(deps, user_id, &item_id, Cause::UpdateMode, deadline).await?;
    let session = deps.store.session(user_id, link_id).await?;
    if session.is_some_and(|session| session.refreshed_at.is_none()) {
        // The Item is gone, or was read for many later sessions.
        let key = RecordKey::link_session(user_id, link_id);
        let until = Deadline::after(deps.clock.now(), FOR_GOOD).moment();
        put_off(deps, &key, until).await;
    }
    Ok(Outcome::Done)
}

async fn read_again<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
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
    match Box::pin(sync.run(user_id, item_id, cause, deadline)).await {
        Ok(_) | Err(SyncError::NotFound | SyncError::Removed) => Ok(Outcome::Done),
        Err(SyncError::Linking) => Ok(Outcome::Waits),
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
pub(crate) async fn remove<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
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
