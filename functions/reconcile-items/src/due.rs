//! Whatever is due, the longest waiting first, a few at a time, as long as there is time
//! for one more.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use shared::domain::{Deadline, DueRecord, RecordKey};
use shared::ports::{Clock, EventBus, Vault};
use shared::use_cases::astra::AstraApi;

use crate::needs::{ReconcilePlaid, ReconcileStore};
use crate::postponed::{MUCH_LATER, Postponed, postpone};
use crate::report::Outcome;
use crate::{Deps, Report, astra, change, erasure, exchange, item, session, stray, webhooks};

/// The most that one run takes up.
const LIMIT: u32 = 200;
/// Plaid allows far more; the table is shared with the users' requests.
const AT_ONCE: usize = 8;
/// Nothing is begun with less time than an exchange needs.
const TIME_FOR_ONE: Duration = Duration::from_secs(14);

/// Looks after everything that is due.
pub(crate) async fn reconcile<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
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
    let now = deps.clock.now();
    let due = match deps.store.due(now, LIMIT).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(error = %error, "nobody knows what is due");
            return Report {
                unfinished: true,
                ..Report::default()
            };
        }
    };
    let full = due.keys.len() >= LIMIT as usize;
    let waiting = due.since.map(|since| now.duration_since(since).as_secs());
    tracing::info!(
        found = due.keys.len(),
        overdue_seconds = waiting.unwrap_or_default(),
        "looked for what is due"
    );
    let mut report = stream::iter(once_each(due.keys))
        .map(|key| one_in_time(deps, key, deadline))
        .buffer_unordered(AT_ONCE)
        .fold(Report::default(), |mut report, outcome| async move {
            match outcome {
                Some(outcome) => report.count(outcome),
                None => report.unfinished = true,
            }
            report
        })
        .await;
    report.unfinished |= full;
    report
}

/// The webhooks of one subject are looked after together.
fn once_each(keys: Vec<RecordKey>) -> Vec<RecordKey> {
    let mut partitions = BTreeSet::new();
    let first = |key: &RecordKey| match DueRecord::of(key) {
        Some(DueRecord::Inbox(partition)) => partitions.insert(partition),
        _ => true,
    };
    keys.into_iter().filter(first).collect()
}

async fn one_in_time<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    key: RecordKey,
    deadline: Deadline,
) -> Option<Outcome>
where
    P: ReconcilePlaid,
    A: AstraApi,
    S: ReconcileStore,
    B: EventBus,
    V: Vault,
    C: Clock,
{
    if deadline.remaining(deps.clock.now()) < TIME_FOR_ONE {
        return None;
    }
    Some(one(deps, &key, deadline).await)
}

/// Looks after one record, due or not.
pub(crate) async fn one<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
    key: &RecordKey,
    deadline: Deadline,
) -> Outcome
where
    P: ReconcilePlaid,
    A: AstraApi,
    S: ReconcileStore,
    B: EventBus,
    V: Vault,
    C: Clock,
{
    let looked_after = match DueRecord::of(key) {
        Some(DueRecord::Exchange(key)) => exchange::go_on(deps, &key, deadline).await,
        Some(DueRecord::Stray(key, item_id)) => stray::settle(deps, &key, &item_id, deadline).await,
        Some(DueRecord::Item(user_id, item_id)) => {
            Box::pin(item::look_after(deps, &user_id, &item_id, deadline)).await
        }
        Some(DueRecord::Link(user_id, link_id)) => {
            session::look_after(deps, &user_id, &link_id, deadline).await
        }
        Some(DueRecord::Erasure(user_id)) => {
            Box::pin(erasure::go_on(deps, &user_id, deadline)).await
        }
        Some(DueRecord::Inbox(partition)) => webhooks::process(deps, &partition, deadline).await,
        Some(DueRecord::Change(user_id, change_id)) => {
            change::publish(deps, &user_id, &change_id).await
        }
        Some(DueRecord::AstraConnection(user_id)) => {
            astra::look_after(deps, &user_id, deadline).await
        }
        None => Err(Postponed {
            reason: "nobody here looks after it".to_owned(),
            wait: MUCH_LATER,
        }),
    };
    match looked_after {
        Ok(outcome) => outcome,
        Err(postponed) => postpone(deps, key, postponed).await,
    }
}
