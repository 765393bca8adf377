//! Webhooks: what was sent, and sending more.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use jiff::SignedDuration;
use sandbox_kit::pretty;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;
use crate::webhooks::{Forgery, Webhook, body as bodies};
use crate::wire::check::is_url;
use crate::world::World;

/// The most copies of a webhook that one call sends.
const MOST_COPIES: usize = 1_000;

pub(super) async fn list(State(simulator): State<Simulator>) -> Response {
    respond(Ok(simulator.look(|state| {
        let webhooks = state.world.webhooks.iter();
        let webhooks: Vec<Value> = webhooks
            .map(|(id, webhook)| webhook.view(id, simulator.clock()))
            .collect();
        json!({"webhooks": webhooks})
    })))
}

/// Forgets all webhooks; those that wait for a retry are given up.
pub(super) async fn clear(State(simulator): State<Simulator>) -> Response {
    let cleared = simulator.change(|state| {
        let ids: Vec<String> = state.world.webhooks.keys().cloned().collect();
        for id in &ids {
            state.world.webhooks.remove(id);
        }
        json!({"removed": ids.len()})
    });
    respond(cleared.map_err(Refusal::from))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    item_id: Option<String>,
    url: Option<String>,
    webhook_type: Option<String>,
    webhook_code: Option<String>,
    /// Replaces or adds fields of the body that type and code give.
    fields: Option<Map<String, Value>>,
    /// A whole body, in Plaid's formatting.
    body: Option<Map<String, Value>>,
    /// The exact bytes.
    raw_body: Option<String>,
    copies: Option<usize>,
    #[serde(default)]
    iat_offset_seconds: i64,
    tamper: Option<crate::webhooks::Tamper>,
}

pub(super) async fn send(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(send_all(&simulator, &body))
}

fn send_all(simulator: &Simulator, body: &Bytes) -> Controlled {
    let send: Send = parse(body)?;
    let copies = send.copies.unwrap_or(1);
    if !(1..=MOST_COPIES).contains(&copies) {
        return Err(Refusal::bad(format!("copies is 1 to {MOST_COPIES}")));
    }
    simulator.change(|state| {
        let webhook = webhook(&send, &state.world, simulator)?;
        let ids: Vec<String> = (0..copies)
            .map(|_| state.world.queue_webhook(webhook.clone()))
            .collect();
        Ok(json!({"webhook_ids": ids}))
    })?
}

/// Signs a webhook for somebody who sends it.
pub(super) async fn sign(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(sign_one(&simulator, &body))
}

fn sign_one(simulator: &Simulator, body: &Bytes) -> Controlled {
    let send: Send = parse(body)?;
    if send.copies.is_some() {
        return Err(Refusal::bad("copies is for those that are sent"));
    }
    simulator.look(|state| {
        let webhook = webhook(&send, &state.world, simulator)?;
        let key = state.world.signing_key();
        let key = key.ok_or_else(|| Refusal::not_found("signing key"))?;
        let iat = simulator.clock().callers_now().as_second() + send.iat_offset_seconds;
        let header = key.header(webhook.body.as_bytes(), iat, &webhook.forgery);
        let header = header.map_err(|error| Refusal::bad(error.to_string()))?;
        Ok(json!({"url": webhook.url, "plaid_verification": header, "body": webhook.body}))
    })
}

fn webhook(send: &Send, world: &World, simulator: &Simulator) -> Result<Webhook, Refusal> {
    let now = simulator.clock().now();
    let item = match &send.item_id {
        // A removed Item has webhooks too: they come late.
        Some(id) => Some(
            world
                .items
                .get(id)
                .ok_or_else(|| Refusal::not_found("Item"))?,
        ),
        None => None,
    };
    let url = send
        .url
        .clone()
        .or_else(|| item.and_then(|item| item.webhook.clone()))
        .filter(|url| is_url(url))
        .ok_or_else(|| Refusal::bad("no URL to send to: give url, or an Item that has one"))?;
    let (value, text) = body(send, item, simulator)?;
    let named = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Webhook {
        url,
        body: text,
        webhook_type: named("webhook_type"),
        webhook_code: named("webhook_code"),
        item_id: send.item_id.clone(),
        created_at: now,
        first_signed_at: None,
        next_attempt_at: Some(now),
        attempts: Vec::new(),
        forgery: Forgery {
            iat_offset_seconds: send.iat_offset_seconds,
            tamper: send.tamper,
        },
    })
}

/// The body as JSON, and the text that is sent.
fn body(
    send: &Send,
    item: Option<&crate::world::item::Item>,
    simulator: &Simulator,
) -> Result<(Value, String), Refusal> {
    if let Some(raw) = &send.raw_body {
        return Ok((
            serde_json::from_str(raw).unwrap_or(Value::Null),
            raw.clone(),
        ));
    }
    let clock = simulator.clock();
    let mut value = match (&send.body, &send.webhook_type, &send.webhook_code) {
        (Some(body), None, None) => Value::Object(body.clone()),
        (None, Some(kind), Some(code)) => match item {
            Some(item) => bodies::sample(item, kind, code, clock),
            None => bodies::sample_without_item(kind, code, clock),
        },
        _ => {
            return Err(Refusal::bad(
                "give body, raw_body, or webhook_type and webhook_code",
            ));
        }
    };
    if let (Some(value), Some(fields)) = (value.as_object_mut(), &send.fields) {
        value.extend(fields.clone());
    }
    let text = pretty(&value);
    Ok((value, text))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// How long the old key still counts.
    #[serde(default)]
    expires_in_seconds: i64,
}

pub(super) async fn rotate_key(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(rotate(&simulator, &body))
}

fn rotate(simulator: &Simulator, body: &Bytes) -> Controlled {
    let Rotate { expires_in_seconds } = parse(body)?;
    let now = simulator.clock().now();
    let expiry = now
        .checked_add(SignedDuration::from_secs(expires_in_seconds))
        .map_err(|error| Refusal::bad(error.to_string()))?;
    let kid = simulator
        .change(|state| state.world.rotate_key(now, expiry))?
        .map_err(|error| Refusal::bad(error.to_string()))?;
    Ok(json!({"kid": kid}))
}
