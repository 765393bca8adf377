//! From the event to the use case and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use shared::domain::{Cause, Deadline, ItemId, UserId};
use shared::http::{CallerKind, Problem, caller, invoke, json_response, render_item};
use shared::ports::{Clock, Erasures, ItemRemoval, Vault};
use shared::use_cases::removal::{Removal, RemovalStore, Removed};

use crate::Deps;

/// Answers one request.
pub async fn handler<P, S, V, C>(deps: &Deps<P, S, V, C>, request: Request) -> Response<Body>
where
    P: ItemRemoval,
    S: RemovalStore + Erasures,
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
                    remove_item(deps, &caller.user_id, &item_id, invocation.deadline).await
                }
                (CallerKind::Server, None) => erase_user(deps, &caller.user_id).await,
                (CallerKind::User, None) => Err(Problem::not_found("Item")),
            }
        },
    )
    .await
}

/// Gone, or on its way: the intent is recorded before Plaid is asked.
async fn remove_item<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    user_id: &UserId,
    item_id: &ItemId,
    deadline: Deadline,
) -> Result<Response<Body>, Problem>
where
    P: ItemRemoval,
    S: RemovalStore,
    V: Vault,
    C: Clock,
{
    let removal = Removal {
        plaid: &deps.plaid,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    };
    let removed = removal.run(user_id, item_id, Cause::Removal, deadline);
    Ok(match removed.await? {
        Removed::Gone => empty(StatusCode::NO_CONTENT),
        Removed::Later(item) => json_response(StatusCode::ACCEPTED, render_item(&item, None)),
    })
}

/// Only the wish is recorded here; Items at Plaid and pages of records take their time.
async fn erase_user<P, S: Erasures, V, C: Clock>(
    deps: &Deps<P, S, V, C>,
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
