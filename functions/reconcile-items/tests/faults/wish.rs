//! What somebody asks for, and what they are told.

use std::sync::Arc;

use lambda_http::{Body, Context, LambdaEvent, Response};
use reconcile_items::{Deps, Event};
use shared::domain::{
    AccountHint, AccountId, Cause, Deadline, Hints, Institution, InstitutionId, Item, ItemId,
    ProcessorToken, PublicToken, UserId,
};
use shared::http::{Problem, render_item, render_item_with_tokens};
use shared::ports::{Clock, Erasures, StoreError};
use shared::test_util::faults::Faulty;
use shared::test_util::{FakeAstra, FixedClock, MemoryBus, MemoryPlaid, MemoryStore, MemoryVault};
use shared::use_cases::exchange::{ExchangeRequest, ExchangeUseCase};
use shared::use_cases::item_sync::{ItemSync, Occasion};
use shared::use_cases::processor_token::ProcessorTokenUseCase;
use shared::use_cases::removal::{NotFromHere, Removal, Removed};

use crate::log::Envelope;

pub(crate) type FaultyDeps = Deps<
    Faulty<MemoryPlaid>,
    Faulty<FakeAstra>,
    Faulty<MemoryStore>,
    Faulty<MemoryBus>,
    Faulty<MemoryVault>,
    FixedClock,
>;

pub(crate) const CHECKING: &str = "account-checking";
pub(crate) const SAVINGS: &str = "account-savings";

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Link(Link),
    Remove(ItemId),
    Token(ItemId, AccountId),
    Refresh(ItemId),
    Webhook(ItemId),
    Erase,
    Reconcile,
    HandOver(Envelope),
}

/// The request after Link.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) user: &'static str,
    pub(crate) public_token: &'static str,
    pub(crate) account: Option<&'static str>,
    pub(crate) hinted: bool,
}

pub(crate) const USER: &str = "user-1";

impl Link {
    fn request(&self) -> ExchangeRequest {
        ExchangeRequest {
            user_id: UserId::new(self.user),
            public_token: PublicToken::new(self.public_token),
            account_id: self.account.map(AccountId::new),
            hints: if self.hinted {
                hints()
            } else {
                Hints::default()
            },
            allow_duplicate: false,
        }
    }
}

/// The browser's word about the account that every Item here has.
fn hints() -> Hints {
    Hints {
        institution: Some(Institution {
            institution_id: InstitutionId::new("ins_109508"),
            name: None,
        }),
        accounts: vec![AccountHint {
            account_id: AccountId::new(CHECKING),
            name: Some("Plaid checking".to_owned()),
            mask: Some("0000".to_owned()),
            verification_status: None,
        }],
        link_session_id: None,
    }
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// In seconds.
    pub(crate) retry_after: Option<i64>,
}

impl Answer {
    fn of(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            retry_after: None,
        }
    }

    /// Whether asking again makes sense.
    pub(crate) fn is_final(&self) -> bool {
        self.retry_after.is_none() && self.status < 500
    }

    pub(crate) fn code(&self) -> &str {
        self.member("code")
    }

    pub(crate) fn processor_token(&self) -> &str {
        self.member("processor_token")
    }

    /// The text of this member wherever it comes first; empty without it.
    fn member(&self, name: &str) -> &str {
        let member = self.body.split_once(&format!(r#""{name}":""#));
        let member = member.and_then(|(_, rest)| rest.split_once('"'));
        member.map_or("", |(text, _)| text)
    }
}

fn refusal(error: impl Into<Problem>) -> Answer {
    let response: Response<Body> = error.into().into_response("test-request");
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().parse().unwrap());
    let status = response.status().as_u16();
    let Body::Text(body) = response.into_body() else {
        panic!("a problem is text");
    };
    Answer {
        status,
        body,
        retry_after,
    }
}

