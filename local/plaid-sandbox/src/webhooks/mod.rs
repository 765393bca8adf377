//! Webhooks: records of what is sent, how it is signed, when it is tried again.

pub(crate) mod body;
pub(crate) mod deliver;
pub(crate) mod schedule;
pub(crate) mod sign;

use jiff::Timestamp;
use sandbox_kit::Clock;
use sandbox_kit::pretty;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::World;
use crate::world::table::numbered;

/// How many webhooks are remembered. Older ones that are done with are forgotten.
const REMEMBERED: usize = 2_000;

/// A webhook and its attempts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are Plaid's")]
pub(crate) struct Webhook {
    pub(crate) url: String,
    /// The exact bytes.
    pub(crate) body: String,
    pub(crate) webhook_type: Option<String>,
    pub(crate) webhook_code: Option<String>,
    pub(crate) item_id: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) first_signed_at: Option<Timestamp>,
    /// When it is sent next; `None` when delivered or given up.
    pub(crate) next_attempt_at: Option<Timestamp>,
    pub(crate) attempts: Vec<Attempt>,
    #[serde(default)]
    pub(crate) forgery: Forgery,
}

/// How one attempt went.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    /// The receiver's status, if it answered.
    pub(crate) status: Option<u16>,
    /// Why it did not answer.
    pub(crate) error: Option<String>,
    pub(crate) iat: i64,
    pub(crate) kid: String,
    /// The wait that the receiver asked for, in seconds.
    pub(crate) retry_after: Option<i64>,
}

impl Attempt {
    pub(crate) fn delivered(&self) -> bool {
        self.status == Some(200)
    }
}

/// What is wrong with a webhook's signature, on purpose.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Forgery {
    /// Seconds to add to `iat`.
    pub(crate) iat_offset_seconds: i64,
    /// One of `signature`, `body`, `kid`, `alg`, `no_header`.
    pub(crate) tamper: Option<Tamper>,
}

/// See [`Forgery::tamper`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tamper {
    /// The signature is of something else.
    Signature,
    /// The hash is of another body.
    Body,
    /// The key id is unknown.
    Kid,
    /// The header says `alg: none`.
    Alg,
    /// There is no header at all.
    NoHeader,
}

impl Webhook {
    pub(crate) fn delivered(&self) -> bool {
        self.attempts.iter().any(Attempt::delivered)
    }

    pub(crate) fn state(&self) -> &'static str {
        match (self.delivered(), self.next_attempt_at) {
            (true, _) => "delivered",
            (false, Some(_)) => "pending",
            (false, None) => "given_up",
        }
    }

    /// As in `GET /simulator/webhooks`.
    pub(crate) fn view(&self, id: &str, clock: &Clock) -> Value {
        let attempts = self.attempts.iter().map(|attempt| {
            json!({
                "at": clock.stamp(attempt.at),
                "status": attempt.status,
                "error": attempt.error,
                "iat": attempt.iat,
                "kid": attempt.kid,
            })
        });
        json!({
            "id": id,
            "url": self.url,
            "webhook_type": self.webhook_type,
            "webhook_code": self.webhook_code,
            "item_id": self.item_id,
            "body": self.body,
            "state": self.state(),
            "created_at": clock.stamp(self.created_at),
            "next_attempt_at": self.next_attempt_at.map(|at| clock.stamp(at)),
            "attempts": attempts.collect::<Vec<_>>(),
        })
    }
}

impl World {
    /// Queues a webhook in Plaid's formatting; the delivery task does the rest.
    pub(crate) fn send_webhook(
        &mut self,
        url: &str,
        body: &Value,
        item_id: Option<&str>,
        now: Timestamp,
    ) -> String {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        self.queue_webhook(Webhook {
            url: url.to_owned(),
            body: pretty(body),
            webhook_type: text("webhook_type"),
            webhook_code: text("webhook_code"),
            item_id: item_id.map(str::to_owned),
            created_at: now,
            first_signed_at: None,
            next_attempt_at: Some(now),
            attempts: Vec::new(),
            forgery: Forgery::default(),
        })
    }

    /// Queues a webhook and returns its number.
    pub(crate) fn queue_webhook(&mut self, webhook: Webhook) -> String {
        let id = numbered(self.webhooks.next_number());
        self.webhooks.insert(id.clone(), webhook);
        if self.webhooks.len() > REMEMBERED {
            let done = self
                .webhooks
                .iter()
                .find(|(_, old)| old.next_attempt_at.is_none());
            if let Some(oldest) = done.map(|(key, _)| key.clone()) {
                self.webhooks.remove(&oldest);
            }
        }
        id
    }
}
