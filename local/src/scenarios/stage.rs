//! The running stack as a story uses it: over HTTP, like everybody.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::Stack;
use crate::functions::remote::{self, ClientError};

/// The simulator's plainest bank.
const BANK: &str = "ins_109508";
/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the stack may take to do what a webhook tells it to.
const UNTIL_TOLD: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
/// More of a refusal would be no line.
const MOST_OF_A_REFUSAL: usize = 300;

/// Why a scenario could not be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Plaid's own Sandbox cannot be told what to do.
    #[error("a scenario needs the Plaid simulator")]
    NoSimulator,
    /// The HTTP client.
    #[error("the scenario cannot be played")]
    Client(#[from] ClientError),
    /// Nobody answers.
    #[error("the scenario stopped: {call} was not answered")]
    Unanswered {
        /// What was asked.
        call: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Somebody refused, or answered something else.
    #[error("the scenario stopped: {call} was answered with {answer}")]
    Refused {
        /// What was asked.
        call: String,
        /// Status and body.
        answer: String,
    },
    /// The webhook did not do its work.
    #[error("the scenario stopped: after {} seconds the Item of {user} is still {item}", UNTIL_TOLD.as_secs())]
    NotInTime {
        /// Whose Item it is.
        user: String,
        /// How it is.
        item: String,
    },
}

/// A stack with its simulator.
pub(super) struct Stage<'a> {
    http: Client,
    gateway: &'a str,
    plaid: &'a str,
}

/// A signed-in user.
pub(super) struct Person<'a> {
    stage: &'a Stage<'a>,
    user: &'a str,
    token: String,
}

impl<'a> Stage<'a> {
    pub(super) fn of(stack: &'a Stack) -> Result<Self, ScenarioError> {
        Ok(Self {
            http: remote::client()?,
            gateway: stack.gateway_url(),
            plaid: stack.plaid_url().ok_or(ScenarioError::NoSimulator)?,
        })
    }

    /// The address of the simulator's faults.
    pub(super) fn faults(&self) -> String {
        format!("{}/simulator/faults", self.plaid)
    }

    /// Takes all faults back.
    pub(super) async fn let_plaid_work(&self) -> Result<(), ScenarioError> {
        let request = self.http.delete(self.faults());
        self.ask("DELETE /simulator/faults", request)
            .await
            .map(drop)
    }

    /// Every call of Plaid's API fails from now on.
    pub(super) async fn let_plaid_fail(&self) -> Result<(), ScenarioError> {
        let fault = json!({ "endpoint": "*", "times": u32::MAX, "kind": "plaid_error",
            "error_type": "API_ERROR", "error_code": "INTERNAL_SERVER_ERROR" });
        self.control("/simulator/faults", &fault).await
    }

    /// Turns one of the simulator's controls.
    pub(super) async fn control(&self, path: &str, body: &Value) -> Result<(), ScenarioError> {
        let request = self.http.post(format!("{}{path}", self.plaid)).json(body);
        self.ask(&format!("POST {path}"), request).await.map(drop)
    }

    /// What Link hands out to this user of the bank.
    pub(super) async fn public_token(&self, bank_user: &str) -> Result<String, ScenarioError> {
        let path = "/sandbox/public_token/create";
        let webhook = format!("{}/v1/webhooks/plaid", self.gateway);
        let body = json!({ "institution_id": BANK, "initial_products": ["auth"],
            "options": { "override_username": bank_user, "webhook": webhook } });
        let request = self.http.post(format!("{}{path}", self.plaid)).json(&body);
        let request = request
            .header("PLAID-CLIENT-ID", plaid_sandbox::DEFAULT_CLIENT_ID)
            .header("PLAID-SECRET", plaid_sandbox::DEFAULT_SECRET);
        let call = format!("POST {path}");
        text(&call, &self.ask(&call, request).await?, "public_token")
    }

    pub(super) async fn sign_in(&'a self, user: &'a str) -> Result<Person<'a>, ScenarioError> {
        let call = "POST /dev/login";
        let request = self.http.post(format!("{}/dev/login", self.gateway));
        let answer = self
            .ask(call, request.json(&json!({ "user_id": user })))
            .await?;
        Ok(Person {
            stage: self,
            user,
            token: text(call, &answer, "token")?,
        })
    }

    async fn ask(&self, call: &str, request: RequestBuilder) -> Result<Value, ScenarioError> {
        let unanswered = |source| ScenarioError::Unanswered {
            call: call.to_owned(),
            source,
        };
        let answer = request.timeout(PATIENCE).send().await.map_err(unanswered)?;
        let status = answer.status();
        let body = answer.text().await.map_err(unanswered)?;
        if status.is_success() {
            Ok(serde_json::from_str(&body).unwrap_or_default())
        } else {
            Err(refused(call, &format!("{status}: {body}")))
        }
    }
}

impl Person<'_> {
    /// The Items that are not removed.
    pub(super) async fn items(&self) -> Result<Vec<Value>, ScenarioError> {
        let answer = self.get("/v1/items?limit=100").await?;
        let items = answer.get("items").and_then(Value::as_array);
        Ok(items.cloned().unwrap_or_default())
    }

    pub(super) async fn remove(&self, item: &Value) -> Result<(), ScenarioError> {
        let path = format!("/v1/items/{}", text("GET /v1/items", item, "item_id")?);
        let request = self.stage.http.delete(self.url(&path));
        self.ask(&format!("DELETE {path}"), request).await.map(drop)
    }

    /// Links what Link handed out, and answers the Item's id.
    pub(super) async fn link(&self, public_token: &str) -> Result<String, ScenarioError> {
        let call = "POST /v1/items";
        let request = self.stage.http.post(self.url("/v1/items"));
        let body = json!({ "public_token": public_token, "allow_duplicate": true });
        text(call, &self.ask(call, request.json(&body)).await?, "item_id")
    }

    /// Reads an Item until it is as wanted.
    pub(super) async fn wait_until(
        &self,
        item_id: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<(), ScenarioError> {
        let (begun, path) = (Instant::now(), format!("/v1/items/{item_id}"));
        loop {
            let item = self.get(&path).await?;
            if wanted(&item) {
                return Ok(());
            }
            if begun.elapsed() > UNTIL_TOLD {
                return Err(ScenarioError::NotInTime {
                    user: self.user.to_owned(),
                    item: shortened(&item.to_string()),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn get(&self, path: &str) -> Result<Value, ScenarioError> {
        let request = self.stage.http.get(self.url(path));
        self.ask(&format!("GET {path}"), request).await
    }

    async fn ask(&self, call: &str, request: RequestBuilder) -> Result<Value, ScenarioError> {
        self.stage.ask(call, request.bearer_auth(&self.token)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.stage.gateway)
    }
}

/// A member that is text.
fn text(call: &str, value: &Value, name: &str) -> Result<String, ScenarioError> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| refused(call, &format!("no {name}")))
}

fn refused(call: &str, answer: &str) -> ScenarioError {
    ScenarioError::Refused {
        call: call.to_owned(),
        answer: shortened(answer),
    }
}

/// In one line, and not too long a one.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MOST_OF_A_REFUSAL).collect()
}
