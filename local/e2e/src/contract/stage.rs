//! A simulator with recorders around it, and the words to speak to it.

use std::sync::Arc;
use std::time::Duration;

use plaid_sandbox::{DEFAULT_CLIENT_ID, DEFAULT_SECRET, Options, Simulator};
use serde_json::{Value, json};
use shared::domain::ApiCredentials;
use shared::plaid::PlaidClient;
use shared::ports::{CredentialSource, SecretError};
use shared::system_clock::SystemClock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Exchange, Failure, Receiver, Recorder, Sender, Webhook};

/// What a scripted proxy in between answers: not Plaid's words.
pub(super) const FOREIGN_BODY: &str = "<html>502 Bad Gateway</html>";
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Credentials that never change.
#[derive(Clone, Debug)]
pub struct FixedCredentials(ApiCredentials);

impl CredentialSource for FixedCredentials {
    async fn credentials(&self) -> Result<ApiCredentials, SecretError> {
        Ok(self.0.clone())
    }

    async fn credentials_after(
        &self,
        _refused: &ApiCredentials,
    ) -> Result<Option<ApiCredentials>, SecretError> {
        Ok(None)
    }
}

/// Our client, as the functions use it but for where its credentials come from.
pub type OurClient = PlaidClient<FixedCredentials, SystemClock>;

/// An answer to a test.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body; null when it is not JSON.
    pub body: Value,
}

/// A linked Item.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Its id.
    pub item_id: String,
    /// Its token.
    pub access_token: String,
}

/// A simulator, two recorders and a receiver, which all end when dropped.
#[derive(Debug)]
pub struct Stage {
    base_url: String,
    http: reqwest::Client,
    ours: Recorder,
    others: Recorder,
    receiver: Receiver,
    server: JoinHandle<()>,
}

