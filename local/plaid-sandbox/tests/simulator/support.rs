//! A running simulator, a receiver of webhooks, and the words to speak to them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use plaid_sandbox::{Options, Simulator};
use sandbox_kit::test_util::Server;
use serde_json::{Value, json};

/// The default credentials, which are for tests only.
pub const CLIENT_ID: &str = "sandbox-client-id";
pub const SECRET: &str = "sandbox-secret";
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer: its status and body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The error code of an answer that must be an error.
    #[track_caller]
    pub fn code(self) -> String {
        assert_ne!(self.status, 200, "{}", self.body);
        self.body["error_code"].as_str().unwrap().to_owned()
    }
}

/// A way to speak to a simulator, wherever it runs.
#[derive(Clone)]
pub struct Plaid {
    pub base: String,
    pub http: reqwest::Client,
}

/// A linked Item.
pub struct Linked {
    pub access_token: String,
    pub item_id: String,
}

impl Plaid {
    pub fn at(base: String) -> Self {
        Self {
            base,
            http: http_client(),
        }
    }

    pub fn request(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base))
            .header("PLAID-CLIENT-ID", CLIENT_ID)
            .header("PLAID-SECRET", SECRET)
            .json(body)
    }

    pub async fn call(&self, path: &str, body: Value) -> Answer {
        let answer = self.request(path, &body).send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            body: answer.json().await.unwrap(),
        }
    }

    /// A control that must work.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.try_control(method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.body
    }

    pub async fn try_control(&self, method: &str, path: &str, body: Value) -> Answer {
        let url = format!("{}/simulator{path}", self.base);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            body: answer.json().await.unwrap(),
        }
    }

    pub async fn public_token(&self, institution_id: &str, options: Value) -> String {
        let body = json!({
            "institution_id": institution_id,
            "initial_products": ["auth"],
            "options": options,
        });
        let answer = self.call("/sandbox/public_token/create", body).await.ok();
        answer["public_token"].as_str().unwrap().to_owned()
    }

    /// A user links a bank, and the public token is exchanged.
    pub async fn link(&self, institution_id: &str, options: Value) -> Linked {
        let public_token = self.public_token(institution_id, options).await;
        let body = json!({"public_token": public_token});
        let answer = self.call("/item/public_token/exchange", body).await.ok();
        Linked {
            access_token: answer["access_token"].as_str().unwrap().to_owned(),
            item_id: answer["item_id"].as_str().unwrap().to_owned(),
        }
    }

    pub async fn accounts(&self, linked: &Linked) -> Vec<Value> {
        let body = json!({"access_token": linked.access_token});
        let answer = self.call("/accounts/get", body).await.ok();
        answer["accounts"].as_array().unwrap().clone()
    }

    /// The account of this subtype.
    pub async fn account(&self, linked: &Linked, subtype: &str) -> String {
        let accounts = self.accounts(linked).await;
        let account = accounts
            .iter()
            .find(|account| account["subtype"] == subtype)
            .unwrap();
        account["account_id"].as_str().unwrap().to_owned()
    }

    pub async fn live_items(&self) -> Vec<String> {
        let answer = self.control("GET", "/items", Value::Null).await;
        let items = answer["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["item_id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn webhooks(&self) -> Vec<Value> {
        let answer = self.control("GET", "/webhooks", Value::Null).await;
        answer["webhooks"].as_array().unwrap().clone()
    }

    /// Waits until the only webhook is as wanted.
    pub async fn webhook_that(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let webhooks = self.webhooks().await;
            if let Some(webhook) = webhooks.iter().find(|webhook| wanted(webhook)) {
                return webhook.clone();
            }
            assert!(Instant::now() < deadline, "not reached: {webhooks:#?}");
            tokio::task::yield_now().await;
        }
    }
}

/// A simulator in this process.
pub struct Sandbox {
    pub plaid: Plaid,
    pub simulator: Simulator,
    _server: Server,
}

impl Sandbox {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let simulator = Simulator::open(options).await.unwrap();
        let serving = simulator.clone();
        let server = Server::start(async move |listener| {
            serving.serve(listener, std::future::pending()).await
        })
        .await;
        Self {
            plaid: Plaid::at(server.base.clone()),
            simulator,
            _server: server,
        }
    }
}

/// A webhook as it arrived.
#[derive(Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn verification(&self) -> &str {
        self.headers["plaid-verification"].to_str().unwrap()
    }
}

/// A receiver of webhooks, whose answer can be chosen.
pub struct Receiver {
    pub url: String,
    inbox: Arc<Inbox>,
    _server: Server,
}

struct Inbox {
    received: Mutex<Vec<Received>>,
    answer: Mutex<(u16, Option<String>)>,
}

impl Receiver {
    pub async fn start() -> Self {
        let inbox = Arc::new(Inbox {
            received: Mutex::new(Vec::new()),
            answer: Mutex::new((200, None)),
        });
        let routes = Router::new().fallback(receive).with_state(inbox.clone());
        let server = Server::start(|listener| axum::serve(listener, routes).into_future()).await;
        Self {
            url: format!("{}/webhooks", server.base),
            inbox,
            _server: server,
        }
    }

    pub fn answer_with(&self, status: u16, retry_after: Option<&str>) {
        *self.inbox.answer.lock().unwrap() = (status, retry_after.map(str::to_owned));
    }

    pub fn received(&self) -> Vec<Received> {
        self.inbox.received.lock().unwrap().clone()
    }

    /// Waits for the `number`th webhook, counted from one.
    pub async fn wait_for(&self, number: usize) -> Received {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(received) = self.received().get(number - 1) {
                return received.clone();
            }
            assert!(Instant::now() < deadline, "webhook {number} did not come");
            tokio::task::yield_now().await;
        }
    }
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    inbox
        .received
        .lock()
        .unwrap()
        .push(Received { headers, body });
    let (status, retry_after) = inbox.answer.lock().unwrap().clone();
    let mut headers = HeaderMap::new();
    if let Some(wait) = retry_after {
        headers.insert("retry-after", wait.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), headers)
}

/// Plain HTTP only, so no certificate is trusted.
fn http_client() -> reqwest::Client {
    let client = sandbox_kit::client(rustls::RootCertStore::empty());
    client.unwrap().build().unwrap()
}
