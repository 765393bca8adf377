//! KMS, Secrets Manager and EventBridge on one port, with the keys, secrets and buses of the
//! template.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use winterbaume_core::{MockRequest, MockResponse, json_error_response};
use winterbaume_eventbridge::EventBridgeService;
use winterbaume_kms::KmsService;
use winterbaume_secretsmanager::SecretsManagerService;

use super::PersistenceError;
use super::events::{DEFAULT_BUS, EventLog, EventLogError, PutError};
use super::persistence::Persisted;
use crate::template::{REGION, ResourceNames, STACK_NAME};

const TARGET: &str = "x-amz-target";

/// Why the services could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// Their state cannot be kept.
    #[error(transparent)]
    Persistence(#[from] PersistenceError),
    /// The events cannot be kept.
    #[error(transparent)]
    Events(#[from] EventLogError),
    /// A key, secret or bus of the template could not be made.
    #[error("{target} for {name} failed: {answer}")]
    Seed {
        /// The operation.
        target: String,
        /// The logical name.
        name: String,
        /// What the service answered.
        answer: String,
    },
}

/// The files that the services keep their state in.
pub struct Files {
    /// Of KMS: contains key material in clear.
    pub kms: PathBuf,
    /// Of Secrets Manager: contains secrets in clear.
    pub secrets: PathBuf,
    /// Of EventBridge: its buses.
    pub buses: PathBuf,
    /// The events that were put on them.
    pub events: PathBuf,
}

/// KMS, Secrets Manager and EventBridge.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    kms: Persisted<KmsService>,
    secrets: Persisted<SecretsManagerService>,
    /// Only has the buses: it would throw events away.
    buses: Persisted<EventBridgeService>,
    events: EventLog,
}

