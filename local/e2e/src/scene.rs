//! A running stack, and people who use it. Everything goes over HTTP, as in AWS.

use std::time::{Duration, Instant};

use local::{Options, Stack};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// What goes wrong when a test cannot even ask.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a condition may take to come true.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// First Platypus Bank, the simulator's plainest institution.
pub const FIRST_PLATYPUS: &str = "ins_109508";
/// A user of the simulator with one checking account.
pub const SINGLE_ACCOUNT: &str = "user_single";

/// A stack with its simulator.
pub struct Scene {
    stack: Stack,
    http: Client,
}

/// An answer with its body read.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as it was sent.
    pub text: String,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The problem's code, if it is a problem.
    pub fn code(&self) -> Option<String> {
        let problem = self.headers.get("content-type")? == "application/problem+json";
        problem.then(|| text(&self.json(), "code").ok()).flatten()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    async fn read(response: Response) -> Result<Self, Failure> {
        Ok(Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }
}

/// A signed-in user, or a server that acts for users.
#[derive(Debug, Clone)]
pub struct User {
    token: String,
}

impl Scene {
    /// A stack in memory on free ports.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> Result<Self, Failure> {
        Self::start_with(Options::default()).await
    }

    /// A stack with these options.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_with(options: Options) -> Result<Self, Failure> {
        let stack = Stack::start(options).await?;
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .build()?;
        Ok(Self { stack, http })
    }

    /// The stack.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Stops everything.
    pub async fn stop(self) {
        self.stack.stop().await;
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// The gateway gives no token.
    pub async fn sign_in(&self, user_id: &str) -> Result<User, Failure> {
        self.log_in(&json!({ "user_id": user_id })).await
    }

    /// Gives a server what stands for its IAM credentials.
    ///
    /// # Errors
    /// The gateway gives no token.
    pub async fn sign_in_server(&self) -> Result<User, Failure> {
        self.log_in(&json!({ "server": true })).await
    }

    async fn log_in(&self, login: &Value) -> Result<User, Failure> {
        let login = login.to_string();
        let answer = self.send(Method::POST, "/dev/login", None, Some(&login));
        Ok(User {
            token: text(&answer.await?.json(), "token")?,
        })
    }

    /// Sends a request to the gateway; a body is JSON.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        user: Option<&User>,
        body: Option<&str>,
    ) -> Result<Reply, Failure> {
        let url = format!("{}{path}", self.stack.gateway_url());
        let mut request = self.http.request(method, url);
        if let Some(user) = user {
            request = request.bearer_auth(&user.token);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_owned());
        }
        Reply::read(request.send().await?).await
    }

    /// Sends JSON to the gateway.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn post(&self, user: &User, path: &str, body: &Value) -> Result<Reply, Failure> {
        self.send(Method::POST, path, Some(user), Some(&body.to_string()))
            .await
    }

    /// Reads from the gateway.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn get(&self, user: &User, path: &str) -> Result<Reply, Failure> {
        self.send(Method::GET, path, Some(user), None).await
    }

    /// Deletes at the gateway.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn delete(&self, user: &User, path: &str) -> Result<Reply, Failure> {
        self.send(Method::DELETE, path, Some(user), None).await
    }

    /// Runs the function of a package with this event, as its schedule does, and gives its
    /// result.
    ///
    /// # Errors
    /// It has none; the problem tells why.
    pub async fn invoke(&self, package: &str, event: &Value) -> Result<Value, Failure> {
        let (path, event) = (format!("/dev/invoke/{package}"), event.to_string());
        let reply = self.send(Method::POST, &path, None, Some(&event)).await?;
        if reply.status.is_success() {
            Ok(reply.json())
        } else {
            Err(reply.text.into())
        }
    }

    /// Calls the simulator, as Plaid's API or as its controls.
    ///
    /// # Errors
    /// No answer comes, or it refuses.
    pub async fn plaid(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.stack.plaid_url().ok_or("no simulator")?);
        let simulator = plaid_sandbox::Options::default();
        let answer = self
            .http
            .post(url)
            .header("PLAID-CLIENT-ID", simulator.client_id)
            .header("PLAID-SECRET", simulator.secret)
            .json(body)
            .send()
            .await?;
        let reply = Reply::read(answer).await?;
        if reply.status.is_success() {
            Ok(reply.json())
        } else {
            Err(reply.text.into())
        }
    }

    /// Reads one of the simulator's controls.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn look_at_plaid(&self, path: &str) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.stack.plaid_url().ok_or("no simulator")?);
        Ok(Reply::read(self.http.get(url).send().await?).await?.json())
    }

    /// A public token of the simulator, as if this user of the bank had run Link.
    ///
    /// # Errors
    /// The simulator refuses.
    pub async fn run_link(&self, institution: &str, username: &str) -> Result<String, Failure> {
        let body = json!({
            "institution_id": institution,
            "initial_products": ["auth"],
            "options": {
                "override_username": username,
                "webhook": format!("{}/v1/webhooks/plaid", self.stack.gateway_url()),
            },
        });
        let answer = self.plaid("/sandbox/public_token/create", &body).await?;
        text(&answer, "public_token")
    }

    /// The ids of all Items that are alive at Plaid.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn live_items(&self) -> Result<Vec<String>, Failure> {
        let answer = self.look_at_plaid("/simulator/items").await?;
        let items = answer
            .get("items")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        items.iter().map(|item| text(item, "item_id")).collect()
    }

    /// Asks again until the simulator's answer is as wanted.
    ///
    /// # Errors
    /// It is not in time; the last answer tells how it was.
    pub async fn wait_for_plaid(
        &self,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let begun = Instant::now();
        loop {
            let answer = self.look_at_plaid(path).await?;
            if wanted(&answer) {
                return Ok(answer);
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{path} is still {answer}").into());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// A member that is text.
fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("no {name} in {value}").into())
}