/// One invocation, from the request to the answer.
pub(crate) async fn grant(deps: Arc<FaultyDeps>, wish: Wish, deadline: Deadline) -> Answer {
    let deps = deps.as_ref();
    let user_id = UserId::new(USER);
    match wish {
        Wish::Link(link) => exchange(deps, link.request(), deadline).await,
        Wish::Remove(item_id) => remove(deps, &user_id, &item_id, deadline).await,
        Wish::Token(item_id, account_id) => {
            token(deps, &user_id, &item_id, &account_id, deadline).await
        }
        Wish::Refresh(item_id) => sync(deps, &user_id, &item_id, Cause::UpdateMode, deadline).await,
        Wish::Webhook(item_id) => sync(deps, &user_id, &item_id, Cause::Webhook, deadline).await,
        Wish::Erase => match deps.store.wish_erasure(&user_id, deps.clock.now()).await {
            Ok(()) => Answer::of(202, String::new()),
            Err(error) => refusal(error),
        },
        Wish::Reconcile => reconcile(deps, Event::default(), deadline).await,
        Wish::HandOver(envelope) => {
            let event = serde_json::json!({ "envelope": {
                "exchange": envelope.exchange,
                "item_id": envelope.item_id,
                "sealed": envelope.sealed,
            }});
            reconcile(deps, serde_json::from_value(event).unwrap(), deadline).await
        }
    }
}

async fn exchange(deps: &FaultyDeps, request: ExchangeRequest, deadline: Deadline) -> Answer {
    let use_case = ExchangeUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        settings: &deps.settings,
    };
    match Box::pin(use_case.run(request, deadline)).await {
        Ok(answer) => Answer::of(201, answer.body),
        Err(error) => refusal(error),
    }
}

async fn remove(
    deps: &FaultyDeps,
    user_id: &UserId,
    item_id: &ItemId,
    deadline: Deadline,
) -> Answer {
    let removal = Removal {
        plaid: &deps.plaid,
        elsewhere: &NotFromHere,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    match removal
        .run(user_id, item_id, Cause::Removal, deadline)
        .await
    {
        Ok(Removed::Gone) => Answer::of(204, String::new()),
        Ok(Removed::Later(item)) => Answer::of(202, render_item(&item, None)),
        Err(error) => refusal(error),
    }
}

async fn token(
    deps: &FaultyDeps,
    user_id: &UserId,
    item_id: &ItemId,
    account_id: &AccountId,
    deadline: Deadline,
) -> Answer {
    let use_case = ProcessorTokenUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        processor: &deps.settings.processor,
    };
    match Box::pin(use_case.run(user_id, item_id, account_id, deadline)).await {
        Ok(given) => {
            let made: Option<(&AccountId, &ProcessorToken)> =
                given.token.as_ref().map(|token| (account_id, token));
            Answer::of(201, render_item_with_tokens(&given.item, made))
        }
        Err(error) => refusal(error),
    }
}

async fn sync(
    deps: &FaultyDeps,
    user_id: &UserId,
    item_id: &ItemId,
    cause: Cause,
    deadline: Deadline,
) -> Answer {
    let sync = ItemSync {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        processor: &deps.settings.processor,
    };
    let occasion = Occasion::of(cause);
    let synced: Result<Item, _> = Box::pin(sync.run(user_id, item_id, occasion, deadline)).await;
    match synced {
        Ok(item) => Answer::of(200, render_item(&item, None)),
        Err(error) => refusal(error),
    }
}

async fn reconcile(deps: &FaultyDeps, event: Event, deadline: Deadline) -> Answer {
    let mut context = Context::default();
    context.deadline = u64::try_from(deadline.moment().as_millisecond()).unwrap();
    let report = Box::pin(reconcile_items::handler(
        deps,
        LambdaEvent::new(event, context),
    ))
    .await;
    Answer::of(200, serde_json::to_string(&report).unwrap())
}

/// Asks the table itself, without any fault.
pub(crate) fn at_once<T>(future: impl Future<Output = Result<T, StoreError>>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).as_mut().poll(&mut context) {
        std::task::Poll::Ready(outcome) => outcome.unwrap(),
        std::task::Poll::Pending => panic!("the table in memory answers at once"),
    }
}
