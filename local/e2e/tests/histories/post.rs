//! How webhooks come to us: an address to which Plaid posts, and what becomes of each
//! attempt on its way. Everything that passed is kept, for the verdict and to be repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use lambda_http::RequestExt;
use serde_json::Value;
use shared::domain::{AccountId, ItemId, Sha256};
use shared::ports::Clock;
use shared::test_util::faults::Faulty;
use shared::test_util::{Dice, MemoryStore};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::hands::{Hands, Progress, Told};
use crate::sandbox::{Client, SandboxClock};

/// After so many attempts a webhook gets through.
const PATIENCE: u32 = 3;
/// Older signatures are stale, and later ones are not yet valid.
const FRESH_FOR: SignedDuration = SignedDuration::from_mins(5);
const AHEAD: SignedDuration = SignedDuration::from_mins(1);
/// A member of bodies that were signed badly on purpose.
pub(crate) const FORGED: &str = "forged";

/// The receiver of one history's webhooks.
pub(crate) type Receipt = webhook_receipt::Deps<Faulty<Client>, Faulty<MemoryStore>, SandboxClock>;

/// A webhook as it passed.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) body: String,
    pub(crate) signature: String,
    pub(crate) hash: Sha256,
    pub(crate) said: Value,
    pub(crate) issued_at: Timestamp,
    pub(crate) arrived_at: Timestamp,
    /// What our function answered.
    pub(crate) status: u16,
    /// The accounts that had a processor token then.
    pub(crate) ready: BTreeSet<AccountId>,
}

impl Letter {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> (&str, &str) {
        (self.text("webhook_type"), self.text("webhook_code"))
    }

    pub(crate) fn is_about(&self, item_id: &ItemId) -> bool {
        self.text("item_id") == item_id.as_str()
    }

    pub(crate) fn was_accepted(&self) -> bool {
        self.status == 200
    }

    /// Refused for its age alone.
    pub(crate) fn was_stale(&self) -> bool {
        self.said.get(FORGED).is_none() && self.arrived_at > self.issued_at + FRESH_FOR
    }

    fn should_be_answered(&self) -> u16 {
        let early = self.issued_at > self.arrived_at + AHEAD;
        let forged = self.said.get(FORGED).is_some();
        if forged || early || self.was_stale() {
            401
        } else {
            200
        }
    }
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Postman {
    /// It arrives, and so does the answer.
    Delivers,
    /// It arrives, and Plaid does not hear of it.
    LosesTheAnswer,
    /// It does not arrive.
    LosesTheLetter,
    /// It arrives when Plaid has long given the attempt up, as it was signed.
    HoldsItBack,
}

/// The mail of one history.
pub(crate) struct Mailbox {
    pub(crate) seed: u64,
    pub(crate) receipt: Receipt,
    pub(crate) hands: Arc<Hands>,
    pub(crate) state: Mutex<Mail>,
}

#[derive(Default)]
pub(crate) struct Mail {
    pub(crate) letters: Vec<Letter>,
    pub(crate) wrong: Vec<String>,
    pub(crate) attempts: u32,
    held_back: Vec<(String, Option<String>)>,
    attempts_of: BTreeMap<String, u32>,
    items: Vec<String>,
}

impl Mail {
    /// A name that does not depend on Plaid's random ids, so that a seed stays what it is.
    fn label(&mut self, said: &Value) -> String {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let item_id = text("item_id");
        let known = self.items.iter().position(|known| *known == item_id);
        let item = known.unwrap_or_else(|| {
            self.items.push(item_id);
            self.items.len() - 1
        });
        let (kind, code) = (text("webhook_type"), text("webhook_code"));
        let number = &said["n"];
        let label = format!("{kind} {code} {item} {number}");
        let attempt = self.attempts_of.entry(label.clone()).or_default();
        *attempt += 1;
        format!("{label} {attempt}")
    }
}

impl Mailbox {
    pub(crate) fn mail(&self) -> MutexGuard<'_, Mail> {
        self.state.lock().unwrap()
    }

    /// Plaid posts something; answers the status that Plaid gets to see.
    async fn attempt(self: Arc<Self>, body: String, signature: Option<String>) -> u16 {
        let said: Value = serde_json::from_str(&body).unwrap_or_default();
        let (label, earlier) = {
            let mut mail = self.mail();
            mail.attempts += 1;
            let hash = Sha256::of(body.as_bytes()).to_string();
            let earlier = mail.attempts_of.entry(hash).or_default();
            *earlier += 1;
            let earlier = *earlier - 1;
            (mail.label(&said), earlier)
        };
        let postman = postman(self.seed, &label);
        if earlier >= PATIENCE {
            self.receive(body, signature).await;
            return 200;
        }
        match postman {
            Postman::LosesTheLetter => 503,
            Postman::HoldsItBack => {
                self.mail().held_back.push((body, signature));
                503
            }
            Postman::LosesTheAnswer => {
                self.receive(body, signature).await;
                503
            }
            Postman::Delivers => self.receive(body, signature).await,
        }
    }