impl Services {
    /// The services with the state in `files`, or new ones.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub async fn open(files: Option<Files>) -> Result<Self, ServicesError> {
        let [kms, secrets, buses, events] = match files {
            Some(files) => [files.kms, files.secrets, files.buses, files.events].map(Some),
            None => [const { None }; 4],
        };
        let inner = Inner {
            kms: Persisted::open(KmsService::new(), kms).await?,
            secrets: Persisted::open(SecretsManagerService::new(), secrets).await?,
            buses: Persisted::open(EventBridgeService::new(), buses).await?,
            events: EventLog::open(events)?,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The events that are put on the buses.
    pub fn events(&self) -> &EventLog {
        &self.inner.events
    }

    /// The event bus of a logical name, made when it is not there yet. `name` is the one
    /// that the template gives it.
    ///
    /// # Errors
    ///
    /// The bus cannot be made or written.
    pub async fn bus(
        &self,
        logical_name: &str,
        name: Option<String>,
    ) -> Result<ResourceNames, ServicesError> {
        let name = name.unwrap_or_else(|| format!("{STACK_NAME}-{logical_name}"));
        let by_name = json!({ "Name": name });
        if !self
            .inner
            .buses
            .state()
            .await
            .event_buses
            .contains_key(&name)
        {
            self.seed("AWSEvents.CreateEventBus", logical_name, &by_name)
                .await?;
        }
        let found = self
            .seed("AWSEvents.DescribeEventBus", logical_name, &by_name)
            .await?;
        let arn = found.get("Arn").and_then(Value::as_str).unwrap_or_default();
        Ok(ResourceNames::new(&name)
            .with("Arn", arn)
            .with("Name", &name))
    }

    /// The key of a logical name, made when it is not there yet.
    ///
    /// # Errors
    ///
    /// The key cannot be made or written.
    pub async fn key(&self, logical_name: &str) -> Result<ResourceNames, ServicesError> {
        // An alias finds the key again after a restart.
        let alias = format!("alias/{STACK_NAME}-{logical_name}");
        if !self.inner.kms.state().await.aliases.contains_key(&alias) {
            let key = json!({ "Description": logical_name });
            let created = self
                .seed("TrentService.CreateKey", logical_name, &key)
                .await?;
            let key_id = created
                .pointer("/KeyMetadata/KeyId")
                .cloned()
                .unwrap_or_default();
            let alias = json!({ "AliasName": alias, "TargetKeyId": key_id });
            self.seed("TrentService.CreateAlias", logical_name, &alias)
                .await?;
        }
        let key = json!({ "KeyId": alias });
        let found = self
            .seed("TrentService.DescribeKey", logical_name, &key)
            .await?;
        let text = |pointer| {
            found
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        Ok(ResourceNames::new(text("/KeyMetadata/KeyId")).with("Arn", text("/KeyMetadata/Arn")))
    }

    /// The secret of a logical name, made when it is not there yet. A given value is
    /// what it has afterwards: the keys of Plaid depend on how the stack is started.
    ///
    /// # Errors
    ///
    /// The secret cannot be made or written.
    pub async fn secret(
        &self,
        logical_name: &str,
        value: Option<&str>,
    ) -> Result<ResourceNames, ServicesError> {
        let name = format!("{STACK_NAME}-{logical_name}");
        if !self.inner.secrets.state().await.secrets.contains_key(&name) {
            let secret = json!({ "Name": name });
            self.seed("secretsmanager.CreateSecret", logical_name, &secret)
                .await?;
        }
        let by_name = json!({ "SecretId": name });
        let found = self
            .seed("secretsmanager.DescribeSecret", logical_name, &by_name)
            .await?;
        if let Some(value) = value
            && self.secret_value(&name).await.as_deref() != Some(value)
        {
            let secret = json!({ "SecretId": name, "SecretString": value });
            self.seed("secretsmanager.PutSecretValue", logical_name, &secret)
                .await?;
        }
        let arn = found.get("ARN").and_then(Value::as_str).unwrap_or_default();
        Ok(ResourceNames::new(arn).with("Id", arn))
    }

    async fn secret_value(&self, name: &str) -> Option<String> {
        let state = self.inner.secrets.state().await;
        let secret = state.secrets.get(name)?;
        secret
            .versions
            .get(secret.current_version_id.as_ref()?)?
            .secret_string
            .clone()
    }

    async fn seed(&self, target: &str, name: &str, body: &Value) -> Result<Value, ServicesError> {
        let mut headers = HeaderMap::new();
        if let Ok(value) = target.parse() {
            headers.insert(TARGET, value);
        }
        let response = self.call(headers, body.to_string().into()).await?;
        if response.status != 200 {
            let answer = String::from_utf8_lossy(&response.body).into_owned();
            let (target, name) = (target.to_owned(), name.to_owned());
            return Err(ServicesError::Seed {
                target,
                name,
                answer,
            });
        }
        Ok(serde_json::from_slice(&response.body).unwrap_or_default())
    }

    /// Hands a request to the service that its target names.
    async fn call(
        &self,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<MockResponse, PersistenceError> {
        let target = headers.get(TARGET).and_then(|target| target.to_str().ok());
        let target = target.unwrap_or_default().to_owned();
        let request = |service: &str| MockRequest {
            method: "POST".to_owned(),
            // The services take the region from the host.
            uri: format!("https://{service}.{REGION}.amazonaws.com/"),
            headers,
            body,
        };
        match target.split_once('.') {
            Some(("TrentService", action)) => self.inner.kms.handle(action, request("kms")).await,
            Some(("secretsmanager", action)) => {
                self.inner
                    .secrets
                    .handle(action, request("secretsmanager"))
                    .await
            }
            Some(("AWSEvents", "PutEvents")) => Ok(self.put_events(&request("events").body).await),
            Some(("AWSEvents", action)) => self.inner.buses.handle(action, request("events")).await,
            _ => Ok(json_error_response(
                400,
                "UnknownOperationException",
                &format!(
                    "The local stack has KMS, Secrets Manager and EventBridge here, but not \
                     `{target}`"
                ),
            )),
        }
    }

    async fn put_events(&self, body: &[u8]) -> MockResponse {
        let buses = self.inner.buses.state().await.event_buses;
        // Every account has the default bus.
        let has_bus = |name: &str| name == DEFAULT_BUS || buses.contains_key(name);
        match self.inner.events.put_events(body, has_bus) {
            Ok(answer) => MockResponse::json(200, answer.to_string()),
            Err(PutError::Invalid(said)) => json_error_response(400, "ValidationException", &said),
            Err(PutError::Log(error)) => {
                tracing::error!(%error, "events could not be kept");
                json_error_response(500, "InternalException", "The events could not be kept")
            }
        }
    }

    /// Serves until `shutdown` is ready.
    ///
    /// # Errors
    ///
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let app = Router::new()
            .fallback(handle)
            .layer(DefaultBodyLimit::max(1024 * 1024))
            .with_state(self);
        axum::serve(listener, app)
            .with_graceful_shutdown(shutdown)
            .await
    }
}

async fn handle(State(services): State<Services>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = services.call(headers, body).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a change could not be written");
        json_error_response(500, "InternalFailure", "The change could not be written")
    });
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer.headers;
    response
}
