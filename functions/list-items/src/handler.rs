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
            let body = match asked(&request) {
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

fn asked(request: &Request) -> Asked {
    let path = request.path_parameters_ref();
    let item_id = path.and_then(|path| path.first("item_id"));
    let of_changes = route_key(request).is_some_and(|route| route.ends_with("/changes"));
    match item_id {
        Some(item_id) => Asked::Item(ItemId::new(item_id)),
        None if of_changes => Asked::Changes,
        None => Asked::Items,
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
