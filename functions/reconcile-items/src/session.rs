//! Sessions of Link whose end nobody told: the user closed the tab after the bank's last
//! page, or a webhook was lost.

use std::time::Duration;

use shared::domain::{Cause, Deadline, ItemId, LinkId, LinkSession, RecordKey, UserId};
use shared::ports::{Clock, StoreError, Vault, VaultError};
use shared::use_cases::astra::AstraApi;
use shared::use_cases::hosted::{HostedError, HostedUseCase};

use crate::Deps;
use crate::item::read_again;
use crate::needs::{ReconcilePlaid, ReconcileStore};
use crate::postponed::{LATER, MUCH_LATER, Postponed, SOON, patience, put_off};
use crate::report::Outcome;

/// Longer than a session's record is kept.
const FOR_GOOD: Duration = Duration::from_hours(31 * 24);

pub(crate) async fn look_after<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    link_id: &LinkId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ReconcilePlaid,
    A: AstraApi,
    S: ReconcileStore,
    V: Vault,
    C: Clock,
{
    let Some(session) = deps.store.session(user_id, link_id).await? else {
        return Ok(Outcome::Done);
    };
    let finished = session
        .results
        .as_ref()
        .is_some_and(|results| results.finished);
    let updated = if session.hosted && !finished {
        read_results(deps, &session, deadline).await?
    } else {
        session.item_id
    };
    if let Some(item_id) = updated {
        read_again(deps, user_id, &item_id, Cause::UpdateMode, deadline).await?;
    }
    stop_if_still_due(deps, user_id, link_id).await?;
    Ok(Outcome::Done)
}

/// What a page of Plaid's own brought, and the Item that it was to update.
async fn read_results<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    session: &LinkSession,
    deadline: Deadline,
) -> Result<Option<ItemId>, Postponed>
where
    P: ReconcilePlaid,
    A: AstraApi,
    S: ReconcileStore,
    V: Vault,
    C: Clock,
{
    let hosted = HostedUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        settings: &deps.settings,
    };
    let read = hosted
        .run(&session.user_id, &session.link_id, deadline)
        .await;
    read.map_err(|error| match error {
        HostedError::Plaid(failure) => Postponed::because(&failure, patience(failure.class())),
        HostedError::Unfinished => Postponed::because(&error, SOON),
        HostedError::Store(error) => error.into(),
        HostedError::Vault(VaultError::Unavailable(_)) => Postponed::because(&error, LATER),
        HostedError::Vault(_) => Postponed::because(&error, MUCH_LATER),
    })
}

/// The Item is gone, or was read for many later sessions: nothing else would end this one.
async fn stop_if_still_due<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
    link_id: &LinkId,
) -> Result<(), StoreError>
where
    S: ReconcileStore,
    C: Clock,
{
    let session = deps.store.session(user_id, link_id).await?;
    if session.is_some_and(|session| session.due_at().is_some()) {
        let key = RecordKey::link_session(user_id, link_id);
        let until = Deadline::after(deps.clock.now(), FOR_GOOD).moment();
        put_off(deps, &key, until).await;
    }
    Ok(())
}
