//! From the event to the use case and back.

use std::time::Duration;

use lambda_http::LambdaEvent;
use shared::domain::Deadline;
use shared::ports::{Clock, EventBus, Vault};
use shared::use_cases::astra::AstraApi;
use tracing::Instrument;

use crate::needs::{ReconcilePlaid, ReconcileStore};
use crate::{Deps, Event, Report, by_hand, due};

/// Kept free at the end for the report.
const REPORT_MARGIN: Duration = Duration::from_millis(500);

/// Does what is due, or what an operator wishes.
pub async fn handler<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    event: LambdaEvent<Event>,
) -> Report
where
    P: ReconcilePlaid,
    A: AstraApi,
    S: ReconcileStore,
    B: EventBus,
    V: Vault,
    C: Clock,
{
    let request_id = event.context.request_id.as_str();
    let function = "reconcile-items";
    let span = tracing::info_span!("invocation", function, request_id);
    let told = event.context.deadline;
    let deadline = Deadline::of_runtime(told, deps.clock.now()).less(REPORT_MARGIN);
    let event = event.payload;
    async {
        let report = if event.is_scheduled() {
            due::reconcile(deps, deadline).await
        } else {
            by_hand::reconcile(deps, event, deadline).await
        };
        tracing::info!(
            done = report.done,
            waiting = report.waiting,
            failed = report.failed,
            unfinished = report.unfinished,
            refused = report.refused,
            "reconciled"
        );
        report
    }
    .instrument(span)
    .await
}
