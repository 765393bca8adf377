//! Processor tokens: one account of an Item, handed to one partner.

use serde_json::json;

use super::{Answer, Call, accounts};
use crate::webhooks::body;
use crate::wire::error::PlaidError;
use crate::wire::request::Request;
use crate::world::World;
use crate::world::ids;
use crate::world::item::{Item, Verification};
use crate::world::settings::Repeat;
use crate::world::tokens::ProcessorToken;

/// Partners that move money: they need Auth and an account that can be debited.
const MONEY_MOVERS: &[&str] = &[
    "achq",
    "astra",
    "checkbook",
    "checkout",
    "circle",
    "dwolla",
    "modern_treasury",
    "moov",
    "sila_money",
    "straddle",
    "taba_pay",
    "treasury_prime",
    "unit",
];

pub(super) fn create(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let (account_id, processor) = (request.text("account_id"), request.text("processor"));
    let item = call
        .world
        .usable_item_of(request.text("access_token"), "/processor/token/create")?;
    check_partner(call.world, item, account_id, processor)?;
    let item_id = item.item_id.clone();
    let same = call.world.settings().processor_token_repeat == Repeat::Same;
    let token = same
        .then(|| existing(call.world, &item_id, account_id, processor))
        .flatten()
        .unwrap_or_else(|| issue(call, &item_id, account_id, processor));
    Ok(json!({"processor_token": token}))
}

fn check_partner(
    world: &World,
    item: &Item,
    account_id: &str,
    processor: &str,
) -> Result<(), PlaidError> {
    let settings = world.settings();
    let account = item
        .account(account_id)
        .ok_or_else(|| PlaidError::of("INVALID_ACCOUNT_ID"))?;
    if settings
        .enabled_processors
        .is_some_and(|on| !on.iter().any(|name| name == processor))
    {
        return Err(PlaidError::of("INVALID_PRODUCT")
            .saying(format!("the processor {processor} is not switched on")));
    }
    if !MONEY_MOVERS.contains(&processor) {
        return Ok(());
    }
    if !item.has_product("auth") {
        return Err(PlaidError::of("INVALID_PRODUCT")
            .saying(format!("{processor} needs an Item with auth")));
    }
    if !account.is_debitable() {
        return Err(PlaidError::of("ITEM_NOT_SUPPORTED")
            .saying(format!("{processor} does not take accounts of this type")));
    }
    if settings.processor_token_while_pending && account.verification() == Verification::Pending {
        return Ok(());
    }
    accounts::verified(account)
}

fn existing(world: &World, item_id: &str, account_id: &str, processor: &str) -> Option<String> {
    let mut tokens = world.processor_tokens.iter();
    let found = tokens.find(|(_, token)| {
        token.item_id == item_id && token.account_id == account_id && token.processor == processor
    });
    found.map(|(token, _)| token.clone())
}

/// A new token, whatever tokens there are.
pub(super) fn issue(
    call: &mut Call<'_>,
    item_id: &str,
    account_id: &str,
    processor: &str,
) -> String {
    let token = ids::token("processor");
    let row = ProcessorToken {
        item_id: item_id.to_owned(),
        account_id: account_id.to_owned(),
        processor: processor.to_owned(),
        products: Vec::new(),
        webhook: None,
        created_at: call.now,
    };
    call.world.processor_tokens.insert(token.clone(), row);
    token
}

pub(super) fn set_permissions(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let token = request.text("processor_token");
    call.world.processor_token(token)?;
    if let Some(token) = call.world.processor_tokens.get_mut(token) {
        token.products = request.texts("products");
    }
    Ok(json!({}))
}

pub(super) fn get_permissions(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let (token, _) = call
        .world
        .processor_token(request.text("processor_token"))?;
    Ok(json!({"products": token.products}))
}

/// The URL of the partner, not of the Item.
pub(super) fn update_webhook(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let token = request.text("processor_token");
    let (found, _) = call.world.processor_token(token)?;
    let account_id = found.account_id.clone();
    let url = request.maybe("webhook").map(str::to_owned);
    if let Some(token) = call.world.processor_tokens.get_mut(token) {
        token.webhook.clone_from(&url);
    }
    if let Some(url) = url {
        let body = body::processor_acknowledged(&account_id, &url);
        call.world.send_webhook(&url, &body, None, call.now);
    }
    Ok(json!({}))
}

/// The numbers of the token's account: what a partner asks for.
pub(super) fn auth(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let (token, item) = call
        .world
        .processor_token(request.text("processor_token"))?;
    call.world.usable(item, "/processor/auth/get")?;
    if !token.products.is_empty() && !token.products.iter().any(|product| product == "auth") {
        return Err(PlaidError::of("INVALID_PRODUCT")
            .saying("the processor_token is not allowed to use auth"));
    }
    let account = item
        .account(&token.account_id)
        .ok_or_else(|| PlaidError::of("INVALID_ACCOUNT_ID"))?;
    if !account.is_debitable() {
        return Err(PlaidError::of("NO_AUTH_ACCOUNTS"));
    }
    accounts::verified(account)?;
    Ok(json!({
        "account": account.view(),
        "numbers": {"ach": account.ach(), "bacs": null, "eft": null, "international": null},
    }))
}
