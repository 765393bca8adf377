//! From public token to access token, and from one access token to the next.

use serde_json::json;

use super::{Answer, Call};
use crate::wire::error::PlaidError;
use crate::wire::request::Request;
use crate::world::World;
use crate::world::ids;
use crate::world::item::ItemState;
use crate::world::settings::SecondExchange;
use crate::world::tokens::AccessToken;

/// Makes the Item live.
pub(super) fn exchange(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let public_token = request.text("public_token");
    let found = call.world.public_token(public_token, call.now)?.clone();
    if found.exchanged {
        return second_exchange(call, &found.item_id);
    }
    if let Some(token) = call.world.public_tokens.get_mut(public_token) {
        token.exchanged = true;
    }
    let access_token = ids::token("access");
    go_live(call.world, &found.item_id, &access_token);
    Ok(json!({"access_token": access_token, "item_id": found.item_id}))
}

/// Gives a pending Item its access token.
pub(super) fn go_live(world: &mut World, item_id: &str, access_token: &str) {
    if let Some(item) = world.items.get_mut(item_id) {
        item.state = ItemState::Live;
        item.access_token = Some(access_token.to_owned());
    }
    let row = AccessToken {
        item_id: item_id.to_owned(),
        invalidated: false,
    };
    world.access_tokens.insert(access_token.to_owned(), row);
    world.plan(item_id);
}

/// Whether Plaid allows it is not documented, so a test may choose.
fn second_exchange(call: &Call<'_>, item_id: &str) -> Answer {
    let refused =
        || PlaidError::of("INVALID_PUBLIC_TOKEN").saying("the public_token was exchanged before");
    if call.world.settings().second_exchange == SecondExchange::Refuse {
        return Err(refused());
    }
    let item = call.world.live(item_id).map_err(|_| refused())?;
    Ok(json!({"access_token": item.access_token, "item_id": item_id}))
}

/// Replaces an access token; the old one dies at once.
pub(super) fn invalidate(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let old = request.text("access_token");
    let item_id = call.world.item_of(old)?.item_id.clone();
    if let Some(token) = call.world.access_tokens.get_mut(old) {
        token.invalidated = true;
    }
    let new = ids::token("access");
    go_live(call.world, &item_id, &new);
    Ok(json!({"new_access_token": new}))
}
