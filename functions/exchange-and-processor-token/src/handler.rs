//! Which of the two routes was called.

use lambda_http::{Body, Request, RequestExt, Response};
use shared::domain::ItemId;
use shared::http::{caller, invoke};
use shared::ports::{Clock, Vault};
use shared::use_cases::exchange::{ExchangePlaid, ExchangeStore};
use shared::use_cases::item_sync::{SyncPlaid, SyncStore};

use crate::{Deps, another_account, link};

/// Answers one request.
pub async fn handler<P, S, V, C>(deps: &Deps<P, S, V, C>, request: Request) -> Response<Body>
where
    P: ExchangePlaid + SyncPlaid,
    S: ExchangeStore + SyncStore,
    V: Vault,
    C: Clock,
{
    invoke(
        "exchange-and-processor-token",
        &deps.clock,
        request,
        |invocation, request| async move {
            let caller = caller(&request)?;
            let path = request.path_parameters_ref();
            let item_id = path.and_then(|path| path.first("item_id")).map(ItemId::new);
            match item_id {
                Some(item_id) => {
                    another_account::token(deps, &caller, &item_id, &request, invocation.deadline)
                        .await
                }
                None => link::item(deps, caller.user_id, &request, invocation.deadline).await,
            }
        },
    )
    .await
}