    /// What was held back arrives, the latest first.
    pub(crate) async fn deliver_late(self: &Arc<Self>) -> bool {
        let Some((body, signature)) = self.mail().held_back.pop() else {
            return false;
        };
        self.receive(body, signature).await;
        true
    }

    /// Somebody repeats what came before, to the letter.
    pub(crate) async fn repeat(self: &Arc<Self>, letter: &Letter) -> u16 {
        let (body, signature) = (letter.body.clone(), letter.signature.clone());
        self.receive(body, Some(signature)).await
    }

    async fn receive(self: &Arc<Self>, body: String, signature: Option<String>) -> u16 {
        let now = self.receipt.clock.now();
        let request = request(&body, signature.as_deref(), now);
        let mailbox = Arc::clone(self);
        let handler =
            async move { Told::of(&webhook_receipt::handler(&mailbox.receipt, request).await) };
        let Progress::Ended(told) = self.hands.work("receipt", None, Box::pin(handler)).await
        else {
            panic!("a receipt is never frozen");
        };
        self.note(body, signature, told.status, now);
        told.status
    }

    fn note(&self, body: String, signature: Option<String>, status: u16, now: Timestamp) {
        let said: Value = serde_json::from_str(&body).unwrap_or_default();
        let letter = Letter {
            hash: Sha256::of(body.as_bytes()),
            issued_at: signature.as_deref().and_then(issued_at).unwrap_or(now),
            signature: signature.unwrap_or_default(),
            arrived_at: now,
            status,
            ready: self.ready_accounts(said["item_id"].as_str().unwrap_or_default()),
            said,
            body,
        };
        let mut mail = self.mail();
        let expected = letter.should_be_answered();
        if status != expected {
            let wrong = format!("a webhook was answered {status}, not {expected}");
            mail.wrong.push(wrong);
        }
        mail.letters.push(letter);
    }

    fn ready_accounts(&self, item_id: &str) -> BTreeSet<AccountId> {
        let records = self.receipt.store.inner().records();
        let items = records.items.values();
        let items = items.filter(|item| item.item_id.as_str() == item_id);
        let accounts = items.flat_map(|item| &item.accounts);
        let ready = accounts.filter(|account| account.processor_token.is_some());
        ready.map(|a| a.plaid.account_id.clone()).collect()
    }
}

/// As API Gateway hands it over. Without the sample event, which takes its time to parse:
/// there are ten attempts in a history.
fn request(body: &str, signature: Option<&str>, now: Timestamp) -> lambda_http::Request {
    let mut request = lambda_http::http::Request::post("/v1/webhooks/plaid");
    if let Some(signature) = signature {
        request = request.header("plaid-verification", signature);
    }
    let mut context = lambda_http::Context::default();
    context.deadline = u64::try_from(now.as_millisecond() + 8_000).unwrap();
    let request = request.body(lambda_http::Body::from(body));
    request.unwrap().with_lambda_context(context)
}

/// When a signature was made, as it says.
fn issued_at(signature: &str) -> Option<Timestamp> {
    let claims = URL_SAFE_NO_PAD.decode(signature.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims["iat"].as_i64()?).ok()
}

fn postman(seed: u64, label: &str) -> Postman {
    let hash = Sha256::of(format!("{seed} {label}").as_bytes());
    let number = u64::from_str_radix(&hash.as_str()[..8], 16).unwrap();
    match Dice::new(number).below(14) {
        0 | 1 => Postman::LosesTheAnswer,
        2 => Postman::LosesTheLetter,
        3 | 4 => Postman::HoldsItBack,
        _ => Postman::Delivers,
    }
}

type Current = Arc<Mutex<Option<Arc<Mailbox>>>>;

/// The address of one worker's histories.
pub(crate) struct Address {
    pub(crate) base_url: String,
    current: Current,
    server: JoinHandle<()>,
}

impl Address {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let current = Current::default();
        let routes = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&current));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            base_url,
            current,
            server,
        }
    }

    /// From now on everything is this history's.
    pub(crate) fn belongs_to(&self, mailbox: &Arc<Mailbox>) {
        *self.current.lock().unwrap() = Some(Arc::clone(mailbox));
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(current): State<Current>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mailbox = current.lock().unwrap().clone().unwrap();
    let signature = headers.get("plaid-verification");
    let signature = signature.map(|value| value.to_str().unwrap().to_owned());
    let body = String::from_utf8(body.to_vec()).unwrap();
    StatusCode::from_u16(mailbox.attempt(body, signature).await).unwrap()
}
