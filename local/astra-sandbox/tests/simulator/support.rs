//! Running simulators, and the words to speak to them.

use astra_sandbox::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Options, Simulator};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use sandbox_kit::test_util::Server;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

/// Where the application under test would wait for its users.
pub const URI: &str = "http://127.0.0.1:4000/astra";
pub const TOKEN: &str = "/v1/oauth/token";
pub const HAND_OVER: &str = "/v1/accounts/processor_token";

/// An answer of Astra's.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub request_id: Option<String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The body of an answer that must be good.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }

    /// The status and description of an answer that must be an error.
    #[track_caller]
    pub fn refused(self) -> (u16, String) {
        assert!(self.status >= 400, "{self:?}");
        let body = self.json();
        let said = body.get("description").or(body.get("error_description"));
        let said = said.and_then(Value::as_str).unwrap_or_default();
        (self.status, said.to_owned())
    }
}

/// Both tokens of a user.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

/// A way to speak to a simulator of Astra, wherever it runs.
#[derive(Clone)]
pub struct Astra {
    pub base: String,
    pub http: reqwest::Client,
}

impl Astra {
    pub fn at(base: String) -> Self {
        Self {
            base,
            http: http_client(),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let request_id = answer.headers().get("request-id");
        Answer {
            status: answer.status().as_u16(),
            request_id: request_id.map(|id| id.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }

    /// A request to the token endpoint.
    pub fn token_request(&self, fields: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, TOKEN)
            .basic_auth(DEFAULT_CLIENT_ID, Some(DEFAULT_CLIENT_SECRET))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields))
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", URI),
        ];
        self.send(self.token_request(&fields)).await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("redirect_uri", URI),
        ];
        self.send(self.token_request(&fields)).await
    }

    /// Where the application sends its user.
    pub fn authorize_url(&self, state: &str) -> String {
        let fields = [
            ("client_id", DEFAULT_CLIENT_ID),
            ("redirect_uri", URI),
            ("response_type", "code"),
            ("state", state),
        ];
        format!("{}/login/oauth/authorize?{}", self.base, form(&fields))
    }

    /// A user says yes; the code.
    pub async fn authorize(&self, email: &str) -> String {
        let body = json!({"url": self.authorize_url("s"), "email": email});
        let answer = self.control("POST", "/authorizations", body).await;
        parameter(answer["location"].as_str().unwrap(), "code").unwrap()
    }

    /// A user connects the application.
    pub async fn connect(&self, email: &str) -> Tokens {
        let code = self.authorize(email).await;
        Tokens::of(&self.redeem(&code).await.ok())
    }

    pub fn user_request(&self, method: Method, path: &str, access: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(access)
    }

    pub async fn get(&self, path: &str, access: &str) -> Answer {
        self.send(self.user_request(Method::GET, path, access))
            .await
    }

    pub async fn delete(&self, id: &str, access: &str) -> Answer {
        let path = format!("/v1/accounts/{id}");
        self.send(self.user_request(Method::DELETE, &path, access))
            .await
    }

    pub fn hand_over_request(&self, processor_token: &str, access: &str) -> RequestBuilder {
        let body = json!({
            "processor_token": processor_token,
            "institution_id": "ins_109508",
        });
        self.user_request(Method::POST, HAND_OVER, access)
            .json(&body)
    }

    pub async fn hand_over(&self, processor_token: &str, access: &str) -> Answer {
        self.send(self.hand_over_request(processor_token, access))
            .await
    }

    /// The ids of a user's accounts, as the first page has them.
    pub async fn account_ids(&self, access: &str) -> Vec<String> {
        let list = self.get("/v1/accounts", access).await.ok();
        let accounts = list["accounts"].as_array().unwrap().iter();
        accounts
            .map(|account| account["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A control that must work.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.try_control(method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        answer.json()
    }

    pub async fn try_control(&self, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/simulator{path}");
        let mut request = self.request(method.parse().unwrap(), &path);
        if !body.is_null() {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub async fn set(&self, settings: Value) {
        self.control("POST", "/settings", settings).await;
    }

    pub async fn later(&self, seconds: u64) {
        let body = json!({"advance_seconds": seconds});
        self.control("POST", "/clock", body).await;
    }

    /// The one user there is.
    pub async fn only_user(&self) -> Value {
        let users = self.control("GET", "/users", Value::Null).await;
        assert_eq!(users["users"].as_array().unwrap().len(), 1, "{users}");
        users["users"][0].clone()
    }

    /// The accounts of all users.
    pub async fn all_accounts(&self) -> Vec<Value> {
        let answer = self.control("GET", "/accounts", Value::Null).await;
        answer["accounts"].as_array().unwrap().clone()
    }
}

/// An account at Plaid with a processor token.
pub struct Linked {
    pub access_token: String,
    pub account_id: String,
    pub processor_token: String,
}

/// A running Plaid simulator.
pub struct Plaid {
    pub base: String,
    http: reqwest::Client,
    server: Server,
}

impl Plaid {
    pub async fn start() -> Self {
        let simulator = plaid_sandbox::Simulator::open(plaid_sandbox::Options::default())
            .await
            .unwrap();
        let server = Server::start(async move |listener| {
            simulator.serve(listener, std::future::pending()).await
        })
        .await;
        Self {
            base: server.base.clone(),
            http: http_client(),
            server,
        }
    }

    pub async fn call(&self, path: &str, body: Value) -> Value {
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .header("PLAID-CLIENT-ID", plaid_sandbox::DEFAULT_CLIENT_ID)
            .header("PLAID-SECRET", plaid_sandbox::DEFAULT_SECRET)
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// Links a bank; the account of this subtype gets a processor token.
    pub async fn link(&self, institution_id: &str, subtype: &str) -> Linked {
        let body = json!({"institution_id": institution_id, "initial_products": ["auth"]});
        let answer = self.call("/sandbox/public_token/create", body).await;
        let body = json!({"public_token": answer["public_token"]});
        let answer = self.call("/item/public_token/exchange", body).await;
        let access_token = answer["access_token"].as_str().unwrap().to_owned();
        let body = json!({"access_token": access_token});
        let answer = self.call("/accounts/get", body).await;
        let mut accounts = answer["accounts"].as_array().unwrap().iter();
        let account = accounts.find(|account| account["subtype"] == subtype);
        let account_id = account.unwrap()["account_id"].as_str().unwrap().to_owned();
        let processor_token = self.processor_token(&access_token, &account_id).await;
        Linked {
            access_token,
            account_id,
            processor_token,
        }
    }

    pub async fn processor_token(&self, access_token: &str, account_id: &str) -> String {
        let body = json!({
            "access_token": access_token,
            "account_id": account_id,
            "processor": "astra",
        });
        let answer = self.call("/processor/token/create", body).await;
        answer["processor_token"].as_str().unwrap().to_owned()
    }

    /// Nobody answers at its address any more.
    pub fn stop(&self) {
        self.server.stop();
    }
}

/// Both simulators, in this process.
pub struct Scene {
    pub astra: Astra,
    pub plaid: Plaid,
    pub simulator: Simulator,
    _server: Server,
}

impl Scene {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let plaid = Plaid::start().await;
        let simulator = Simulator::open(Options {
            plaid_url: plaid.base.clone(),
            ..options
        })
        .unwrap();
        let serving = simulator.clone();
        let server = Server::start(async move |listener| {
            serving.serve(listener, std::future::pending()).await
        })
        .await;
        Self {
            astra: Astra::at(server.base.clone()),
            plaid,
            simulator,
            _server: server,
        }
    }

    /// A connected user, and a checking account that waits at Plaid.
    pub async fn ready() -> (Self, Tokens, Linked) {
        let scene = Self::start().await;
        let tokens = scene.astra.connect("ada@example.com").await;
        let linked = scene.plaid.link("ins_109508", "checking").await;
        (scene, tokens, linked)
    }
}

/// Fields as a form has them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

/// A parameter of an address.
pub fn parameter(address: &str, wanted: &str) -> Option<String> {
    let address = Url::parse(address).unwrap();
    let mut pairs = address.query_pairs();
    let found = pairs.find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned())
}

/// Plain HTTP only, so no certificate is trusted.
pub fn http_client() -> reqwest::Client {
    let client = sandbox_kit::client(rustls::RootCertStore::empty());
    client.unwrap().redirect(Policy::none()).build().unwrap()
}
