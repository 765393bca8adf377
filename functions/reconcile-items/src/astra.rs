//! What is left to do at Astra: tokens to renew, accounts to bring there.

use std::time::Duration;

use shared::domain::{AstraFailureClass, Deadline, ItemId, RecordKey, UserId};
use shared::ports::{Clock, DueRecords, Vault};
use shared::use_cases::astra::take_off::{AtAstraFirst, PATIENCE};
use shared::use_cases::astra::{AstraApi, AstraError, AstraStore, Desk};

use crate::Deps;
use crate::postponed::{LATER, MUCH_LATER, Postponed, SOON, put_off};
use crate::report::Outcome;

/// Renews the tokens of a user's connection, and takes up what was left for the user.
pub(crate) async fn look_after<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    A: AstraApi,
    S: AstraStore + DueRecords,
    V: Vault,
    C: Clock,
{
    let Some(desk) = desk(deps) else {
        return Err(Postponed::because(&"Astra is switched off", MUCH_LATER));
    };
    outcome(Box::pin(desk.renew(user_id, deadline)).await)?;
    outcome(Box::pin(desk.bring_user(user_id, deadline)).await)?;
    if let Some(connection) = deps.store.astra_connection(user_id).await? {
        let key = RecordKey::astra_connection(user_id);
        put_off(deps, &key, connection.refresh_at).await;
    }
    Ok(Outcome::Done)
}

/// Brings an Item's accounts to where they should be at Astra.
pub(crate) async fn bring<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    let Some(desk) = desk(deps) else {
        return Ok(Outcome::Done);
    };
    outcome(Box::pin(desk.bring_item(user_id, item_id, deadline)).await)
}

/// Astra, for removals.
pub(crate) fn first<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
) -> AtAstraFirst<'_, A, S, V, C> {
    AtAstraFirst {
        desk: desk(deps),
        patience: PATIENCE,
    }
}

fn desk<P, A, S, B, V, C>(deps: &Deps<P, A, S, B, V, C>) -> Option<Desk<'_, A, S, V, C>> {
    deps.astra.as_ref().map(|astra| Desk {
        astra,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    })
}

fn outcome(brought: Result<(), AstraError>) -> Result<Outcome, Postponed> {
    match brought {
        Ok(()) => Ok(Outcome::Done),
        Err(AstraError::Store(error)) => Err(error.into()),
        Err(error) => Err(Postponed::because(&error, patience(&error))),
    }
}

/// How long Astra's troubles last, by their kind.
fn patience(error: &AstraError) -> Duration {
    match error {
        AstraError::Astra(failure) if failure.class() == AstraFailureClass::Retry => SOON,
        AstraError::Busy | AstraError::Vault(_) | AstraError::Store(_) => SOON,
        AstraError::Waits | AstraError::Astra(_) => LATER,
        AstraError::NotConnected | AstraError::Reauthorize => MUCH_LATER,
    }
}
