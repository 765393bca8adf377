//! What an operator wishes, due or not.

use shared::domain::{Deadline, ExchangeKey, ItemId, RecordKey, Sealed, Stray, UserId};
use shared::ports::{Clock, EventBus, StoreError, Vault};
use shared::use_cases::astra::AstraApi;

use crate::due::one;
use crate::event::Envelope;
use crate::needs::{ReconcilePlaid, ReconcileStore};
use crate::{Deps, Event, Report};

const PAGE: u32 = 50;
const NO_ANSWER: &str = "the table did not answer";

pub(crate) async fn reconcile<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    event: Event,
    deadline: Deadline,
) -> Report
where
    P: ReconcilePlaid,
    A: AstraApi,
    S: ReconcileStore,
    B: EventBus,
    V: Vault,
    C: Clock,
{
    let keys = match (event.item_id, event.user_id, event.envelope) {
        (Some(item_id), None, None) => of_item(deps, &ItemId::new(item_id)).await,
        (None, Some(user_id), None) => of_user(deps, &UserId::new(user_id)).await,
        (None, None, Some(envelope)) => of_envelope(deps, &envelope).await,
        _ => Err("send one of item_id, user_id and envelope"),
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(reason) => return Report::refused(reason),
    };
    let mut report = Report::default();
    for key in keys {
        report.count(one(deps, &key, deadline).await);
    }
    report
}

async fn of_item<P, A, S: ReconcileStore, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    item_id: &ItemId,
) -> Result<Vec<RecordKey>, &'static str> {
    let owner = deps
        .store
        .owner(item_id)
        .await
        .map_err(|error| no_answer(&error))?;
    let user_id = owner.ok_or("there is no such Item")?;
    Ok(vec![RecordKey::item(&user_id, item_id)])
}

async fn of_user<P, A, S: ReconcileStore, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    user_id: &UserId,
) -> Result<Vec<RecordKey>, &'static str> {
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let page = deps.store.items(user_id, after.as_ref(), PAGE).await;
        let page = page.map_err(|error| no_answer(&error))?;
        let of_page = page.items.iter();
        keys.extend(of_page.map(|item| RecordKey::item(user_id, &item.item_id)));
        after = page.next;
        if after.is_none() {
            return Ok(keys);
        }
    }
}

/// The envelope becomes a stray like any other, so that it is not lost if this run fails.
async fn of_envelope<P, A, S: ReconcileStore, B, V, C: Clock>(
    deps: &Deps<P, A, S, B, V, C>,
    envelope: &Envelope,
) -> Result<Vec<RecordKey>, &'static str> {
    let sealed = hex::decode(&envelope.sealed).map_err(|_| "sealed is not hexadecimal")?;
    let stray = Stray {
        key: ExchangeKey::stored(&envelope.exchange),
        item_id: ItemId::new(&envelope.item_id),
        access_token: Sealed::from_bytes(sealed),
        due_at: deps.clock.now(),
    };
    deps.store
        .keep_stray(&stray)
        .await
        .map_err(|error| no_answer(&error))?;
    Ok(vec![RecordKey::stray(&stray.key, &stray.item_id)])
}

fn no_answer(error: &StoreError) -> &'static str {
    tracing::error!(error = %error, "an operator's wish failed");
    NO_ANSWER
}
