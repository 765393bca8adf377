//! From the batch to the use case and back.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_http::LambdaEvent;
use shared::domain::{Deadline, DueRecord};
use shared::ports::{Clock, StoreError, Vault};
use shared::stream::{StreamAnswer, StreamEvent, StreamRecord};
use shared::use_cases::inbox::{InboxPlaid, InboxStore, InboxUseCase, Processed};
use tracing::Instrument;

use crate::Deps;

/// Kept free at the end for the answer.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);
/// Nothing is begun with less time than an exchange of a hosted session needs.
const TIME_FOR_ONE: Duration = Duration::from_secs(14);

/// Acts on the webhooks of a batch. Only what the table did not take is delivered again;
/// everything else waits by itself.
pub async fn handler<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    event: LambdaEvent<StreamEvent>,
) -> StreamAnswer
where
    P: InboxPlaid,
    S: InboxStore,
    V: Vault,
    C: Clock,
{
    let request_id = event.context.request_id.as_str();
    let function = "process-webhook";
    let span = tracing::info_span!("invocation", function, request_id);
    let told = event.context.deadline;
    let deadline = Deadline::of_runtime(told, deps.clock.now()).less(ANSWER_MARGIN);
    let records = event.payload.records;
    process(deps, &records, deadline).instrument(span).await
}

async fn process<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    records: &[StreamRecord],
    deadline: Deadline,
) -> StreamAnswer
where
    P: InboxPlaid,
    S: InboxStore,
    V: Vault,
    C: Clock,
{
    let mut answer = StreamAnswer::default();
    let mut outcomes: BTreeMap<String, bool> = BTreeMap::new();
    for record in records {
        let Some(DueRecord::Inbox(partition)) = DueRecord::of(&record.key()) else {
            continue;
        };
        let done = match outcomes.get(&partition) {
            Some(done) => *done,
            None => subject(deps, &partition, deadline).await,
        };
        outcomes.insert(partition, done);
        if !done {
            answer.failed(record);
        }
    }
    answer
}

/// All webhooks of one subject, at once. Without enough time they stay due, and the
/// reconciler takes them up.
async fn subject<P, S, V, C>(deps: &Deps<P, S, V, C>, partition: &str, deadline: Deadline) -> bool
where
    P: InboxPlaid,
    S: InboxStore,
    V: Vault,
    C: Clock,
{
    if deadline.remaining(deps.clock.now()) < TIME_FOR_ONE {
        tracing::warn!("too little time is left; the reconciler goes on");
        return true;
    }
    let use_case = InboxUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        settings: &deps.settings,
    };
    report(Box::pin(use_case.process(partition, deadline)).await)
}

fn report(processed: Result<Processed, StoreError>) -> bool {
    match processed {
        Ok(Processed { ended, waiting }) => {
            tracing::info!(ended, waiting, "processed");
            true
        }
        Err(error) => {
            tracing::error!(error = %error, "webhooks are to be delivered again");
            false
        }
    }
}
