//! Items that came out of an exchange too late: removed at Plaid, unless they are recorded.

use secrecy::ExposeSecret;
use shared::domain::{
    AccessToken, Deadline, ExchangeKey, ItemId, Place, Purpose, Stray, TIME_TO_WRITE,
};
use shared::ports::{
    Clock, ExchangeRecords, ItemOwners, ItemRecords, ItemRemoval, StoreError, Strays, Vault,
};

use crate::Deps;
use crate::postponed::{LATER, Postponed, SOON, patience};
use crate::report::Outcome;

pub(crate) async fn settle<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    key: &ExchangeKey,
    item_id: &ItemId,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ItemRemoval,
    S: Strays + ExchangeRecords + ItemOwners + ItemRecords,
    V: Vault,
    C: Clock,
{
    let Some(stray) = deps.store.stray(key, item_id).await? else {
        return Ok(Outcome::Done);
    };
    let exchange = deps.store.exchange(key).await?;
    if exchange.is_some_and(|exchange| !exchange.step.is_settled()) {
        return Err(Postponed::because(&"its exchange has not ended", SOON));
    }
    if !is_recorded(deps, item_id).await? {
        remove(deps, &stray, deadline).await?;
        tracing::warn!(%item_id, "removed a stray");
    }
    deps.store.drop_stray(&stray).await?;
    Ok(Outcome::Done)
}

async fn is_recorded<P, A, S: ItemOwners + ItemRecords, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    item_id: &ItemId,
) -> Result<bool, StoreError> {
    let Some(user_id) = deps.store.owner(item_id).await? else {
        return Ok(false);
    };
    let item = deps.store.item(&user_id, item_id).await?;
    Ok(item.is_some_and(|item| item.is_live()))
}

async fn remove<P: ItemRemoval, A, S, B, V: Vault, C>(
    deps: &Deps<P, A, S, B, V, C>,
    stray: &Stray,
    deadline: Deadline,
) -> Result<(), Postponed> {
    let place = Place::stray_access_token(&stray.key, &stray.item_id);
    let sealed = &stray.access_token;
    let opened = deps.vault.open(sealed, Purpose::Access, &place).await;
    let opened = opened.map_err(|error| Postponed::because(&error, LATER))?;
    let access_token = AccessToken::new(opened.expose_secret());
    let deadline = deadline.less(TIME_TO_WRITE);
    let removed = deps.plaid.remove_item(&access_token, deadline).await;
    removed.map_err(|failure| Postponed::because(&failure, patience(failure.class())))
}
