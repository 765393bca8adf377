//! Webhooks that had to wait.

use shared::domain::Deadline;
use shared::ports::{Clock, Vault};
use shared::use_cases::inbox::InboxUseCase;

use crate::Deps;
use crate::needs::{ReconcilePlaid, ReconcileStore};
use crate::postponed::Postponed;
use crate::report::Outcome;

/// Acts on those of one subject. Each has got its next time, or its end, by itself.
pub(crate) async fn process<P, A, S, B, V, C>(
    deps: &Deps<P, A, S, B, V, C>,
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
