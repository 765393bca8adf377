//! Plaid, as the simulator plays it, and our client of it. Both have one clock, which stands
//! still until it is moved.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::handler::Handler;
use axum::http::{Method, Request};
use axum::routing::{MethodRouter, any_service};
use jiff::Timestamp;
use plaid_sandbox::{Options, Simulator};
use serde_json::{Value, json};
use shared::domain::ApiCredentials;
use shared::plaid::PlaidClient;
use shared::ports::{Clock, CredentialSource, SecretError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// When the first history begins.
const BEGIN: Timestamp = Timestamp::constant(1_795_305_600, 0);
/// Histories begin at midnight, so that none depends on how long the ones before took.
const DAY: i64 = 24 * 3_600;

/// The simulator's clock as ours.
#[derive(Clone, Debug)]
pub(crate) struct SandboxClock(plaid_sandbox::Clock);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The keys that the simulator takes.
pub(crate) struct Keys;

impl CredentialSource for Keys {
    async fn credentials(&self) -> Result<ApiCredentials, SecretError> {
        let options = Options::default();
        Ok(ApiCredentials::new(options.client_id, options.secret))
    }

    async fn credentials_after(
        &self,
        _refused: &ApiCredentials,
    ) -> Result<Option<ApiCredentials>, SecretError> {
        Ok(None)
    }
}

pub(crate) type Client = PlaidClient<Keys, SandboxClock>;

pub(crate) struct Sandbox {
    pub(crate) clock: SandboxClock,
    pub(crate) client: Arc<Client>,
    simulator: Simulator,
    controls: MethodRouter<(), Infallible>,
    url: String,
    http: reqwest::Client,
    server: JoinHandle<std::io::Result<()>>,
}

impl Sandbox {
    /// A simulator in which time alone changes nothing and no receiver is given up.
    pub(crate) async fn start(http: &reqwest::Client) -> Self {
        let clock = plaid_sandbox::Clock::frozen_at(BEGIN);
        let options = Options {
            clock: clock.clone(),
            ..Options::default()
        };
        let simulator = Simulator::open(options).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = simulator.clone();
        let server =
            tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let clock = SandboxClock(clock);
        let client = PlaidClient::new(url.parse().unwrap(), Keys, clock.clone()).unwrap();
        let sandbox = Self {
            clock,
            client: Arc::new(client),
            controls: any_service(simulator.controls()),
            simulator,
            url,
            http: http.clone(),
            server,
        };
        let settings = json!({
            "login_expires_after_days": null,
            "microdeposits_verify_after_hours": null,
            "rejection_rule_minimum": 1_000_000,
        });
        sandbox.control("/simulator/settings", &settings).await;
        sandbox
    }

    /// Forgets what a history before left behind.
    pub(crate) async fn begin(&self) {
        self.take_away("/simulator/webhooks", &Value::Null).await;
        self.take_away("/simulator/requests", &Value::Null).await;
        let since_midnight = self.now().duration_since(BEGIN).as_secs() % DAY;
        let until_midnight = (DAY - since_midnight).cast_unsigned();
        self.advance(Duration::from_secs(until_midnight)).await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the one clock, and waits until all webhooks that are due by then were tried.
    pub(crate) async fn advance(&self, by: Duration) {
        self.simulator.clock().advance(by);
        self.settled().await;
    }

    pub(crate) async fn settled(&self) {
        self.simulator.settled().await;
    }

    /// One of Plaid's own calls, which this test makes and our functions do not.
    pub(crate) async fn call(&self, path: &str, body: &Value) -> Value {
        let options = Options::default();
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("PLAID-CLIENT-ID", options.client_id)
            .header("PLAID-SECRET", options.secret)
            .json(body);
        let response = request.send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// One of the controls. What it refuses is the test's mistake.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn take_away(&self, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.ask(Method::DELETE, path, body).await
    }

    pub(crate) async fn look(&self, path: &str) -> Value {
        self.ask(Method::GET, path, String::new()).await
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Value {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::from(body)).unwrap();
        let response = Handler::call(self.controls.clone(), request, ()).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&body);
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}
