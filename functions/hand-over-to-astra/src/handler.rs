//! From the event to the use case and back.

use std::time::Duration;

use lambda_http::LambdaEvent;
use shared::domain::{Deadline, RecordKey};
use shared::ports::{Clock, DueRecords, StoreError, Vault};
use shared::use_cases::astra::{AstraApi, AstraStore, Desk};
use tracing::Instrument;

use crate::event::Detail;
use crate::{Deps, Event};

/// Kept free at the end for the answer.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// When the reconciler takes up what did not end.
const TAKEN_UP: Duration = Duration::from_mins(2);

/// Brings the accounts that an event is about to where they should be at Astra. What does
/// not end now is taken up by the reconciler.
///
/// # Errors
/// Not even that could be recorded, so the event is to be delivered again.
pub async fn handler<A, S, V, C>(
    deps: &Deps<A, S, V, C>,
    event: LambdaEvent<Event>,
) -> Result<(), StoreError>
where
    A: AstraApi,
    S: AstraStore + DueRecords,
    V: Vault,
    C: Clock,
{
    let request_id = event.context.request_id.as_str();
    let function = "hand-over-to-astra";
    let span = tracing::info_span!("invocation", function, request_id);
    let told = event.context.deadline;
    let deadline = Deadline::of_runtime(told, deps.clock.now()).less(ANSWER_MARGIN);
    let detail = event.payload.detail;
    bring(deps, &detail, deadline).instrument(span).await
}

async fn bring<A, S, V, C>(
    deps: &Deps<A, S, V, C>,
    Detail { user_id, item_id }: &Detail,
    deadline: Deadline,
) -> Result<(), StoreError>
where
    A: AstraApi,
    S: AstraStore + DueRecords,
    V: Vault,
    C: Clock,
{
    let desk = Desk {
        astra: &deps.astra,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    let brought = match item_id {
        Some(item_id) => Box::pin(desk.bring_item(user_id, item_id, deadline)).await,
        None => Box::pin(desk.bring_user(user_id, deadline)).await,
    };
    let Err(error) = brought else {
        return Ok(());
    };
    tracing::warn!(error = %error, "accounts are not at Astra yet");
    let soon = Deadline::after(deps.clock.now(), TAKEN_UP).moment();
    let connection = RecordKey::astra_connection(user_id);
    deps.store.postpone(&connection, soon).await
}