impl Stage {
    /// Opens a new stage on free ports.
    ///
    /// # Errors
    /// Something cannot be started.
    pub async fn open() -> Result<Self, Failure> {
        let simulator = Simulator::open(Options::default()).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            // Whoever calls notices when this has ended.
            let _ended = simulator.serve(listener, std::future::pending()).await;
        });
        let http = http_client()?;
        Ok(Self {
            ours: Recorder::open(Sender::Client, &base_url, &http).await?,
            others: Recorder::open(Sender::Test, &base_url, &http).await?,
            receiver: Receiver::open().await?,
            base_url,
            http,
            server,
        })
    }

    /// Where webhooks are received.
    pub fn webhook_url(&self) -> &str {
        self.receiver.url()
    }

    /// Our client with the right keys, through its recorder.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn client(&self) -> Result<OurClient, Failure> {
        self.client_with(DEFAULT_SECRET)
    }

    /// Our client with this secret, through its recorder.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn client_with(&self, secret: &str) -> Result<OurClient, Failure> {
        let credentials = FixedCredentials(ApiCredentials::new(DEFAULT_CLIENT_ID, secret));
        Ok(PlaidClient::new(
            self.ours.url().parse()?,
            credentials,
            SystemClock,
        )?)
    }

    /// What our client sent and got.
    pub fn our_exchanges(&self) -> Vec<Exchange> {
        self.ours.exchanges()
    }

    /// Everything that was sent and answered.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let mut all = self.ours.exchanges();
        all.extend(self.others.exchanges());
        all
    }

    /// The HTTP client of the stage itself.
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A request with the right keys, for the test to change, through the recorder.
    pub fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}{path}", self.others.url()))
            .header("Content-Type", "application/json")
            .header("PLAID-CLIENT-ID", DEFAULT_CLIENT_ID)
            .header("PLAID-SECRET", DEFAULT_SECRET)
    }

    /// A call of a test, through the recorder.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn call(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        answer(self.request(path).body(body.to_string())).await
    }

    /// A call of a test that must succeed.
    ///
    /// # Errors
    /// It does not.
    pub async fn good(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.call(path, body).await?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        Err(format!("{path} {body} answers {}: {}", answer.status, answer.body).into())
    }

    /// A call of a test that must be answered with this error code.
    ///
    /// # Errors
    /// It is not.
    pub async fn bad(&self, path: &str, body: &Value, code: &str) -> Result<(), Failure> {
        let answer = self.call(path, body).await?;
        if answer.status != 200 && answer.body.get("error_code") == Some(&json!(code)) {
            return Ok(());
        }
        Err(format!(
            "{path} {body} answers {} and not {code}: {}",
            answer.status, answer.body
        )
        .into())
    }

    /// One of the simulator's controls, which must work.
    ///
    /// # Errors
    /// It does not.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}/simulator{path}", self.base_url);
        let mut request = self.http.request(method.parse()?, url);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = answer(request).await?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        Err(format!(
            "{method} {path} {body} answers {}: {}",
            answer.status, answer.body
        )
        .into())
    }

    /// Makes all of the simulator's records older.
    ///
    /// # Errors
    /// The simulator refuses.
    pub async fn pass_time(&self, hours: u64, minutes: u64) -> Result<(), Failure> {
        let seconds = (hours * 60 + minutes) * 60;
        self.control("POST", "/clock", &json!({"advance_seconds": seconds}))
            .await?;
        Ok(())
    }

    /// A user links a bank. Nobody has exchanged the public token yet.
    ///
    /// # Errors
    /// Linking fails.
    pub async fn public_token(&self, bank: &str, user: &str) -> Result<String, Failure> {
        let body = json!({
            "institution_id": bank,
            "initial_products": ["auth"],
            "options": {"override_username": user, "webhook": self.webhook_url()},
        });
        text(
            &self.good("/sandbox/public_token/create", &body).await?,
            "/public_token",
        )
    }

    /// A user links a bank, and the public token is exchanged.
    ///
    /// # Errors
    /// One of the two fails.
    pub async fn link(&self, bank: &str, user: &str) -> Result<Linked, Failure> {
        let body = json!({"public_token": self.public_token(bank, user).await?});
        let answer = self.good("/item/public_token/exchange", &body).await?;
        Ok(Linked {
            item_id: text(&answer, "/item_id")?,
            access_token: text(&answer, "/access_token")?,
        })
    }

    /// The first account of this subtype.
    ///
    /// # Errors
    /// There is none.
    pub async fn account(&self, item: &Linked, subtype: &str) -> Result<String, Failure> {
        let answer = self
            .control("GET", &format!("/items/{}", item.item_id), &Value::Null)
            .await?;
        let accounts = answer.get("accounts").and_then(Value::as_array);
        let found = accounts
            .into_iter()
            .flatten()
            .find(|one| one.get("subtype") == Some(&json!(subtype)));
        text(found.unwrap_or(&Value::Null), "/account_id")
    }

    /// A processor token for a checking account of the Item.
    ///
    /// # Errors
    /// The simulator refuses.
    pub async fn processor_token(&self, item: &Linked) -> Result<String, Failure> {
        let body = json!({
            "access_token": item.access_token,
            "account_id": self.account(item, "checking").await?,
            "processor": "astra",
        });
        text(
            &self.good("/processor/token/create", &body).await?,
            "/processor_token",
        )
    }

    /// Waits for every webhook that the simulator has to send, and returns all.
    ///
    /// # Errors
    /// They do not come.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Failure> {
        let sent = self.control("GET", "/webhooks", &Value::Null).await?;
        let number = sent
            .get("webhooks")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        self.receiver.webhooks(number, PATIENCE).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The text at a pointer.
///
/// # Errors
/// There is none.
pub fn text(body: &Value, pointer: &str) -> Result<String, Failure> {
    let found = body.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .ok_or_else(|| format!("no text at {pointer}: {body}").into())
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
    let answer = request.timeout(PATIENCE).send().await?;
    let status = answer.status().as_u16();
    let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
    Ok(Answer { status, body })
}

/// Loopback only, so nobody's certificates count; but the TLS settings must be there.
fn http_client() -> Result<reqwest::Client, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()?)
}
