//! From the batch to the use case and back.

use std::time::Duration;

use lambda_http::LambdaEvent;
use shared::domain::{ChangeId, Deadline, DueRecord, UserId};
use shared::ports::{Clock, EventBus, Outbox, StoreError};
use shared::stream::{StreamAnswer, StreamEvent, StreamRecord};
use shared::use_cases::publish::{PublishUseCase, Unpublished};
use tracing::Instrument;

use crate::Deps;

/// Kept free at the end for the answer.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);
/// Nothing is begun with less: a read, two calls of the bus and a write, each of which
/// waits for its answer at most 2.5 seconds.
const TIME_FOR_ONE: Duration = Duration::from_secs(10);

/// Publishes the changes of a batch, in their order. What could not be published is
/// delivered again; if it never can, it stays due and the reconciler goes on.
pub async fn handler<S, B, C>(deps: &Deps<S, B, C>, event: LambdaEvent<StreamEvent>) -> StreamAnswer
where
    S: Outbox,
    B: EventBus,
    C: Clock,
{
    let request_id = event.context.request_id.as_str();
    let function = "publish-changes";
    let span = tracing::info_span!("invocation", function, request_id);
    let told = event.context.deadline;
    let deadline = Deadline::of_runtime(told, deps.clock.now()).less(ANSWER_MARGIN);
    let records = event.payload.records;
    publish(deps, &records, deadline).instrument(span).await
}

/// A record's failure does not keep the others waiting.
async fn publish<S, B, C>(
    deps: &Deps<S, B, C>,
    records: &[StreamRecord],
    deadline: Deadline,
) -> StreamAnswer
where
    S: Outbox,
    B: EventBus,
    C: Clock,
{
    let mut answer = StreamAnswer::default();
    for record in records.iter().filter(|record| record.is_insert()) {
        let Some(DueRecord::Change(user_id, change_id)) = DueRecord::of(&record.key()) else {
            continue;
        };
        if !one(deps, &user_id, &change_id, deadline).await {
            answer.failed(record);
        }
    }
    answer
}

/// Whether the change needs no further delivery.
async fn one<S, B, C>(
    deps: &Deps<S, B, C>,
    user_id: &UserId,
    change_id: &ChangeId,
    deadline: Deadline,
) -> bool
where
    S: Outbox,
    B: EventBus,
    C: Clock,
{
    if deadline.remaining(deps.clock.now()) < TIME_FOR_ONE {
        tracing::warn!(%change_id, "too little time is left to publish a change");
        return false;
    }
    let use_case = PublishUseCase {
        store: &deps.store,
        bus: &deps.bus,
    };
    match use_case.run_stored(user_id, change_id).await {
        Ok(()) => true,
        // Nobody can read it next time either; it would only hold up the others.
        Err(Unpublished::Store(error @ StoreError::Corrupt(_))) => {
            tracing::error!(%change_id, %error, "a change cannot be published");
            true
        }
        Err(error) => {
            tracing::warn!(%change_id, %error, "a change is to be delivered again");
            false
        }
    }
}
