//! Items.

use serde_json::json;

use super::{Answer, Call};
use crate::webhooks::body;
use crate::wire::request::Request;
use crate::world::item::ItemState;

pub(super) fn get(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item = call.world.item_of(request.text("access_token"))?;
    let mut view = item.view(call.clock);
    if let Some(view) = view.as_object_mut() {
        // Only here; the same Item in other answers does not have it.
        view.insert(
            "created_at".to_owned(),
            json!(call.clock.stamp(item.created_at)),
        );
        view.insert("consented_use_cases".to_owned(), json!([]));
        view.insert(
            "consented_data_scopes".to_owned(),
            json!(["account_balance_info", "account_routing_number"]),
        );
    }
    let last_webhook = item.last_webhook.as_ref().map(
        |last| json!({"code_sent": last.code_sent, "sent_at": call.clock.stamp(last.sent_at)}),
    );
    Ok(json!({
        "item": view,
        "status": {"investments": null, "last_webhook": last_webhook, "transactions": null},
    }))
}

/// Ends the Item, its access token and all its processor tokens.
pub(super) fn remove(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item_id = call
        .world
        .item_of(request.text("access_token"))?
        .item_id
        .clone();
    if let Some(item) = call.world.items.get_mut(&item_id) {
        item.state = ItemState::Removed;
    }
    Ok(json!({}))
}

/// Sets or takes away the URL, and tells the new one.
pub(super) fn update_webhook(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item_id = call
        .world
        .item_of(request.text("access_token"))?
        .item_id
        .clone();
    let url = request.maybe("webhook").map(str::to_owned);
    if let Some(item) = call.world.items.get_mut(&item_id) {
        item.webhook.clone_from(&url);
    }
    if let Some(url) = url {
        call.world.notify(&item_id, call.clock, |item| {
            body::webhook_acknowledged(item, &url)
        });
    }
    let item = call.world.live(&item_id)?;
    Ok(json!({"item": item.view(call.clock)}))
}
