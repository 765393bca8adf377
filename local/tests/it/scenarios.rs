//! Every scenario: how it leaves its user, and that what it says to try can be done.

use std::path::Path;

use local::scenarios::{Scenario, play};
use local::{Data, Options, Progress, Stack};
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{client, login};

/// A stack in which a scenario was played.
struct Played {
    stack: Stack,
    http: Client,
    next: Vec<Progress>,
}

impl Played {
    async fn of(scenario: Scenario) -> Self {
        Self::with(Options::default(), scenario).await
    }

    async fn with(options: Options, scenario: Scenario) -> Self {
        let stack = Stack::start(options).await.unwrap();
        let next = play(&stack, scenario, |_| {}).await.unwrap();
        Self {
            stack,
            http: client(),
            next,
        }
    }

    /// What the user's call is answered with.
    async fn call(
        &self,
        user: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = self.stack.gateway_url();
        let token = login(&self.http, url, &json!({ "user_id": user })).await;
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{url}{path}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.bearer_auth(token).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// The user's only Item.
    async fn item(&self, user: &str) -> Value {
        let (_, page) = self.call(user, "GET", "/v1/items", None).await;
        let [item] = page["items"].as_array().unwrap().as_slice() else {
            panic!("{user} has one Item: {page}")
        };
        item.clone()
    }

    /// Who is told to sign in.
    fn users(&self) -> Vec<&str> {
        let lines = self.next.iter().filter(|line| line.what == "sign in as");
        lines
            .map(|line| line.detail.split(' ').next().unwrap())
            .collect()
    }

    /// The user goes through update mode, with the right password or code, and comes back.
    async fn updates(&self, user: &str) -> Value {
        let id = self.item(user).await["item_id"].clone();
        let wish = Some(json!({ "item_id": id }));
        let (status, link) = self.call(user, "POST", "/v1/link-tokens", wish).await;
        assert_eq!(status, 201, "{link}");
        self.control(
            "POST",
            "/simulator/link-sessions",
            &json!({ "link_token": link["link_token"] }),
        )
        .await;
        let path = format!("/v1/items/{}/refresh", id.as_str().unwrap());
        self.call(user, "POST", &path, None).await.1
    }

    async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.stack.plaid_url().unwrap());
        let request = self.http.request(method.parse().unwrap(), url).json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn live_items(&self) -> usize {
        let items = self.control("GET", "/simulator/items", &Value::Null).await;
        items["items"].as_array().unwrap().len()
    }
}

