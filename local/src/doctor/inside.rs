//! A stack from inside, with its functions' variables.

use aws_sdk_dynamodb::Client as DynamoDb;
use reqwest::Client as HttpClient;
use shared::aws::sdk_config;
use shared::domain::ApiCredentials;
use shared::plaid::PlaidClient;
use shared::secrets::ApiSecret;
use shared::settings::{AwsSettings, Environment, LocalRoot, PlaidSettings};
use shared::system_clock::SystemClock;
use shared::vault::KmsVault;
use tokio::net::TcpStream;
use url::Url;

use super::report::{Check, Finding, Trouble};
use super::settings::{self, Astra, Settings};
use super::stored::CurrentKeys;
use super::{DoctorError, PATIENCE, astra, mends, plaid, stored, table, webhook};

const INCOMPLETE: &str = "its settings are not complete";
const STOPPED: &str = "the stack does not run";
const ASTRA_IS_OFF: &str = "the parameter AstraEnvironment is empty";
const MEND_SECRET: &str = "put {\"client_id\": \"...\", \"secret\": \"...\"} from \
    https://dashboard.plaid.com/developers/keys into the secret that the stack's output \
    PlaidSecretArn names";
const START: &str = "start it with `cargo local`, or name its folder with --data-dir";

/// What the checks of this file talk to; what its settings do not allow is not there.
struct Clients {
    secret: Option<ApiSecret>,
    table: Option<(DynamoDb, String)>,
    vault: Option<KmsVault>,
}

/// Looks at everything, in order.
///
/// # Errors
/// TLS could not be set up.
pub(super) async fn check(
    environment: &Environment,
    http: &HttpClient,
    show: &mut impl FnMut(Finding),
) -> Result<(), DoctorError> {
    let (settings, findings) = settings::read(environment);
    if let Some(trouble) = not_running(settings.aws.as_ref()).await {
        show(Finding::fail(Check::Stack, trouble));
        all_skipped(show);
        return Ok(());
    }
    show(Finding::ok(Check::Stack));
    findings.into_iter().for_each(&mut *show);
    match &settings.aws {
        Some(aws) => {
            let clients = Clients::new(aws, &settings)?;
            clients.check(&settings, show).await?;
        }
        None => behind_settings(INCOMPLETE).for_each(&mut *show),
    }
    let astra = said_by_astra(&settings, http).await?;
    astra.into_iter().for_each(&mut *show);
    show(match &settings.webhook {
        Some(url) => webhook_arrives(http, url, settings.plaid.as_ref()).await,
        None => Finding::skipped(Check::Webhook, INCOMPLETE),
    });
    Ok(())
}

/// The lines of a folder in which no stack has run.
pub(super) fn no_stack(folder: &str, show: &mut impl FnMut(Finding)) {
    let found = format!("no stack has run in {folder}: it has no file env");
    show(Finding::fail(Check::Stack, Trouble::new(found, START)));
    all_skipped(show);
}

fn all_skipped(show: &mut impl FnMut(Finding)) {
    for check in [Check::Settings, Check::ClientName] {
        show(Finding::skipped(check, STOPPED));
    }
    behind_settings(STOPPED).for_each(&mut *show);
    astra::skipped(STOPPED).for_each(&mut *show);
    show(Finding::skipped(Check::Webhook, STOPPED));
}

/// What [`Clients::check`] looks at, not looked at.
fn behind_settings(why: &str) -> impl Iterator<Item = Finding> {
    let ours = [Check::Secret].into_iter().chain(table::CHECKS);
    let ours = ours.chain([Check::TokenKey]);
    let ours = ours.map(move |check| Finding::skipped(check, why));
    ours.chain(mends::skipped(why))
}

/// On a laptop, somebody listens where AWS should be.
async fn not_running(aws: Option<&AwsSettings>) -> Option<Trouble> {
    let aws = aws?;
    for url in [&aws.endpoint_url, &aws.dynamodb_endpoint_url] {
        if let Some(url) = url
            && !listens(url).await
        {
            let found = format!("nobody listens at {url}: the stack has stopped");
            return Some(Trouble::new(found, START));
        }
    }
    None
}

async fn listens(url: &str) -> bool {
    let url = Url::parse(url).ok();
    let address = url
        .as_ref()
        .and_then(|url| url.host_str().zip(url.port_or_known_default()));
    let Some(address) = address else { return false };
    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
    connected.is_ok_and(|connected| connected.is_ok())
}

