//! Plaid's secret is rotated as the runbook says, under load: no request fails.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const USERS: usize = 8;
/// How long all users may take for their rounds.
const PATIENCE: Duration = Duration::from_mins(1);
const OLD: &str = "sandbox-secret";
const NEW: &str = "rotated-secret";
/// What the function of link tokens calls, and nobody else under this load.
const LINK_TOKEN: &str = "/link/token/create";
/// What an exchange calls; whichever comes first finds out that the secret is another one.
const EXCHANGE: [&str; 3] = [
    "/item/public_token/exchange",
    "/accounts/get",
    "/processor/token/create",
];

/// The tools of whoever rotates: Plaid's Dashboard, and the AWS CLI.
struct Operator<'a> {
    scene: &'a Scene,
    http: reqwest::Client,
}

impl<'a> Operator<'a> {
    fn of(scene: &'a Scene) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().no_proxy();
        // Everything is on this machine, without TLS.
        let http = http.tls_backend_preconfigured(no_tls()?).build()?;
        Ok(Self { scene, http })
    }

    /// Only these are active at Plaid from now on.
    async fn activate(&self, secrets: &[&str]) -> Result<(), Failure> {
        let body = json!({ "secrets": secrets });
        self.scene.plaid("/simulator/secrets", &body).await?;
        Ok(())
    }

    async fn aws(&self, operation: &str, body: Value) -> Result<Value, Failure> {
        let mut body = body;
        let environment = self.scene.stack().environment();
        body["SecretId"] = environment["PLAID_SECRET_ID"].clone().into();
        let request = self.http.post(self.scene.stack().aws_url());
        let request = request
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.is_success() {
            Ok(serde_json::from_str(&text)?)
        } else {
            Err(format!("{operation}: {text}").into())
        }
    }

    /// Puts a new version with this label, and gives its id.
    async fn put(&self, secret: &str, stage: &str) -> Result<String, Failure> {
        let value = json!({ "client_id": "sandbox-client-id", "secret": secret }).to_string();
        let body = json!({ "SecretString": value, "VersionStages": [stage] });
        let put = self.aws("PutSecretValue", body).await?;
        Ok(put["VersionId"].as_str().ok_or("no version")?.to_owned())
    }

    /// The version that has the label, and Plaid's secret in it.
    async fn staged(&self, stage: &str) -> Result<(String, String), Failure> {
        let body = json!({ "VersionStage": stage });
        let version = self.aws("GetSecretValue", body).await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("no text");
        let value: Value = serde_json::from_str(&text(&version["SecretString"])?)?;
        Ok((text(&version["VersionId"])?, text(&value["secret"])?))
    }

    /// Makes this version the current one.
    async fn promote(&self, version: &str) -> Result<(), Failure> {
        let (before, _) = self.staged("AWSCURRENT").await?;
        let body = json!({ "VersionStage": "AWSCURRENT", "MoveToVersionId": version,
            "RemoveFromVersionId": before });
        self.aws("UpdateSecretVersionStage", body).await?;
        Ok(())
    }

    /// The calls that Plaid refused for their keys, by endpoint; not those that a fault struck.
    async fn refusals(&self) -> Result<Refusals, Failure> {
        let log = self.scene.look_at_plaid("/simulator/requests").await?;
        let mut refusals = Refusals::new();
        for call in log["requests"].as_array().ok_or("no log")? {
            let endpoint = call["endpoint"].as_str().unwrap_or_default();
            let refused = call["error_code"] == "INVALID_API_KEYS" && call["fault"] == false;
            if refused {
                *refusals.entry(endpoint.to_owned()).or_default() += 1;
            }
        }
        Ok(refusals)
    }
}

type Refusals = BTreeMap<String, usize>;

/// Whether both functions under load met a refusal.
fn met_by_both(refusals: &Refusals) -> bool {
    let by_exchange = |endpoint: &String| EXCHANGE.contains(&endpoint.as_str());
    refusals.contains_key(LINK_TOKEN) && refusals.keys().any(by_exchange)
}

/// What no other function can add to.
fn steady(refusals: &Refusals) -> [Option<&usize>; 2] {
    [LINK_TOKEN, EXCHANGE[0]].map(|endpoint| refusals.get(endpoint))
}

fn no_tls() -> Result<rustls::ClientConfig, Failure> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

/// Users who link banks, round after round, until they are stopped.
struct Load<'a> {
    scene: &'a Scene,
    stopped: AtomicBool,
    failed: Mutex<Vec<String>>,
    rounds: UnboundedSender<usize>,
}

impl<'a> Load<'a> {
    fn on(scene: &'a Scene) -> (Self, Rounds) {
        let (rounds, done) = unbounded_channel();
        let load = Self {
            scene,
            stopped: AtomicBool::new(false),
            failed: Mutex::default(),
            rounds,
        };
        (load, Rounds(done))
    }

