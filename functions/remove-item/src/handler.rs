//! From the event to the use case and back.

use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use shared::domain::{Cause, Deadline, ItemId, UserId};
use shared::http::{CallerKind, Code, Problem, caller, invoke, json_response, render_item};
use shared::ports::{Clock, Erasures, ItemRemoval, Vault};
use shared::use_cases::astra::take_off::{AtAstraFirst, PATIENCE};
use shared::use_cases::astra::{AstraApi, AstraStore, Desk};
use shared::use_cases::removal::{Removal, RemovalStore, Removed};

use crate::Deps;

/// Answers one request.
pub async fn handler<P, A, S, V, C>(deps: &Deps<P, A, S, V, C>, request: Request) -> Response<Body>
where
    P: ItemRemoval,
    A: AstraApi,
    S: RemovalStore + AstraStore + Erasures,
    V: Vault,
    C: Clock,
{
    invoke(
        "remove-item",
        &deps.clock,
        request,
        |invocation, request| async move {
            let caller = caller(&request)?;
            let path = request.path_parameters_ref();
            let item_id = path.and_then(|path| path.first("item_id")).map(ItemId::new);
            match (caller.kind, item_id) {
                (_, Some(item_id)) => {
                    let forced = forced(&request)?;
                    let deadline = invocation.deadline;
                    remove_item(deps, &caller.user_id, &item_id, forced, deadline).await
                }
                (CallerKind::Server, None) => erase_user(deps, &caller.user_id).await,
                (CallerKind::User, None) => Err(Problem::not_found("Item")),
            }
        },
    )
    .await
}

/// Gone, or on its way: the intent is recorded before Plaid is asked. Before that, Astra may
/// object, unless the caller insists.
async fn remove_item<P, A, S, V, C>(
    deps: &Deps<P, A, S, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    forced: bool,
    deadline: Deadline,
) -> Result<Response<Body>, Problem>
where
    P: ItemRemoval,
    A: AstraApi,
    S: RemovalStore + AstraStore,
    V: Vault,
    C: Clock,
{
    let desk = deps.astra.as_ref().map(|astra| Desk {
        astra,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    });
    if let Some(desk) = desk.as_ref().filter(|_| !forced) {
        Box::pin(desk.make_way(user_id, item_id, deadline)).await?;
    }
    let patience = if forced { Duration::ZERO } else { PATIENCE };
    let removal = Removal {
        plaid: &deps.plaid,
        elsewhere: &AtAstraFirst { desk, patience },
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    let removed = removal.run(user_id, item_id, Cause::Removal, deadline);
    Ok(match Box::pin(removed).await? {
        Removed::Gone => empty(StatusCode::NO_CONTENT),
        Removed::Later(item) => json_response(StatusCode::ACCEPTED, render_item(&item, None)),
    })
}

/// Whether the Item is to go whatever Astra says.
fn forced(request: &Request) -> Result<bool, Problem> {
    let query = request.query_string_parameters_ref();
    match query.and_then(|query| query.first("force")) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field(
            Code::InvalidParameter,
            "force",
            "must be true or false.",
        )),
    }
}

/// Only the wish is recorded here; Items at Plaid and pages of records take their time.
async fn erase_user<P, A, S: Erasures, V, C: Clock>(
    deps: &Deps<P, A, S, V, C>,
    user_id: &UserId,
) -> Result<Response<Body>, Problem> {
    deps.store.wish_erasure(user_id, deps.clock.now()).await?;
    tracing::info!("a user is to be erased");
    Ok(empty(StatusCode::ACCEPTED))
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}
