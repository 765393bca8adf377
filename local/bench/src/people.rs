//! Who uses the stack: users who link banks, Plaid's simulator, and whoever looks into the
//! table past every function.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Map, Value, json};

use crate::Failure;
use crate::stack::Address;

/// First Platypus Bank.
const BANK: &str = "ins_109508";
/// A user of it with one account.
const USER: &str = "user_single";

#[derive(Clone)]
pub(crate) struct People {
    pub(crate) http: Client,
    pub(crate) address: Address,
}

impl People {
    pub(crate) fn of(address: &Address) -> Result<Self, Failure> {
        Ok(Self {
            http: local::functions::remote::client()?,
            address: address.clone(),
        })
    }

    /// Signs a user in; answers the token.
    pub(crate) async fn sign_in(&self, user_id: &str) -> Result<String, Failure> {
        let url = format!("{}/dev/login", self.address.gateway);
        let request = self.http.post(url).json(&json!({ "user_id": user_id }));
        text(&answer(request).await?, "token")
    }

    /// What Link hands out.
    pub(crate) async fn run_link(&self) -> Result<String, Failure> {
        let webhook = format!("{}/v1/webhooks/plaid", self.address.gateway);
        let body = json!({
            "institution_id": BANK,
            "initial_products": ["auth"],
            "options": { "override_username": USER, "webhook": webhook },
        });
        let answer = self
            .ask_plaid("/sandbox/public_token/create", &body)
            .await?;
        text(&answer, "public_token")
    }

    /// A link token that is not of our making.
    async fn plaids_link_token(&self) -> Result<String, Failure> {
        let wish = json!({
            "client_name": "Bench",
            "country_codes": ["US"],
            "language": "en",
            "products": ["auth"],
            "user": { "client_user_id": "bench" },
        });
        let created = self.ask_plaid("/link/token/create", &wish).await?;
        text(&created, "link_token")
    }

    /// What Link hands out together with its metadata.
    async fn run_whole_link(&self, link_token: &str) -> Result<Value, Failure> {
        let session = json!({
            "link_token": link_token,
            "institution_id": BANK,
            "username": USER,
        });
        self.ask_plaid("/simulator/link-sessions", &session).await?;
        let ended = json!({ "link_token": link_token });
        let ended = self.ask_plaid("/link/token/get", &ended).await?;
        let added = ended.pointer("/link_sessions/0/results/item_add_results/0");
        added.cloned().ok_or_else(|| "nothing was linked".into())
    }

    /// The body of the request after Link, as a front end makes it of Link's metadata.
    pub(crate) async fn after_link(&self) -> Result<Value, Failure> {
        self.after_link_with(&self.plaids_link_token().await?).await
    }

    /// The same with this link token.
    pub(crate) async fn after_link_with(&self, link_token: &str) -> Result<Value, Failure> {
        let added = self.run_whole_link(link_token).await?;
        Ok(json!({
            "public_token": added.get("public_token"),
            "institution": added.get("institution"),
            "accounts": added.get("accounts"),
            "account_id": added.pointer("/accounts/0/id"),
        }))
    }

    /// The request before Link.
    pub(crate) fn opening(&self, token: &str) -> RequestBuilder {
        let url = format!("{}/v1/link-tokens", self.address.gateway);
        self.http.post(url).bearer_auth(token).json(&json!({}))
    }

    /// The request after Link.
    pub(crate) fn linking(&self, token: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}/v1/items", self.address.gateway);
        self.http.post(url).bearer_auth(token).json(body)
    }

    /// Calls Plaid, or one of the simulator's controls.
    pub(crate) async fn ask_plaid(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.address.plaid);
        let request = self
            .http
            .post(url)
            .header("plaid-client-id", plaid_sandbox::DEFAULT_CLIENT_ID)
            .header("plaid-secret", plaid_sandbox::DEFAULT_SECRET)
            .json(body);
        answer(request).await
    }

    /// Reads one of the simulator's controls.
    pub(crate) async fn look_at_plaid(&self, path: &str) -> Result<Value, Failure> {
        answer(self.http.get(format!("{}{path}", self.address.plaid))).await
    }

    /// Every record of the table.
    pub(crate) async fn records(&self) -> Result<Vec<Value>, Failure> {
        let mut records = Vec::new();
        let mut start: Option<Value> = None;
        loop {
            let mut scan = Map::from_iter([("TableName".to_owned(), json!(self.address.table))]);
            if let Some(start) = start {
                scan.insert("ExclusiveStartKey".to_owned(), start);
            }
            let request = self
                .http
                .post(&self.address.dynamodb)
                .header("x-amz-target", "DynamoDB_20120810.Scan")
                .header("x-amz-date", "20261122T000000Z")
                .header(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=0",
                )
                .header("content-type", "application/x-amz-json-1.0")
                .body(serde_json::to_string(&scan)?);
            let page = answer(request).await?;
            let rows = page.get("Items").and_then(Value::as_array);
            records.extend(rows.into_iter().flatten().cloned());
            start = page
                .get("LastEvaluatedKey")
                .filter(|last| last.is_object())
                .cloned();
            if start.is_none() {
                return Ok(records);
            }
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<Value, Failure> {
    read(request.send().await?).await
}

/// The body of a good answer.
pub(crate) async fn read(response: Response) -> Result<Value, Failure> {
    let (status, text) = (response.status(), response.text().await?);
    if !status.is_success() {
        return Err(format!("{status}: {text}").into());
    }
    Ok(serde_json::from_str(&text)?)
}

/// A record's attribute that is text.
pub(crate) fn said<'a>(record: &'a Value, name: &str) -> &'a str {
    let text = record.get(name).and_then(|attribute| attribute.get("S"));
    text.and_then(Value::as_str).unwrap_or_default()
}

/// A member that is text.
pub(crate) fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("no {name} in {value}").into())
}