fn on_disk(dir: &Path) -> Options {
    Options {
        data: Data::Dir(dir.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn a_broken_bank_wants_its_user_and_works_after_update_mode() {
    let played = Played::of(Scenario::BrokenBank).await;
    let item = played.item("broken-bank").await;
    assert_eq!(
        (&item["status"], &item["action"]),
        (&json!("login_required"), &json!("relink"))
    );
    assert_eq!(played.users(), ["broken-bank"]);
    let mended = played.updates("broken-bank").await;
    assert_eq!(
        (&mended["status"], &mended["action"]),
        (&json!("active"), &json!("none"))
    );
    played.stack.stop().await;
}

#[tokio::test]
async fn a_pending_deposit_waits_for_its_code() {
    let played = Played::of(Scenario::PendingDeposit).await;
    let item = played.item("pending-deposit").await;
    assert_eq!(item["action"], "verify_deposits");
    assert_eq!(item["accounts"][0]["status"], "pending_verification");
    let verified = played.updates("pending-deposit").await;
    assert_eq!(verified["accounts"][0]["status"], "ready");
    played.stack.stop().await;
}

#[tokio::test]
async fn a_revoked_user_can_only_link_again() {
    let played = Played::of(Scenario::RevokedUser).await;
    let item = played.item("revoked-user").await;
    assert_eq!(
        (&item["status"], &item["action"]),
        (&json!("revoked"), &json!("link_again"))
    );
    assert_eq!(item["accounts"][0]["status"], "revoked");
    played.stack.stop().await;
}

#[tokio::test]
async fn an_expiring_consent_is_announced_until_it_is_renewed() {
    let played = Played::of(Scenario::ExpiringConsent).await;
    let item = played.item("expiring-consent").await;
    assert_eq!(item["status"], "active");
    assert_eq!(item["notices"][0]["code"], "pending_disconnect");
    assert!(item["notices"][0]["act_before"].is_string(), "{item}");
    let renewed = played.updates("expiring-consent").await;
    assert_eq!(renewed["notices"], json!([]));
    played.stack.stop().await;
}

#[tokio::test]
async fn while_plaid_is_down_nothing_new_works_and_the_hint_brings_it_back() {
    let played = Played::of(Scenario::PlaidDown).await;
    let user = "plaid-down";
    assert_eq!(played.item(user).await["status"], "active");
    let path = "/v1/link-tokens";
    for _ in 0..3 {
        let (status, problem) = played.call(user, "POST", path, Some(json!({}))).await;
        assert_eq!(
            (status, &problem["code"]),
            (503, &json!("plaid_unavailable"))
        );
    }
    let hint = played.next.last().unwrap();
    let faults = format!("{}/simulator/faults", played.stack.plaid_url().unwrap());
    assert_eq!(hint.detail, format!("curl -X DELETE {faults}"));
    played
        .control("DELETE", "/simulator/faults", &Value::Null)
        .await;
    assert_eq!(
        played.call(user, "POST", path, Some(json!({}))).await.0,
        201
    );
    played.stack.stop().await;
}

#[tokio::test]
async fn the_first_four_live_in_one_stack() {
    let played = Played::of(Scenario::All).await;
    let expected = [
        ("broken-bank", "login_required"),
        ("pending-deposit", "active"),
        ("revoked-user", "revoked"),
        ("expiring-consent", "active"),
    ];
    assert_eq!(played.users(), expected.map(|(user, _)| user));
    for (user, status) in expected {
        assert_eq!(played.item(user).await["status"], status, "{user}");
    }
    played.stack.stop().await;
}

#[tokio::test]
async fn a_story_that_is_told_again_leaves_its_item_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = Played::with(on_disk(dir.path()), Scenario::All).await;
    let users: Vec<String> = first.users().into_iter().map(str::to_owned).collect();
    let mut before = Vec::new();
    for user in &users {
        before.push(first.item(user).await["item_id"].clone());
    }
    let live = first.live_items().await;
    first.stack.stop().await;

    let second = Played::with(on_disk(dir.path()), Scenario::All).await;
    for (user, id) in users.iter().zip(&before) {
        assert_eq!(&second.item(user).await["item_id"], id, "{user}");
    }
    assert_eq!(second.live_items().await, live);
    second.stack.stop().await;
}

#[tokio::test]
async fn what_was_mended_is_broken_again_without_piling_up() {
    let dir = tempfile::tempdir().unwrap();
    let first = Played::with(on_disk(dir.path()), Scenario::BrokenBank).await;
    let mended = first.updates("broken-bank").await;
    assert_eq!(mended["status"], "active");
    first.stack.stop().await;

    let second = Played::with(on_disk(dir.path()), Scenario::BrokenBank).await;
    let item = second.item("broken-bank").await;
    assert_eq!(item["status"], "login_required");
    assert_ne!(item["item_id"], mended["item_id"]);
    assert_eq!(second.live_items().await, 1);
    second.stack.stop().await;
}

#[tokio::test]
async fn a_scenario_begins_with_a_plaid_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let down = Played::with(on_disk(dir.path()), Scenario::PlaidDown).await;
    down.stack.stop().await;
    let played = Played::with(on_disk(dir.path()), Scenario::BrokenBank).await;
    assert_eq!(played.item("broken-bank").await["status"], "login_required");
    played.stack.stop().await;
}
