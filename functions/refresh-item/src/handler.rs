//! From the event to the use case and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use shared::domain::{Cause, ItemId};
use shared::http::{Problem, caller, invoke, json_response, render_item};
use shared::ports::{Clock, Vault};
use shared::use_cases::item_sync::{ItemSync, Occasion, SyncPlaid, SyncStore};

use crate::Deps;

/// Answers one request.
pub async fn handler<P, S, V, C>(deps: &Deps<P, S, V, C>, request: Request) -> Response<Body>
where
    P: SyncPlaid,
    S: SyncStore,
    V: Vault,
    C: Clock,
{
    invoke(
        "refresh-item",
        &deps.clock,
        request,
        |invocation, request| async move {
            let user_id = caller(&request)?.user_id;
            let path = request.path_parameters_ref();
            let item_id = path.and_then(|path| path.first("item_id")).map(ItemId::new);
            let item_id = item_id.ok_or_else(|| Problem::not_found("Item"))?;
            let sync = ItemSync {
                plaid: &deps.plaid,
                store: &deps.store,
                vault: &deps.vault,
                clock: &deps.clock,
                processor: &deps.processor,
            };
            let occasion = Occasion::of(Cause::UpdateMode);
            let item = sync.run(&user_id, &item_id, occasion, invocation.deadline);
            let item = Box::pin(item).await?;
            Ok(json_response(StatusCode::OK, render_item(&item, None)))
        },
    )
    .await
}
