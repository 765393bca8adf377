//! Functions behind a Lambda Invoke API, e.g. `cargo lambda watch`.

use std::path::Path;
use std::time::Duration;

use lambda_http::{BoxFuture, Context};
use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

use super::{Function, FunctionError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the client of the Invoke API could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The TLS settings.
    #[error("the TLS settings cannot be built")]
    Tls(#[from] rustls::Error),
    /// The HTTP client.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
    /// The address has no path, as in `data:`.
    #[error("{0} cannot be the address of a Lambda Invoke API")]
    Address(Url),
}

/// An HTTP client with our own TLS settings.
///
/// # Errors
///
/// The TLS settings or the client cannot be built.
pub fn client() -> Result<Client, ClientError> {
    Ok(builder()?.build()?)
}

/// The beginnings of such a client: nothing here depends on what else the process has
/// installed.
///
/// # Errors
///
/// The TLS settings cannot be built.
pub fn builder() -> Result<ClientBuilder, ClientError> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let tls = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT))
}

/// Whether anybody listens at `base`.
pub(crate) async fn answers(base: &Url) -> bool {
    let Ok(addresses) = base.socket_addrs(|| None) else {
        return false;
    };
    let connecting = TcpStream::connect(addresses.as_slice());
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
    connected.is_ok_and(|connected| connected.is_ok())
}

/// What starts `cargo lambda watch` at `base`, with these variables.
pub(crate) fn watch_command(base: &Url, env_file: &Path) -> String {
    let host = base.host_str().unwrap_or("127.0.0.1");
    let port = base.port_or_known_default().unwrap_or(9000);
    let env_file = env_file.display();
    format!("cargo lambda watch --env-file {env_file} -A {host} -P {port}")
}

/// One function behind an Invoke API.
pub struct Remote {
    client: Client,
    invocations: Url,
}

impl Remote {
    /// The function `name` behind the Invoke API at `base`.
    ///
    /// # Errors
    ///
    /// `base` cannot have a path.
    pub fn new(client: Client, base: &Url, name: &str) -> Result<Self, ClientError> {
        let mut invocations = base.clone();
        invocations
            .path_segments_mut()
            .map_err(|()| ClientError::Address(base.clone()))?
            .pop_if_empty()
            .extend(["2015-03-31", "functions", name, "invocations"]);
        Ok(Self {
            client,
            invocations,
        })
    }

    async fn call(&self, payload: Value) -> Result<Value, FunctionError> {
        let answer = self
            .client
            .post(self.invocations.clone())
            .json(&payload)
            .send()
            .await;
        let answer = answer.map_err(FunctionError::Unreachable)?;
        let failed =
            !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let body = answer.bytes().await.map_err(FunctionError::Unreachable)?;
        if failed {
            return Err(FunctionError::Failed(
                String::from_utf8_lossy(&body).into_owned(),
            ));
        }
        serde_json::from_slice(&body).map_err(FunctionError::Conversion)
    }
}

impl Function for Remote {
    fn invoke(
        &self,
        payload: Value,
        _context: Context,
    ) -> BoxFuture<'_, Result<Value, FunctionError>> {
        Box::pin(self.call(payload))
    }
}
