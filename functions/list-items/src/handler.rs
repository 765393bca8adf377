//! From the event to the table and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use shared::domain::{ItemId, UserId};
use shared::http::{ItemView, Problem, caller, invoke, json_response, route_key};
use shared::ports::{Changes, Clock, ItemRecords};

use crate::pages::render;
use crate::{Deps, pages};

/// What a request is about.
enum Asked {
    Item(ItemId),
    Items,
    Changes,
}

/// Answers one request.
pub async fn handler<S: ItemRecords + Changes, C: Clock>(
    deps: &Deps<S, C>,
    request: Request,
) -> Response<Body> {
    invoke(
        "list-items",
        &deps.clock,
        request,
        |_, request| async move {
            let user_id = caller(&request)?.user_id;
            let asked = asked(&request).ok_or_else(|| Problem::not_found("Item"))?;
            let body = match asked {
                Asked::Item(item_id) => item(&deps.store, &user_id, &item_id).await?,
                Asked::Items => pages::items(&deps.store, &user_id, &request).await?,
                Asked::Changes => {
                    pages::changes(&deps.store, &user_id, &request, deps.clock.now()).await?
                }
            };
            Ok(json_response(StatusCode::OK, body))
        },
    )
    .await
}

/// Nothing on a route that is not ours.
fn asked(request: &Request) -> Option<Asked> {
    match route_key(request)? {
        "GET /v1/items" | "GET /v1/server/users/{user_id}/items" => Some(Asked::Items),
        "GET /v1/items/{item_id}" | "GET /v1/server/users/{user_id}/items/{item_id}" => {
            let item_id = request.path_parameters_ref()?.first("item_id")?;
            Some(Asked::Item(ItemId::new(item_id)))
        }
        "GET /v1/server/users/{user_id}/changes" => Some(Asked::Changes),
        _ => None,
    }
}

async fn item<S: ItemRecords>(
    store: &S,
    user_id: &UserId,
    item_id: &ItemId,
) -> Result<String, Problem> {
    let item = store.item(user_id, item_id).await?;
    let item = item.ok_or_else(|| Problem::not_found("Item"))?;
    Ok(render(&ItemView::of(&item)))
}
