//! Whatever is due, the longest waiting first, a few at a time, as long as there is time
//! for one more.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use shared::domain::{ChangeId, Deadline, DueRecord, ExchangeKey, FailureClass, RecordKey, UserId};
use shared::ports::{Clock, DueRecords, Erasures, EventBus, Outbox, StoreError, Vault};
use shared::use_cases::exchange::{ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase};
use shared::use_cases::inbox::{InboxPlaid, InboxStore, InboxUseCase};
use shared::use_cases::publish::{PublishUseCase, Unpublished};

use crate::report::Outcome;
use crate::{Deps, Report, erasure, item, session, stray};

/// The calls of Plaid that reconciling needs.
pub trait ReconcilePlaid: InboxPlaid {}
impl<T: InboxPlaid> ReconcilePlaid for T {}

/// The records that reconciling needs.
pub trait ReconcileStore: InboxStore + Erasures + Outbox {}
impl<T: InboxStore + Erasures + Outbox> ReconcileStore for T {}

/// The most that one run takes up.
const LIMIT: u32 = 200;
/// Plaid allows far more; the table is shared with the users' requests.
const AT_ONCE: usize = 8;
/// Nothing is begun with less time than an exchange needs.
const TIME_FOR_ONE: Duration = Duration::from_secs(14);

/// When to try again what failed, by what was in the way.
pub(crate) const SOON: Duration = Duration::from_mins(1);
pub(crate) const LATER: Duration = Duration::from_mins(15);
pub(crate) const MUCH_LATER: Duration = Duration::from_hours(1);

/// Looks after everything that is due.
pub(crate) async fn reconcile<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    deadline: Deadline,
) -> Report
where
    P: ReconcilePlaid,
    S: ReconcileStore,
    B: EventBus,
    V: Vault,
    C: Clock,
{
    let keys = match deps.store.due(deps.clock.now(), LIMIT).await {
        Ok(keys) => keys,
        Err(error) => {
            tracing::error!(error = %error, "nobody knows what is due");
            return Report {
                unfinished: true,
                ..Report::default()
            };
        }
    };
    let full = keys.len() >= LIMIT as usize;
    let mut report = stream::iter(once_each(keys))
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

async fn one_in_time<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    key: RecordKey,
    deadline: Deadline,
) -> Option<Outcome>
where
    P: ReconcilePlaid,
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
pub(crate) async fn one<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    key: &RecordKey,
    deadline: Deadline,
) -> Outcome
where
    P: ReconcilePlaid,
    S: ReconcileStore,
    B: EventBus,
    V: Vault,
    C: Clock,
{
    let looked_after = match DueRecord::of(key) {
        Some(DueRecord::Exchange(exchange)) => finish_exchange(deps, &exchange, deadline).await,
        Some(DueRecord::Stray(exchange, item_id)) => {
            stray::settle(deps, &exchange, &item_id, deadline).await
        }
        Some(DueRecord::Item(user_id, item_id)) => {
            item::look_after(deps, &user_id, &item_id, deadline).await
        }
        Some(DueRecord::Link(user_id, link_id)) => {
            session::look_after(deps, &user_id, &link_id, deadline).await
        }
        Some(DueRecord::Erasure(user_id)) => erasure::go_on(deps, &user_id, deadline).await,
        Some(DueRecord::Inbox(partition)) => webhooks(deps, &partition, deadline).await,
        Some(DueRecord::Change(user_id, change_id)) => publish(deps, &user_id, &change_id).await,
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

/// Webhooks that had to wait. Each has got its next time, or its end, by itself.
async fn webhooks<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    partition: &str,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ReconcilePlaid,
    S: ReconcileStore,
    V: Vault,
    C: Clock,
{
    let use_case = InboxUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        settings: &deps.settings,
    };
    let processed = Box::pin(use_case.process(partition, deadline)).await?;
    Ok(match processed.waiting {
        0 => Outcome::Done,
        _ => Outcome::Waits,
    })
}

/// A change that the stream did not publish in time.
async fn publish<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    user_id: &UserId,
    change_id: &ChangeId,
) -> Result<Outcome, Postponed>
where
    S: Outbox,
    B: EventBus,
{
    let use_case = PublishUseCase {
        store: &deps.store,
        bus: &deps.bus,
    };
    match use_case.run_stored(user_id, change_id).await {
        Ok(()) => Ok(Outcome::Done),
        Err(Unpublished::Bus(error)) => Err(Postponed::because(&error, SOON)),
        Err(Unpublished::Store(error)) => Err(error.into()),
    }
}

/// Why a record has to wait, and how long.
pub(crate) struct Postponed {
    pub(crate) reason: String,
    pub(crate) wait: Duration,
}

impl Postponed {
    pub(crate) fn because(reason: &impl ToString, wait: Duration) -> Self {
        Self {
            reason: reason.to_string(),
            wait,
        }
    }
}

impl From<StoreError> for Postponed {
    fn from(error: StoreError) -> Self {
        let wait = match error {
            StoreError::Corrupt(_) => MUCH_LATER,
            StoreError::Conflict | StoreError::Unavailable(_) => SOON,
        };
        Self::because(&error, wait)
    }
}

/// How long Plaid's troubles last, by their kind.
pub(crate) fn patience(class: FailureClass) -> Duration {
    match class {
        FailureClass::Retry => SOON,
        FailureClass::NotReady => LATER,
        _ => MUCH_LATER,
    }
}

async fn postpone<P, S: DueRecords, B, V, C: Clock>(
    deps: &Deps<P, S, B, V, C>,
    key: &RecordKey,
    postponed: Postponed,
) -> Outcome {
    tracing::warn!(
        sk = key.sk,
        reason = postponed.reason,
        "a record has to wait"
    );
    let until = Deadline::after(deps.clock.now(), postponed.wait).moment();
    put_off(deps, key, until).await;
    Outcome::Failed
}

pub(crate) async fn put_off<P, S: DueRecords, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    key: &RecordKey,
    until: Timestamp,
) {
    if let Err(error) = deps.store.postpone(key, until).await {
        tracing::warn!(sk = key.sk, error = %error, "a record stays due");
    }
}

/// Goes on with an exchange that nobody works on any more. Whatever its end is, it is one.
async fn finish_exchange<P, S, B, V, C>(
    deps: &Deps<P, S, B, V, C>,
    key: &ExchangeKey,
    deadline: Deadline,
) -> Result<Outcome, Postponed>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    let stored = deps.store.exchange(key).await?;
    if stored.is_none_or(|exchange| exchange.step.is_settled()) {
        return Ok(Outcome::Done);
    }
    let use_case = ExchangeUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        settings: &deps.settings,
    };
    match Box::pin(use_case.resume_stored(key, deadline)).await {
        Ok(_)
        | Err(
            ExchangeError::Refused(_)
            | ExchangeError::Lost
            | ExchangeError::Removed
            | ExchangeError::Duplicate(_)
            | ExchangeError::TooManyItems { .. }
            | ExchangeError::SomebodyElses
            | ExchangeError::Account { .. },
        ) => Ok(Outcome::Done),
        Err(ExchangeError::InProgress { .. } | ExchangeError::OutOfTime) => Ok(Outcome::Waits),
        Err(ExchangeError::Plaid(failure)) => {
            Err(Postponed::because(&failure, patience(failure.class())))
        }
        Err(ExchangeError::Store(error)) => Err(error.into()),
        Err(ExchangeError::Vault(error)) => Err(Postponed::because(&error, LATER)),
    }
}
