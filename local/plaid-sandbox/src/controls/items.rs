//! Items as they really are, and changes to that truth.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use sandbox_kit::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;
use crate::webhooks::body as bodies;
use crate::wire::error::PlaidError;
use crate::world::World;
use crate::world::item::{Account, Item, ItemState};

/// Every live Item: what an integration must know of, or it has lost one.
pub(super) async fn list(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|state| {
        let live = state
            .world
            .items
            .values()
            .filter(|item| item.state == ItemState::Live);
        let counts = processor_tokens(&state.world);
        let items: Vec<Value> = live
            .map(|item| view(&counts, item, simulator.clock()))
            .collect();
        json!({"items": items})
    })))
}

/// How many processor tokens each Item has.
fn processor_tokens(world: &World) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for token in world.processor_tokens.values() {
        *counts.entry(token.item_id.as_str()).or_default() += 1;
    }
    counts
}

fn view(processor_tokens: &BTreeMap<&str, u64>, item: &Item, clock: &Clock) -> Value {
    let token_hash = item
        .access_token
        .as_ref()
        .map(|token| hex::encode(digest(&SHA256, token.as_bytes())));
    let account_ids = item.accounts.iter().map(|account| &account.account_id);
    json!({
        "access_token_sha256": token_hash,
        "account_ids": account_ids.collect::<Vec<_>>(),
        "created_at": clock.stamp(item.created_at),
        "error": item.error.as_ref().map(|error| error.error_code.clone()),
        "institution_id": item.institution_id,
        "item_id": item.item_id,
        "processor_tokens": processor_tokens.get(item.item_id.as_str()).unwrap_or(&0),
        "products": item.products,
        "state": item.state,
        "username": item.username,
        "webhook": item.webhook,
    })
}

/// The same with all accounts, which would swell a list of many Items.
fn whole_view(world: &World, item: &Item, clock: &Clock) -> Value {
    let mut view = view(&processor_tokens(world), item, clock);
    if let Some(view) = view.as_object_mut() {
        view.insert(
            "accounts".to_owned(),
            item.accounts.iter().map(Account::view).collect(),
        );
    }
    view
}

/// One Item, pending and removed ones included.
pub(super) async fn get(
    State(simulator): State<Simulator>,
    Path(item_id): Path<String>,
) -> Response {
    respond(simulator.look(|state| {
        let item = state
            .world
            .items
            .get(&item_id)
            .ok_or_else(|| Refusal::not_found("Item"))?;
        Ok(whole_view(&state.world, item, simulator.clock()))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// `null` heals the Item.
    #[serde(default)]
    error: Wish<NewError>,
    #[serde(default)]
    consent_expiration_time: Wish<Timestamp>,
    products: Option<Vec<String>>,
    #[serde(default)]
    revoke: bool,
    /// Also send the webhook that Plaid sends for the change.
    #[serde(default)]
    fire_webhook: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are Plaid's")]
struct NewError {
    error_type: Option<String>,
    error_code: String,
    error_message: Option<String>,
}

/// What a test wants of a field that may be null.
#[derive(Default)]
enum Wish<T> {
    #[default]
    Keep,
    Set(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wish<T> {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Option::deserialize(value).map(Self::Set)
    }
}

impl NewError {
    fn error(self) -> PlaidError {
        let mut error = PlaidError::of(&self.error_code);
        error.error_type = self.error_type.unwrap_or(error.error_type);
        error.error_message = self.error_message.unwrap_or(error.error_message);
        error
    }
}

pub(super) async fn change(
    State(simulator): State<Simulator>,
    Path(item_id): Path<String>,
    body: Bytes,
) -> Response {
    respond(change_item(&simulator, &item_id, &body))
}

fn change_item(simulator: &Simulator, item_id: &str, body: &Bytes) -> Controlled {
    let change: Change = parse(body)?;
    let clock = simulator.clock();
    simulator.change(|state| {
        let item = live(&mut state.world, item_id)?;
        let mut webhook: Option<fn(&Item) -> Value> = None;
        if let Wish::Set(error) = change.error {
            webhook = Some(if error.is_some() {
                bodies::item_error
            } else {
                bodies::login_repaired
            });
            if error.is_none() {
                item.logged_in_at = clock.now();
            }
            item.error = error.map(NewError::error);
        }
        if change.revoke {
            item.error = Some(PlaidError::of("USER_PERMISSION_REVOKED"));
            webhook = Some(bodies::permission_revoked);
        }
        if let Wish::Set(at) = change.consent_expiration_time {
            item.consent_expires_at = at;
        }
        if let Some(products) = change.products {
            item.products = products;
        }
        state.world.plan(item_id);
        if let Some(webhook) = webhook.filter(|_| change.fire_webhook) {
            state.world.notify(item_id, clock, webhook);
        }
        let item = state.world.live(item_id)?;
        Ok(whole_view(&state.world, item, clock))
    })?
}

/// A live Item, to be changed.
pub(super) fn live<'a>(world: &'a mut World, item_id: &str) -> Result<&'a mut Item, Refusal> {
    world
        .items
        .get_mut(item_id)
        .filter(|item| item.state == ItemState::Live)
        .ok_or_else(|| Refusal::not_found("live Item"))
}
