//! `POST /v1/items`, from the event to the use case and back.

use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use shared::domain::{Deadline, UserId};
use shared::http::{Problem, json_body, json_response};
use shared::ports::{Clock, Vault};
use shared::use_cases::exchange::{Answer, ExchangePlaid, ExchangeStore, ExchangeUseCase};

use crate::Deps;
use crate::request_body::RequestBody;

/// Tells a repeated answer from a first one, as Stripe's API does.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

pub(crate) async fn item<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    user_id: UserId,
    request: &Request,
    deadline: Deadline,
) -> Result<Response<Body>, Problem>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    let body: RequestBody = json_body(request)?;
    let request = body.into_request(user_id, deps.environment)?;
    let use_case = ExchangeUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        settings: &deps.settings,
    };
    // On the heap: three calls to Plaid and the table at once make a large future.
    let answer = Box::pin(use_case.run(request, deadline)).await?;
    Ok(respond(answer))
}

fn respond(answer: Answer) -> Response<Body> {
    if let Some(item_id) = &answer.item_id {
        tracing::info!(%item_id, replayed = answer.replayed, "linked");
    }
    let mut response = json_response(StatusCode::CREATED, answer.body);
    if answer.replayed {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
