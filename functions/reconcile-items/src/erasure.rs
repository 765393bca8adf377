//! The erasure of a user: every Item goes at Plaid, then every record here, then the wish
//! itself, which leaves a receipt.

use shared::domain::{Cause, Change, Deadline, Item, UserId};
use shared::ports::{Clock, Erased, Erasures, ItemRemoval, Vault};
use shared::use_cases::astra::{AstraApi, AstraStore};
use shared::use_cases::item_sync::SyncStore;
use shared::use_cases::removal::{Removal, RemovalError, Removed};

use crate::postponed::{Postponed, SOON};
use crate::report::Outcome;
use crate::{Deps, astra};

/// Items are removed, and records erased, this many portions in one run at most.
const PORTIONS: u32 = 20;
const PAGE: u32 = 25;

pub(crate) async fn go_on<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ItemRemoval,
    A: AstraApi,
    S: SyncStore + AstraStore + Erasures,
    V: Vault,
    C: Clock,
{
    remove_items(deps, user_id, deadline).await?;
    for _ in 0..PORTIONS {
        if deps.store.erase(user_id).await? == Erased::Everything {
            let receipt = Change::erased(user_id, deps.clock.now());
            deps.store.confirm_erasure(&receipt).await?;
            tracing::info!("a user was erased");
            return Ok(Outcome::Done);
        }
    }
    Err(Postponed::because(&"there is more to erase", SOON))
}

async fn remove_items<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    deadline: Deadline,
) -> Result<(), Postponed>
where
    P: ItemRemoval,
    A: AstraApi,
    S: SyncStore + AstraStore,
    V: Vault,
    C: Clock,
{
    let mut after = None;
    for _ in 0..PORTIONS {
        let page = deps.store.items(user_id, after.as_ref(), PAGE).await?;
        for item in page.items {
            remove_item(deps, &item, deadline).await?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

async fn remove_item<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    item: &Item,
    deadline: Deadline,
) -> Result<(), Postponed>
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
    let cause = Cause::Erasure;
    let removed = removal.run(&item.user_id, &item.item_id, cause, deadline);
    match Box::pin(removed).await {
        Ok(Removed::Gone) | Err(RemovalError::NotFound) => Ok(()),
        Ok(Removed::Later(_)) => Err(Postponed::because(&"an Item's removal did not end", SOON)),
        Err(RemovalError::Linking) => Err(Postponed::because(&"an Item is being linked", SOON)),
        Err(RemovalError::Store(error)) => Err(error.into()),
    }
}