    async fn run(&self) -> Result<(), Failure> {
        try_join_all((0..USERS).map(|number| self.user(number))).await?;
        Ok(())
    }

    async fn user(&self, number: usize) -> Result<(), Failure> {
        for round in 0.. {
            if self.stopped.load(Ordering::Relaxed) {
                break;
            }
            // A new one each time: nobody may have very many Items.
            let user = self
                .scene
                .sign_in(&format!("user-{number}-{round}"))
                .await?;
            self.round(&user).await?;
            self.rounds.send(number)?;
        }
        Ok(())
    }

    /// A link token, a bank, an exchange.
    async fn round(&self, user: &User) -> Result<(), Failure> {
        let link = self.ask(user, "/v1/link-tokens", &json!({})).await?;
        let Some(link_token) = link.get("link_token") else {
            return Ok(());
        };
        let bank = json!({ "link_token": link_token, "institution_id": FIRST_PLATYPUS,
            "username": SINGLE_ACCOUNT });
        let session = self.scene.plaid("/simulator/link-sessions", &bank).await?;
        let body = json!({ "public_token": session["public_token"] });
        self.ask(user, "/v1/items", &body).await?;
        Ok(())
    }

    /// A request that must be answered with 201. One that DynamoDB or KMS was too slow for
    /// is repeated, as a client may: on a busy machine that says nothing of Plaid.
    async fn ask(&self, user: &User, path: &str, body: &Value) -> Result<Value, Failure> {
        let busy = |reply: &Reply| reply.code().as_deref() == Some("storage_unavailable");
        let mut reply = self.scene.post(user, path, body).await?;
        while busy(&reply) && !self.stopped.load(Ordering::Relaxed) {
            reply = self.scene.post(user, path, body).await?;
        }
        if reply.status != 201 && !busy(&reply) {
            let failed = format!("{path}: {} {}", reply.status, reply.text);
            self.failed.lock().unwrap().push(failed);
        }
        Ok(reply.json())
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn failed(&self) -> Vec<String> {
        self.failed.lock().unwrap().clone()
    }
}

/// Tells of every round that a user has ended.
struct Rounds(UnboundedReceiver<usize>);

impl Rounds {
    /// Waits until each user has begun and ended a round.
    async fn whole(&mut self) -> Result<(), Failure> {
        // The first that ends may have begun before.
        while self.0.try_recv().is_ok() {}
        let mut rounds = [0; USERS];
        let all = async {
            while rounds.iter().any(|ended| *ended < 2) {
                let number = self.0.recv().await.ok_or("nobody is left")?;
                rounds[number] += 1;
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, all).await?
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_the_secret_is_rotated() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let operator = Operator::of(&scene)?;
    let (load, mut rounds) = Load::on(&scene);
    let rotation = async {
        rounds.whole().await?;
        assert_eq!(operator.refusals().await?, BTreeMap::new());
        operator.activate(&[OLD, NEW]).await?;
        let version = operator.put(NEW, "AWSPENDING").await?;
        assert_eq!(operator.staged("AWSCURRENT").await?.1, OLD);
        operator.promote(&version).await?;
        assert_eq!(operator.staged("AWSCURRENT").await?.1, NEW);
        assert_eq!(operator.staged("AWSPREVIOUS").await?.1, OLD);
        // At once, while every container still has it.
        operator.activate(&[NEW]).await?;
        rounds.whole().await?;
        let met = operator.refusals().await?;
        rounds.whole().await?;
        load.stop();
        Ok::<_, Failure>(met)
    };
    let (met, ()) = tokio::try_join!(rotation, load.run())?;
    assert_eq!(load.failed(), Vec::<String>::new());
    assert!(met_by_both(&met), "{met:?}");
    let later = operator.refusals().await?;
    assert_eq!(steady(&later), steady(&met), "it was refused no more");
    scene.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_the_current_secret_is_a_wrong_one() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let operator = Operator::of(&scene)?;
    let (load, mut rounds) = Load::on(&scene);
    let mistake = async {
        rounds.whole().await?;
        operator.put("mistyped-secret", "AWSCURRENT").await?;
        assert_eq!(operator.staged("AWSPREVIOUS").await?.1, OLD);
        // What makes a container read the secret, other than time.
        for endpoint in [LINK_TOKEN, EXCHANGE[0]] {
            let fault = json!({ "endpoint": endpoint, "kind": "plaid_error",
                "error_code": "INVALID_API_KEYS" });
            scene.plaid("/simulator/faults", &fault).await?;
        }
        rounds.whole().await?;
        let met = operator.refusals().await?;
        rounds.whole().await?;
        load.stop();
        Ok::<_, Failure>(met)
    };
    let (met, ()) = tokio::try_join!(mistake, load.run())?;
    assert_eq!(load.failed(), Vec::<String>::new());
    assert!(met_by_both(&met), "{met:?}");
    let later = operator.refusals().await?;
    assert_eq!(steady(&later), steady(&met), "it was tried once");
    scene.stop().await;
    Ok(())
}
