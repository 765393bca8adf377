//! Plaid sends webhooks to a stack that has nothing else to do.

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Response};
use plaid_webhook::KeyCache;
use shared::domain::InboxRecord;
use shared::http::Code;
use shared::ports::Clock as _;
use shared::test_util::{Event, FixedClock, MemoryPlaid, MemoryStore, WebhookSigner, json};
use webhook_receipt::{Deps, handler};

pub const EVENT: &str = include_str!("../../../../events/webhook-receipt.json");
pub const SIGNATURE: &str = "/headers/plaid-verification";
pub const BODY: &str =
    "{\n  \"item_id\": \"I\",\n  \"webhook_code\": \"ERROR\",\n  \"webhook_type\": \"ITEM\"\n}";
const NOW: i64 = 1_795_348_800;

pub struct Scene {
    pub deps: Deps<MemoryPlaid, MemoryStore, FixedClock>,
    pub signer: WebhookSigner,
}

impl Scene {
    pub fn new() -> Self {
        let signer = WebhookSigner::new("example-key");
        let plaid = MemoryPlaid::default();
        plaid.world().keys.push(signer.key());
        let deps = Deps {
            plaid,
            keys: KeyCache::new(),
            store: MemoryStore::default(),
            clock: FixedClock::at_second(NOW),
        };
        Self { deps, signer }
    }

    /// The event with this body, signed that many seconds ago.
    pub fn signed(&self, body: &str, age: i64) -> Event {
        self.signed_by(&self.signer, body, age)
    }

    pub fn signed_by(&self, signer: &WebhookSigner, body: &str, age: i64) -> Event {
        let token = signer.sign(body.as_bytes(), self.ago(age));
        Event::read(EVENT).body(body).set(SIGNATURE, token)
    }

    /// The header for this body, signed that many seconds ago.
    pub fn token(&self, body: &str, age: i64) -> String {
        self.signer.sign(body.as_bytes(), self.ago(age))
    }

    fn ago(&self, seconds: i64) -> Timestamp {
        self.deps.clock.now() - SignedDuration::from_secs(seconds)
    }

    pub async fn send(&self, event: Event) -> Response<Body> {
        let deadline = self.deps.clock.now().as_millisecond() + 8000;
        handler(&self.deps, event.request(deadline)).await
    }

    /// The status of the answer to a webhook with this body, signed just now.
    pub async fn post(&self, body: &str) -> u16 {
        self.send(self.signed(body, 0)).await.status().as_u16()
    }

    pub fn inbox(&self) -> Vec<InboxRecord> {
        self.deps.store.records().inbox.values().cloned().collect()
    }

    /// How often Plaid was asked for a key.
    pub fn lookups(&self) -> usize {
        self.deps.plaid.world().calls.len()
    }
}

pub fn refused(response: &Response<Body>) -> bool {
    response.status() == 401 && json(response)["code"] == Code::WebhookNotVerified.as_str()
}

/// Status and code of a problem.
pub fn problem(response: &Response<Body>) -> (u16, String) {
    let code = json(response)["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (response.status().as_u16(), code)
}
