//! What somebody asks for, and what they are told. Each wish is what its function does.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::{Context, LambdaEvent};
use reconcile_items::{Deps, Event};
use shared::domain::{
    AstraAuthorizationCode, AstraState, Cause, Deadline, ItemId, RecordKey, UserId,
};
use shared::http::Problem;
use shared::ports::{Clock, DueRecords, Erasures};
use shared::test_util::faults::Faulty;
use shared::test_util::{FakeAstra, FixedClock, MemoryBus, MemoryPlaid, MemoryStore, MemoryVault};
use shared::use_cases::astra::Desk;
use shared::use_cases::astra::take_off::{AtAstraFirst, PATIENCE};
use shared::use_cases::removal::{Removal, Removed};

use crate::scene::{ITEM, URI, USER};

pub(crate) type FaultyDeps = Deps<
    Faulty<MemoryPlaid>,
    Faulty<FakeAstra>,
    Faulty<MemoryStore>,
    Faulty<MemoryBus>,
    Faulty<MemoryVault>,
    FixedClock,
>;
type FaultyDesk<'a> =
    Desk<'a, Faulty<FakeAstra>, Faulty<MemoryStore>, Faulty<MemoryVault>, FixedClock>;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// The user comes back from Astra's page.
    Connect(AstraState, AstraAuthorizationCode),
    /// An event is delivered.
    HandOver,
    Remove {
        forced: bool,
    },
    /// A server asks to erase the user.
    Erase,
    Reconcile,
}

/// What they are told: an HTTP status, also where nobody speaks HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer(pub(crate) u16);

const DONE: Answer = Answer(200);
/// AWS delivers the event again.
const AGAIN: Answer = Answer(500);

impl Answer {
    /// Whether asking again makes no sense. Who used up a state and was not told, begins
    /// anew.
    pub(crate) fn is_final(self) -> bool {
        self.0 < 500 && self.0 != 422
    }
}

/// One invocation, from the request to the answer.
pub(crate) async fn grant(deps: Arc<FaultyDeps>, wish: Wish, deadline: Deadline) -> Answer {
    let deps = deps.as_ref();
    match wish {
        Wish::Connect(state, code) => connect(deps, &state, &code, deadline).await,
        Wish::HandOver => hand_over(deps, deadline).await,
        Wish::Remove { forced } => remove(deps, forced, deadline).await,
        Wish::Erase => erase(deps).await,
        Wish::Reconcile => reconcile(deps, deadline).await,
    }
}

fn desk(deps: &FaultyDeps) -> FaultyDesk<'_> {
    Desk {
        astra: deps.astra.as_ref().unwrap(),
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    }
}

async fn connect(
    deps: &FaultyDeps,
    state: &AstraState,
    code: &AstraAuthorizationCode,
    deadline: Deadline,
) -> Answer {
    let desk = desk(deps);
    let user_id = UserId::new(USER);
    let made = desk.connect(&user_id, state, code, URI, deadline);
    match Box::pin(made).await {
        Ok(_) => Answer(201),
        Err(error) => refusal(error),
    }
}

async fn hand_over(deps: &FaultyDeps, deadline: Deadline) -> Answer {
    let desk = desk(deps);
    let user_id = UserId::new(USER);
    let brought = desk.bring_user(&user_id, deadline);
    if Box::pin(brought).await.is_ok() {
        return DONE;
    }
    let soon = Deadline::after(deps.clock.now(), Duration::from_mins(2)).moment();
    let key = RecordKey::astra_connection(&user_id);
    let kept = deps.store.postpone(&key, soon).await;
    kept.map_or(AGAIN, |()| DONE)
}

async fn remove(deps: &FaultyDeps, forced: bool, deadline: Deadline) -> Answer {
    let (user_id, item_id) = (UserId::new(USER), ItemId::new(ITEM));
    let desk = desk(deps);
    if !forced {
        let way = desk.make_way(&user_id, &item_id, deadline);
        if let Err(objection) = Box::pin(way).await {
            return refusal(objection);
        }
    }
    let first = AtAstraFirst {
        desk: Some(desk),
        patience: if forced { Duration::ZERO } else { PATIENCE },
    };
    let removal = Removal {
        plaid: &deps.plaid,
        elsewhere: &first,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    let removed = removal.run(&user_id, &item_id, Cause::Removal, deadline);
    match Box::pin(removed).await {
        Ok(Removed::Gone) => Answer(204),
        Ok(Removed::Later(_)) => Answer(202),
        Err(error) => refusal(error),
    }
}

async fn erase(deps: &FaultyDeps) -> Answer {
    let (user_id, now) = (UserId::new(USER), deps.clock.now());
    let wished = deps.store.wish_erasure(&user_id, now).await;
    wished.map_or_else(refusal, |()| Answer(202))
}

async fn reconcile(deps: &FaultyDeps, deadline: Deadline) -> Answer {
    let mut context = Context::default();
    context.deadline = u64::try_from(deadline.moment().as_millisecond()).unwrap();
    let event = LambdaEvent::new(Event::default(), context);
    Box::pin(reconcile_items::handler(deps, event)).await;
    DONE
}

fn refusal(error: impl Into<Problem>) -> Answer {
    let response = error.into().into_response("test-request");
    Answer(response.status().as_u16())
}
