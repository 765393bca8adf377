//! Both simulators in this process, our client, and a user with a linked bank.

use std::time::Duration;

use e2e::keys::Keys;
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use shared::astra::AstraClient;
use shared::domain::{
    AstraAccessToken, AstraAccountId, AstraAuthorizationCode, AstraFailure, AstraState,
    AstraTokens, Deadline, InstitutionId, ProcessorToken, astra_authorization_url,
};
use shared::ports::{AstraAuthorizations, AstraClientId, AstraHandOver, Clock};
use shared::system_clock::SystemClock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const URI: &str = "http://127.0.0.1:4000/astra";
pub(crate) const TOKEN: &str = "POST /v1/oauth/token";
pub(crate) const HAND_OVER: &str = "POST /v1/accounts/processor_token";
pub(crate) const LIST: &str = "GET /v1/accounts";
pub(crate) const GET: &str = "GET /v1/accounts/{id}";
pub(crate) const DELETE: &str = "DELETE /v1/accounts/{id}";
pub(crate) const USER: &str = "GET /v1/user";

/// The secret that the simulator takes.
pub(crate) const SECRET: &str = astra_sandbox::DEFAULT_CLIENT_SECRET;

pub(crate) struct Scene {
    pub(crate) client: AstraClient<&'static Keys, SystemClock>,
    url: String,
    plaid_url: String,
    http: Client,
    servers: [JoinHandle<()>; 2],
}

/// Time enough for everything.
pub(crate) fn soon() -> Deadline {
    in_time(Duration::from_secs(20))
}

pub(crate) fn in_time(time: Duration) -> Deadline {
    Deadline::after(SystemClock.now(), time)
}

/// The keys with these secrets. Tests end with their process.
pub(crate) fn keys(secrets: &[&'static str]) -> &'static Keys {
    let secrets = secrets.iter().copied();
    Box::leak(Box::new(Keys::new(
        astra_sandbox::DEFAULT_CLIENT_ID,
        secrets,
    )))
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::with(keys(&[SECRET])).await
    }

    pub(crate) async fn with(keys: &'static Keys) -> Self {
        let plaid = plaid_sandbox::Simulator::open(plaid_sandbox::Options::default());
        let plaid = plaid.await.unwrap();
        let (at, plaid_url) = listen().await;
        let plaid = tokio::spawn(async move {
            plaid.serve(at, std::future::pending()).await.unwrap();
        });
        let astra = astra_sandbox::Simulator::open(astra_sandbox::Options {
            plaid_url: plaid_url.clone(),
            ..astra_sandbox::Options::default()
        });
        let astra = astra.unwrap();
        let (at, url) = listen().await;
        let astra = tokio::spawn(async move {
            astra.serve(at, std::future::pending()).await.unwrap();
        });
        Self {
            client: AstraClient::new(url.parse().unwrap(), keys, SystemClock).unwrap(),
            url,
            plaid_url,
            http: http_client(),
            servers: [plaid, astra],
        }
    }

    /// Another client of the same Astra.
    pub(crate) fn client_with(
        &self,
        keys: &'static Keys,
    ) -> AstraClient<&'static Keys, SystemClock> {
        AstraClient::new(self.url.parse().unwrap(), keys, SystemClock).unwrap()
    }

    /// A user says yes on Astra's page.
    pub(crate) async fn code(&self, email: &str) -> AstraAuthorizationCode {
        let page: Url = format!("{}/login/oauth/authorize", self.url)
            .parse()
            .unwrap();
        let client_id = self.client.astra_client_id().await.unwrap();
        let state = AstraState::new("state-1");
        let page = astra_authorization_url(&page, &client_id, URI, &state);
        let body = json!({"url": page.as_str(), "email": email});
        let answer = self.control(Method::POST, "/authorizations", body).await;
        let back: Url = answer["location"].as_str().unwrap().parse().unwrap();
        let parameter = |wanted| {
            let found = back.query_pairs().find(|(name, _)| name == wanted);
            found.unwrap().1.into_owned()
        };
        assert_eq!(parameter("state"), state.expose());
        AstraAuthorizationCode::parse(&parameter("code")).unwrap()
    }

    pub(crate) async fn connect(&self, email: &str) -> AstraTokens {
        let code = self.code(email).await;
        self.client.redeem(&code, URI, soon()).await.unwrap()
    }

    /// A linked account at Plaid, waiting.
    pub(crate) async fn processor_token(&self) -> ProcessorToken {
        let answer = self
            .http
            .post(format!("{}/sandbox/processor_token/create", self.plaid_url))
            .header("PLAID-CLIENT-ID", plaid_sandbox::DEFAULT_CLIENT_ID)
            .header("PLAID-SECRET", plaid_sandbox::DEFAULT_SECRET)
            .json(&json!({"institution_id": "ins_109508"}));
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        ProcessorToken::new(answer["processor_token"].as_str().unwrap())
    }

    pub(crate) async fn hand_over(
        &self,
        access: &AstraAccessToken,
        token: &ProcessorToken,
    ) -> Result<AstraAccountId, AstraFailure> {
        let bank = InstitutionId::new("ins_109508");
        self.client
            .hand_over(access, token, Some(&bank), soon())
            .await
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::POST, "/faults", fault).await;
    }

    pub(crate) async fn set(&self, settings: Value) {
        self.control(Method::POST, "/settings", settings).await;
    }

    /// Forgets armed faults and earlier calls.
    pub(crate) async fn forget(&self) {
        self.control(Method::DELETE, "/faults", Value::Null).await;
        self.control(Method::DELETE, "/requests", Value::Null).await;
    }

    /// How often an endpoint was called.
    pub(crate) async fn calls(&self, endpoint: &str) -> u64 {
        let seen = self.control(Method::GET, "/requests", Value::Null).await;
        seen["counts"][endpoint].as_u64().unwrap_or(0)
    }

    /// The id that Astra gave the latest call.
    pub(crate) async fn latest_request_id(&self) -> String {
        let seen = self.control(Method::GET, "/requests", Value::Null).await;
        let latest = seen["requests"].as_array().unwrap().last().unwrap();
        latest["request_id"].as_str().unwrap().to_owned()
    }

    /// The ids of the live accounts of all users, as the simulator knows them.
    pub(crate) async fn accounts(&self) -> Vec<String> {
        let answer = self.control(Method::GET, "/accounts", Value::Null).await;
        let accounts = answer["accounts"].as_array().unwrap().iter();
        accounts
            .map(|account| account["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A control, which must work.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/simulator{path}", self.url);
        let mut request = self.http.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {body}");
        body
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Loopback only, so nobody's certificates count; but the TLS settings must be there.
fn http_client() -> Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}
