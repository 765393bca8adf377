//! What our client of Astra writes to the log and into errors: enough to find things, and no
//! secret. One test, because it listens to the whole process.

#![cfg(test)]

#[expect(dead_code, reason = "the scene is also that of `astra_client`")]
#[path = "astra_client/scene.rs"]
mod scene;

use e2e::paper::Paper;
use serde_json::{Value, json};
use shared::domain::{
    AstraAccessToken, AstraAccountId, AstraAuthorizationCode, AstraRefreshToken, ProcessorToken,
};
use shared::ports::{AstraAccountRemoval, AstraAuthorizations, AstraHandOver, AstraUsers};
use tracing_subscriber::filter::LevelFilter;

use crate::scene::{DELETE, HAND_OVER, LIST, SECRET, Scene, TOKEN, URI, USER, keys, soon};

/// A user's secrets, as they change.
struct Secrets {
    code: AstraAuthorizationCode,
    access: AstraAccessToken,
    refresh: AstraRefreshToken,
    processor_token: ProcessorToken,
    account_id: AstraAccountId,
}

impl Secrets {
    async fn of_a_user(scene: &Scene) -> Self {
        let code = scene.code("ada@example.com").await;
        let tokens = scene.client.redeem(&code, URI, soon()).await.unwrap();
        let processor_token = scene.processor_token().await;
        let made = scene.hand_over(&tokens.access, &processor_token).await;
        Self {
            code,
            access: tokens.access,
            refresh: tokens.refresh.unwrap(),
            processor_token,
            account_id: made.unwrap(),
        }
    }

    fn all(&self) -> [String; 4] {
        [
            self.code.expose(),
            self.access.expose(),
            self.refresh.expose(),
            self.processor_token.expose(),
        ]
        .map(str::to_owned)
    }

    /// What is sent with this call.
    fn sent(&self, call: &str) -> Vec<&str> {
        match call {
            "redeem" => vec![self.code.expose()],
            "refresh" => vec![self.refresh.expose()],
            "hand over" => vec![self.access.expose(), self.processor_token.expose()],
            _ => vec![self.access.expose()],
        }
    }

    /// What is wrong with this call, as text.
    async fn failure(&self, scene: &Scene, call: &str) -> Option<String> {
        let (client, access) = (&scene.client, &self.access);
        let outcome = match call {
            "redeem" => client.redeem(&self.code, URI, soon()).await.map(drop),
            "refresh" => client.refresh(&self.refresh, URI, soon()).await.map(drop),
            "user" => client.astra_user(access, soon()).await.map(drop),
            "list" => client.astra_accounts(access, soon()).await.map(drop),
            "hand over" => {
                let made = scene.hand_over(access, &self.processor_token);
                made.await.map(drop)
            }
            _ => {
                let gone = client.delete_astra_account(access, &self.account_id, soon());
                gone.await
            }
        };
        let failure = outcome.err()?;
        Some(format!("{failure} {failure:?}"))
    }
}

/// Faults in which Astra, or somebody in between, repeats what it was sent.
fn faults(endpoint: &str, sent: &[&str]) -> Vec<Value> {
    let all = sent.join(" ");
    let mut faults = vec![
        json!({"kind": "lose_answer"}),
        json!({"kind": "malformed_body"}),
        json!({"kind": "http_status", "status": 502, "body": all}),
        json!({"kind": "http_status", "status": 200, "body": all}),
        json!({"kind": "astra_error", "status": 400, "description": all}),
        json!({"kind": "astra_error", "status": 400, "error": all}),
    ];
    for fault in &mut faults {
        fault["endpoint"] = json!(endpoint);
    }
    faults
}

#[tokio::test]
async fn no_token_is_in_any_log_line_or_error() {
    let paper = Paper::default();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(paper.clone())
        .init();
    let scene = Scene::with(keys(&["canary-secret", SECRET])).await;
    let mut secrets = Secrets::of_a_user(&scene).await;
    let linked = scene.latest_request_id().await;
    let (mut told, mut all) = (Vec::new(), Vec::from(["canary", SECRET].map(str::to_owned)));
    for (call, endpoint) in [
        ("redeem", TOKEN),
        ("refresh", TOKEN),
        ("user", USER),
        ("list", LIST),
        ("hand over", HAND_OVER),
        ("delete", DELETE),
    ] {
        for fault in faults(endpoint, &secrets.sent(call)) {
            scene.fault(fault).await;
            told.extend(secrets.failure(&scene, call).await);
            all.extend(secrets.all());
        }
        let tokens = scene.client.refresh(&secrets.refresh, URI, soon()).await;
        secrets.access = tokens.unwrap().access;
    }
    assert!(told.len() >= 18, "{}", told.len());
    let log = paper.text();
    let ours = |line: &&str| !line.contains(r#""target":"astra_sandbox"#);
    let ours: Vec<_> = log.lines().filter(ours).collect();
    for wanted in [linked.as_str(), "a call to Astra failed", HAND_OVER] {
        let found = ours.iter().any(|line| line.contains(wanted));
        assert!(found, "the log names {wanted}");
    }
    for line in ours.into_iter().chain(told.iter().map(String::as_str)) {
        for secret in &all {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}
