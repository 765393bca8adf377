//! Changes that the stream did not publish in time.

use shared::domain::{ChangeId, UserId};
use shared::ports::{EventBus, Outbox};
use shared::use_cases::publish::{PublishUseCase, Unpublished};

use crate::Deps;
use crate::postponed::{Postponed, SOON};
use crate::report::Outcome;

pub(crate) async fn publish<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
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
