//! Exchanges that nobody works on any more.

use shared::domain::{Deadline, ExchangeKey};
use shared::ports::{Clock, Vault};
use shared::use_cases::exchange::{ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase};

use crate::Deps;
use crate::postponed::{LATER, Postponed, patience};
use crate::report::Outcome;

/// Goes on with one. Whatever its end is, it is one.
pub(crate) async fn go_on<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
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
