//! The background task that delivers webhooks and lets time do its work.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::task::JoinSet;

use super::schedule::{next_attempt, retry_after};
use super::{Attempt, Webhook};
use crate::Simulator;

/// One attempt that is about to be made.
struct Parcel {
    id: String,
    url: String,
    body: String,
    header: Option<String>,
    at: Timestamp,
    iat: i64,
    kid: String,
    timeout: Duration,
}

/// Runs until dropped.
pub(crate) async fn run(simulator: Simulator) {
    let mut attempts = JoinSet::new();
    loop {
        // Before the look at the state: a change after it must wake us.
        let changed = simulator.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        for parcel in take_due(&simulator) {
            attempts.spawn(attempt(simulator.clone(), parcel));
        }
        let next = next_event(&simulator);
        tokio::select! {
            () = &mut changed => {}
            () = sleep_until(&simulator, next) => {}
            Some(_) = attempts.join_next() => {}
        }
    }
}

async fn sleep_until(simulator: &Simulator, at: Option<Timestamp>) {
    match at {
        Some(at) => simulator.clock().sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// When something is due next that is not already under way.
fn next_event(simulator: &Simulator) -> Option<Timestamp> {
    simulator.look(|state| {
        let webhooks = state.world.webhooks.iter();
        let attempts = webhooks
            .filter(|(id, _)| !state.in_flight.contains(*id))
            .filter_map(|(_, webhook)| webhook.next_attempt_at);
        attempts.chain(state.world.next_due()).min()
    })
}

/// Signs what is due and marks it as being under way.
fn take_due(simulator: &Simulator) -> Vec<Parcel> {
    let clock = simulator.clock();
    let taken = simulator.change(|state| {
        let now = clock.now();
        let due: Vec<String> = state
            .world
            .webhooks
            .iter()
            .filter(|(id, webhook)| {
                webhook.next_attempt_at.is_some_and(|at| at <= now)
                    && !state.in_flight.contains(*id)
            })
            .map(|(id, _)| id.clone())
            .collect();
        let timeout = Duration::from_millis(state.world.settings().webhook_timeout_ms);
        let keep_iat = state.world.settings().keep_iat_on_retry;
        let mut parcels = Vec::new();
        for id in due {
            let Some(key) = state.world.signing_key().cloned() else {
                continue;
            };
            let Some(webhook) = state.world.webhooks.get_mut(&id) else {
                continue;
            };
            let first = *webhook.first_signed_at.get_or_insert(now);
            let signed_at = if keep_iat {
                clock.shown(first)
            } else {
                clock.callers_now()
            };
            let iat = signed_at.as_second() + webhook.forgery.iat_offset_seconds;
            let Ok(header) = key.header(webhook.body.as_bytes(), iat, &webhook.forgery) else {
                continue;
            };
            parcels.push(Parcel {
                id: id.clone(),
                url: webhook.url.clone(),
                body: webhook.body.clone(),
                header,
                at: now,
                iat,
                kid: key.kid,
                timeout,
            });
            state.in_flight.insert(id);
        }
        parcels
    });
    taken.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot save the state; webhooks wait");
        Vec::new()
    })
}

async fn attempt(simulator: Simulator, parcel: Parcel) {
    let answer = post(&simulator, &parcel).await;
    let Parcel {
        id, at, iat, kid, ..
    } = parcel;
    let now = simulator.clock().callers_now();
    let (status, error, retry_after) = match answer {
        Ok(answer) => {
            let header = answer.headers().get(RETRY_AFTER);
            let wait = header.and_then(|value| retry_after(value.to_str().ok()?, now));
            (Some(answer.status().as_u16()), None, wait)
        }
        Err(error) => (None, Some(reason(&error)), None),
    };
    let attempt = Attempt {
        at,
        status,
        error,
        iat,
        kid,
        retry_after,
    };
    tracing::debug!(webhook = id, status, "webhook tried");
    let saved = simulator.change(|state| {
        state.in_flight.remove(&id);
        if let Some(webhook) = state.world.webhooks.get_mut(&id) {
            webhook.attempts.push(attempt);
            webhook.next_attempt_at = if webhook.delivered() {
                None
            } else {
                next_attempt(webhook)
            };
            let webhook = webhook.clone();
            finish(&mut state.world, &id, &webhook, at);
        }
    });
    if let Err(error) = saved {
        tracing::error!(%error, "cannot save how a webhook went");
    }
}

/// What an attempt means beyond its own webhook.
fn finish(world: &mut crate::world::World, id: &str, webhook: &Webhook, at: Timestamp) {
    if webhook.next_attempt_at.is_some()
        && world.is_rejecting(&webhook.url, at)
        && let Some(webhook) = world.webhooks.get_mut(id)
    {
        webhook.next_attempt_at = None;
    }
    let item = webhook
        .item_id
        .as_deref()
        .and_then(|id| world.items.get_mut(id));
    if let (Some(item), Some(code)) = (item, &webhook.webhook_code) {
        item.last_webhook = Some(crate::world::item::LastWebhook {
            sent_at: at,
            code_sent: code.clone(),
        });
    }
}

async fn post(simulator: &Simulator, parcel: &Parcel) -> reqwest::Result<reqwest::Response> {
    let mut request = simulator
        .http()
        .post(&parcel.url)
        .timeout(parcel.timeout)
        .header(CONTENT_TYPE, "application/json")
        .body(parcel.body.clone());
    if let Some(header) = &parcel.header {
        request = request.header("Plaid-Verification", header);
    }
    request.send().await
}

fn reason(error: &reqwest::Error) -> String {
    let reason = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the exchange failed"
    };
    reason.to_owned()
}