impl Clients {
    fn new(aws: &AwsSettings, settings: &Settings) -> Result<Self, DoctorError> {
        let config = sdk_config(aws)?;
        let plaid = settings.plaid.as_ref();
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&config);
        if let Some(url) = &aws.dynamodb_endpoint_url {
            dynamodb = dynamodb.endpoint_url(url);
        }
        let dynamodb = DynamoDb::from_conf(dynamodb.build());
        let vault = settings.vault.as_ref();
        Ok(Self {
            secret: plaid.map(|of| ApiSecret::new(&config, of.secret_id.clone())),
            table: settings.table.clone().map(|name| (dynamodb, name)),
            vault: vault.map(|vault| KmsVault::new(&config, vault)),
        })
    }

    async fn check(
        &self,
        settings: &Settings,
        show: &mut impl FnMut(Finding),
    ) -> Result<(), DoctorError> {
        let (secret, keys) = self.secret().await;
        show(secret);
        self.table().await.into_iter().for_each(&mut *show);
        show(self.token_key().await);
        let plaid = match (&settings.plaid, keys) {
            (Some(of), Some(keys)) => said_by_plaid(settings, of, keys).await?,
            (None, _) => mends::skipped(INCOMPLETE),
            (_, None) => mends::skipped("first the secret"),
        };
        plaid.into_iter().for_each(show);
        Ok(())
    }

    async fn secret(&self) -> (Finding, Option<ApiCredentials>) {
        let Some(secret) = &self.secret else {
            return (Finding::skipped(Check::Secret, INCOMPLETE), None);
        };
        match stored::secret(secret, MEND_SECRET).await {
            Ok(keys) => (Finding::ok(Check::Secret), Some(keys)),
            Err(trouble) => (Finding::fail(Check::Secret, trouble), None),
        }
    }

    async fn table(&self) -> Vec<Finding> {
        match &self.table {
            Some((client, name)) => table::check(client, name).await,
            None => table::CHECKS
                .map(|check| Finding::skipped(check, INCOMPLETE))
                .to_vec(),
        }
    }

    async fn token_key(&self) -> Finding {
        match &self.vault {
            Some(vault) => Finding::of(Check::TokenKey, stored::token_key(vault).await),
            None => Finding::skipped(Check::TokenKey, INCOMPLETE),
        }
    }
}

async fn said_by_plaid(
    settings: &Settings,
    plaid: &PlaidSettings,
    keys: ApiCredentials,
) -> Result<Vec<Finding>, DoctorError> {
    let keys = CurrentKeys(keys);
    let root = plaid.local_root.as_ref().map(LocalRoot::pem);
    let client = PlaidClient::believing(root, plaid.base_url.clone(), keys, SystemClock)?;
    let parts = (&settings.link, &settings.vault, &settings.webhook);
    let request = match parts {
        (Some(link), Some(vault), Some(webhook)) => {
            Some(plaid::request(link, &vault.vault_id, webhook))
        }
        _ => None,
    };
    Ok(plaid::check(&client, request.as_ref()).await)
}

async fn said_by_astra(
    settings: &Settings,
    http: &HttpClient,
) -> Result<Vec<Finding>, DoctorError> {
    match (&settings.aws, &settings.astra) {
        (_, Some(Astra::Off)) => Ok(astra::skipped(ASTRA_IS_OFF).collect()),
        (Some(aws), Some(Astra::On(of))) => astra::check(aws, of, http).await,
        _ => Ok(astra::skipped(INCOMPLETE).collect()),
    }
}

/// It answers here; the real Plaid must be able to reach it too.
async fn webhook_arrives(http: &HttpClient, url: &str, plaid: Option<&PlaidSettings>) -> Finding {
    let found = webhook::check(http, url).await;
    let simulated = plaid.is_some_and(|plaid| webhook::is_loopback(&plaid.base_url));
    if found.is_failure() || simulated {
        return found;
    }
    webhook::unreachable_for_plaid(url).unwrap_or(found)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::{StatusCode, header};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;
    use crate::doctor::report::Outcome;

    /// What webhook-receipt says to a webhook without a signature.
    async fn receipt() -> (String, JoinSet<()>) {
        let refusal = (
            StatusCode::UNAUTHORIZED,
            [(header::CONTENT_TYPE, "application/problem+json")],
            r#"{"code":"webhook_not_verified"}"#,
        );
        let router = Router::new().fallback(async move || refusal);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!(
            "http://{}/v1/webhooks/plaid",
            listener.local_addr().unwrap()
        );
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (url, server)
    }

    fn plaid_at(base_url: &str) -> PlaidSettings {
        PlaidSettings {
            secret_id: String::new(),
            environment: shared::domain::PlaidEnvironment::Sandbox,
            base_url: base_url.parse().unwrap(),
            local_root: None,
        }
    }

    #[tokio::test]
    async fn plaid_itself_cannot_reach_a_laptop_and_a_simulator_can() {
        let ((url, _server), http) = (receipt().await, super::super::http::client().unwrap());
        let with = async |base_url| {
            let plaid = plaid_at(base_url);
            webhook_arrives(&http, &url, Some(&plaid)).await.outcome
        };
        assert_eq!(with("http://127.0.0.1:3001").await, Outcome::Ok);
        let Outcome::Warn(trouble) = with("https://sandbox.plaid.com").await else {
            panic!("no warning");
        };
        assert!(trouble.found.contains(&url), "{}", trouble.found);
    }
}
