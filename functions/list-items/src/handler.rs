//! From the event to the table and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;
use shared::domain::{ItemId, UserId};
use shared::http::{Code, ItemView, Problem, caller, invoke, json_response};
use shared::ports::{Clock, ItemRecords};

use crate::{Deps, cursor};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

#[derive(Serialize)]
struct Page<'a> {
    items: Vec<ItemView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Answers one request.
pub async fn handler<S: ItemRecords, C: Clock>(
    deps: &Deps<S, C>,
    request: Request,
) -> Response<Body> {
    invoke(
        "list-items",
        &deps.clock,
        request,
        |_, request| async move {
            let user_id = caller(&request)?;
            let body = match request
                .path_parameters_ref()
                .and_then(|path| path.first("item_id"))
            {
                Some(item_id) => one(deps, &user_id, &ItemId::new(item_id)).await?,
                None => page(deps, &user_id, &request).await?,
            };
            Ok(json_response(StatusCode::OK, body))
        },
    )
    .await
}

async fn one<S: ItemRecords, C: Clock>(
    deps: &Deps<S, C>,
    user_id: &UserId,
    item_id: &ItemId,
) -> Result<String, Problem> {
    let item = deps.store.item(user_id, item_id).await?;
    let item = item.ok_or_else(|| Problem::not_found("Item"))?;
    Ok(render(&ItemView::of(&item)))
}

async fn page<S: ItemRecords, C: Clock>(
    deps: &Deps<S, C>,
    user_id: &UserId,
    request: &Request,
) -> Result<String, Problem> {
    let after = parameter(request, "cursor")
        .map(|text| read_cursor(user_id, text))
        .transpose()?;
    let limit = parameter(request, "limit").map_or(Ok(DEFAULT_LIMIT), read_limit)?;
    let page = deps.store.items(user_id, after.as_ref(), limit).await?;
    Ok(render(&Page {
        items: page.items.iter().map(ItemView::of).collect(),
        next_cursor: page.next.map(|next| cursor::write(user_id, &next)),
    }))
}

fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .query_string_parameters_ref()
        .and_then(|query| query.first(name))
}

fn read_cursor(user_id: &UserId, text: &str) -> Result<ItemId, Problem> {
    cursor::read(user_id, text).ok_or_else(|| {
        let rule = "must be the next_cursor of an answer that you got.";
        Problem::field(Code::InvalidParameter, "cursor", rule)
    })
}

fn read_limit(text: &str) -> Result<u32, Problem> {
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| {
            let rule = format!("must be a number from 1 to {MAX_LIMIT}.");
            Problem::field(Code::InvalidParameter, "limit", rule)
        })
}

fn render<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_default()
}
