//! A running stack, and people who use it. Everything goes over HTTP, as in AWS.

use std::time::{Duration, Instant};

use local::{Options, Stack};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::deployment::{Deployment, Proof};

/// What goes wrong when a test cannot even ask.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a condition may take to come true.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// First Platypus Bank, the simulator's plainest institution.
pub const FIRST_PLATYPUS: &str = "ins_109508";
/// A user of the simulator with one checking account.
pub const SINGLE_ACCOUNT: &str = "user_single";

/// A stack with its simulator: one in this process, unless it says otherwise.
pub struct Scene<S = Stack> {
    /// Where it is.
    pub place: Deployment,
    stack: S,
    pub(crate) http: Client,
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

    pub(crate) async fn read(response: Response) -> Result<Self, Failure> {
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
    proof: Proof,
}

impl User {
    /// Somebody with this token, whatever it is worth.
    pub fn with_token(token: &str) -> Self {
        let proof = Proof::Token(token.to_owned());
        Self { proof }
    }
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
        let place = Deployment::of(&stack, PATIENCE);
        Self::at(place, stack)
    }

    /// The stack.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Stops everything.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

impl Scene<Option<Stack>> {
    /// The deployment that the environment tells of; without one, a stack with these options.
    ///
    /// # Errors
    /// The environment tells half of it, or the stack does not start.
    pub async fn deployed_or_with(options: Options) -> Result<Self, Failure> {
        if let Some(place) = Deployment::from_environment()? {
            return Self::at(place, None);
        }
        let stack = Stack::start(options).await?;
        Self::at(Deployment::of(&stack, PATIENCE), Some(stack))
    }

    /// Stops what was started.
    pub async fn stop(self) {
        if let Some(stack) = self.stack {
            stack.stop().await;
        }
    }
}

impl<S> Scene<S> {
    fn at(place: Deployment, stack: S) -> Result<Self, Failure> {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .build()?;
        Ok(Self { place, stack, http })
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
        let answer = self.ask_helper(Method::POST, "/dev/login", Some(login));
        Ok(User {
            proof: Proof::read(&answer.await?.json())?,
        })
    }

    /// Asks what stands beside the API.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn ask_helper(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let url = format!("{}{path}", self.place.helper_url);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        Reply::read(request.send().await?).await
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
        let url = format!("{}{path}", self.place.gateway_url);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_owned());
        }
        let mut request = request.build()?;
        if let Some(user) = user {
            user.proof.show(&mut request)?;
        }
        Reply::read(self.http.execute(request).await?).await
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

    /// Posts a webhook with this signature, as Plaid does.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn post_webhook(&self, body: &str, signature: &str) -> Result<Reply, Failure> {
        let url = format!("{}/v1/webhooks/plaid", self.place.gateway_url);
        let request = self.http.post(url).header("plaid-verification", signature);
        let request = request.header("content-type", "application/json");
        Reply::read(request.body(body.to_owned()).send().await?).await
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

    fn plaid_url(&self) -> Result<&str, Failure> {
        Ok(self.place.plaid_url.as_deref().ok_or("no simulator")?)
    }

    /// Calls the simulator, as Plaid's API or as its controls.
    ///
    /// # Errors
    /// No answer comes, or it refuses.
    pub async fn plaid(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.plaid_url()?);
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
        let url = format!("{}{path}", self.plaid_url()?);
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
                "webhook": format!("{}/v1/webhooks/plaid", self.place.gateway_url),
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

    /// Reads from the gateway until the answer is as wanted.
    ///
    /// # Errors
    /// It is not in time; the last answer tells how it was.
    pub async fn wait_for(
        &self,
        user: &User,
        path: &str,
        wanted: impl Fn(&Reply) -> bool,
    ) -> Result<Reply, Failure> {
        let begun = Instant::now();
        loop {
            let reply = self.get(user, path).await?;
            if wanted(&reply) {
                return Ok(reply);
            }
            if begun.elapsed() > self.place.patience {
                return Err(format!("{path} is still {}", reply.text).into());
            }
            tokio::time::sleep(POLL).await;
        }
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
            if begun.elapsed() > self.place.patience {
                return Err(format!("{path} is still {answer}").into());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// A member that is text.
pub(crate) fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("no {name} in {value}").into())
}
