//! `POST .../items/{item_id}/processor-tokens`, from the event to the use case and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::Deserialize;
use shared::domain::{Deadline, ItemId};
use shared::http::{
    Caller, CallerKind, Problem, json_body, json_response, render_item_with_tokens,
};
use shared::ports::{Clock, Vault};
use shared::use_cases::item_sync::{SyncPlaid, SyncStore};
use shared::use_cases::processor_token::ProcessorTokenUseCase;

use crate::Deps;
use crate::request_body::read_account_id;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    account_id: String,
}

/// The Item with the account's token. A server always gets the token; a front end where
/// the stack hands tokens to front ends.
pub(crate) async fn token<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    caller: &Caller,
    item_id: &ItemId,
    request: &Request,
    deadline: Deadline,
) -> Result<Response<Body>, Problem>
where
    P: SyncPlaid,
    S: SyncStore,
    V: Vault,
    C: Clock,
{
    let body: TokenBody = json_body(request)?;
    let account_id = read_account_id(&body.account_id)?;
    let use_case = ProcessorTokenUseCase {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
        processor: &deps.settings.processor,
    };
    let given = use_case.run(&caller.user_id, item_id, &account_id, deadline);
    let given = Box::pin(given).await?;
    let made = given.token.as_ref().map(|token| (&account_id, token));
    let render = match caller.kind {
        CallerKind::Server => render_item_with_tokens,
        CallerKind::User => deps.settings.render,
    };
    Ok(json_response(
        StatusCode::CREATED,
        render(&given.item, made),
    ))
}
