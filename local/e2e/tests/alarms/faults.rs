//! What has to go wrong for each alarm.

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::proxy::Proxy;
use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use e2e::table::{self, Row};
use jiff::{SignedDuration, Timestamp};
use local::Options;
use serde_json::{Value, json};

/// For how long something due was not looked after.
pub(crate) const HOURS_OVERDUE: f64 = 2.0;
/// More keys than `webhook-receipt` looks up at once.
const STRANGE_KEYS: usize = 30;

/// A stack whose table can break down, and a user.
struct Place {
    scene: Scene,
    proxy: Proxy,
    alice: User,
}

/// Brings about all of them, one after the other.
pub(crate) async fn bring_about() -> Result<(), Failure> {
    let proxy = Proxy::start().await?;
    let options = Options {
        dynamodb_proxy: Some(proxy.url().parse()?),
        ..Options::default()
    };
    let scene = Scene::start_with(options).await?;
    proxy.lead_to(scene.stack().dynamodb_url());
    let alice = scene.sign_in("alice").await?;
    let place = Place {
        scene,
        proxy,
        alice,
    };
    let item_id = place.link().await?;
    place.lose_an_exchange().await?;
    place.send_webhooks(&item_id).await?;
    place.leave_a_webhook_unclaimed().await?;
    place.fall_behind(&item_id).await?;
    place.meet_astra().await?;
    place.orphan_an_item().await?;
    place.scene.stop().await;
    Ok(())
}

impl Place {
    async fn exchange(&self, public_token: &str) -> Result<Reply, Failure> {
        let body = json!({ "public_token": public_token });
        self.scene.post(&self.alice, "/v1/items", &body).await
    }

    async fn arm(&self, fault: Value) -> Result<(), Failure> {
        self.scene
            .plaid("/simulator/faults", &fault)
            .await
            .map(drop)
    }

    /// Nothing goes wrong: what rates are made of.
    async fn link(&self) -> Result<String, Failure> {
        let opened = self
            .scene
            .post(&self.alice, "/v1/link-tokens", &json!({}))
            .await?;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let item = self.exchange(&public_token).await?.json();
        let item_id = item["item_id"].as_str().ok_or("no Item")?.to_owned();
        let refresh = format!("/v1/items/{item_id}/refresh");
        let refreshed = self.scene.post(&self.alice, &refresh, &json!({})).await?;
        assert_eq!(refreshed.status, 200, "{}", refreshed.text);
        Ok(item_id)
    }

    /// Plaid's answer is lost, and Plaid does not repeat it.
    async fn lose_an_exchange(&self) -> Result<(), Failure> {
        self.arm(json!({ "endpoint": "/item/public_token/exchange", "kind": "lose_answer" }))
            .await?;
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let lost = self.exchange(&public_token).await?;
        assert_eq!(
            lost.code().as_deref(),
            Some("exchange_lost"),
            "{}",
            lost.text
        );
        Ok(())
    }

    /// A genuine one, whose key is known from then on, and strangers' with ever new keys.
    async fn send_webhooks(&self, item_id: &str) -> Result<(), Failure> {
        let mut webhook = json!({ "item_id": item_id, "webhook_type": "ITEM",
            "webhook_code": "LOGIN_REPAIRED" });
        self.send(&webhook, 1).await?;
        webhook["tamper"] = "kid".into();
        webhook["copies"] = STRANGE_KEYS.into();
        self.send(&webhook, 1 + STRANGE_KEYS).await
    }

    /// Sends webhooks, and waits until so many are answered in all.
    async fn send(&self, webhook: &Value, in_all: usize) -> Result<(), Failure> {
        self.scene
            .plaid("/simulator/webhooks/send", webhook)
            .await?;
        let answered = |answer: &Value| {
            let sent = answer["webhooks"].as_array().cloned().unwrap_or_default();
            let tried = |one: &Value| one["attempts"][0]["status"].is_u64();
            sent.len() >= in_all && sent.iter().all(tried)
        };
        let answered = self.scene.wait_for_plaid("/simulator/webhooks", answered);
        answered.await.map(drop)
    }

    /// About an Item that somebody else has exchanged; a day later it is still unknown.
    async fn leave_a_webhook_unclaimed(&self) -> Result<(), Failure> {
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let exchange = json!({ "public_token": public_token });
        let strange = self
            .scene
            .plaid("/item/public_token/exchange", &exchange)
            .await?;
        let item_id = strange["item_id"].as_str().ok_or("no Item")?;
        let webhook = json!({ "item_id": item_id, "webhook_type": "ITEM",
            "webhook_code": "LOGIN_REPAIRED" });
        self.scene
            .plaid("/simulator/webhooks/send", &webhook)
            .await?;
        let inbox = format!("INBOX#{item_id}");
        // It was looked for in vain and is postponed: nobody writes to it before the test does.
        let waits = |row: &Row| moment_of(row, "due_at") > moment_of(row, "received_at");
        let mut row = table::wait_for(&self.scene, &inbox, waits).await?;
        let yesterday = Timestamp::now() - SignedDuration::from_hours(25);
        row.insert("received_at".to_owned(), millisecond(yesterday));
        row.insert("due_at".to_owned(), millisecond(yesterday));
        table::put(&self.scene, row).await?;
        self.scene.invoke("reconcile-items", &json!({})).await?;
        let given_up = |row: &Row| table::text(row, "outcome") == Some("unclaimed");
        table::wait_for(&self.scene, &inbox, given_up)
            .await
            .map(drop)
    }

    /// Something was due long ago.
    async fn fall_behind(&self, item_id: &str) -> Result<(), Failure> {
        let is_it = |row: &Row| table::text(row, "sk") == Some(&format!("ITEM#{item_id}"));
        let mut row = table::wait_for(&self.scene, "USER#alice", is_it).await?;
        let long_ago = Timestamp::now() - SignedDuration::from_secs_f64(HOURS_OVERDUE * 3600.0);
        row.insert("due_at".to_owned(), millisecond(long_ago));
        table::put(&self.scene, row).await?;
        self.scene
            .invoke("reconcile-items", &json!({}))
            .await
            .map(drop)
    }

    /// An account comes to Astra, and stays there without its bank; Astra refuses another one;
    /// and takes the user's tokens no longer, as the third one comes.
    async fn meet_astra(&self) -> Result<(), Failure> {
        let bob = self.scene.sign_in("bob").await?;
        self.scene.connect_astra(&bob, "bob@example.com").await?;
        let first = self.link_for(&bob).await?;
        let there = self.scene.wait_for_astra(&bob, &first, "linked").await?;
        let id = &there["accounts"][0]["at_astra"]["astra_account_id"];
        let control = format!("/simulator/accounts/{}", id.as_str().ok_or("no id")?);
        let used = json!({ "active_routines": 1 });
        self.scene.astra(&control, &used).await?;
        let forced = format!("/v1/items/{first}?force=true");
        let removed = self.scene.delete(&bob, &forced).await?;
        assert_eq!(removed.status, 204, "{}", removed.text);

        let refusal = json!({ "endpoint": "POST /v1/accounts/processor_token",
            "kind": "astra_error", "status": 400, "description": "Unsupported account" });
        self.scene.astra("/simulator/faults", &refusal).await?;
        let second = self.link_for(&bob).await?;
        self.scene.wait_for_astra(&bob, &second, "refused").await?;

        let users = self.scene.look_at_astra("/simulator/users").await?;
        let user_id = users["users"][0]["user_id"].as_str().ok_or("no user")?;
        let control = format!("/simulator/users/{user_id}");
        self.scene
            .astra(&control, &json!({ "revoke": true }))
            .await?;
        self.link_for(&bob).await?;
        let refused =
            |reply: &Reply| reply.json()["status"].as_str() == Some("reauthorization_required");
        let connection = "/v1/astra/connections";
        let ended = self.scene.wait_for(&bob, connection, refused);
        ended.await.map(drop)
    }

    /// A bank of somebody who may have it already.
    async fn link_for(&self, user: &User) -> Result<String, Failure> {
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let body = json!({ "public_token": public_token, "allow_duplicate": true });
        let item = self.scene.post(user, "/v1/items", &body).await?;
        let item_id = item.json()["item_id"].as_str().map(str::to_owned);
        item_id.ok_or_else(|| item.text.into())
    }

    /// The table breaks down while Plaid makes an Item, and Plaid does not remove it either.
    async fn orphan_an_item(&self) -> Result<(), Failure> {
        self.arm(
            json!({ "endpoint": "/item/public_token/exchange", "kind": "delay_ms",
            "delay_ms": 1000 }),
        )
        .await?;
        self.arm(
            json!({ "endpoint": "/item/remove", "kind": "http_status", "status": 500,
            "times": 100 }),
        )
        .await?;
        let before = self.scene.live_items().await?.len();
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let is_made = |answer: &Value| answer["items"].as_array().map(Vec::len) > Some(before);
        let breaks_down = async {
            self.scene
                .wait_for_plaid("/simulator/items", is_made)
                .await?;
            self.proxy.break_down(true);
            Ok::<_, Failure>(())
        };
        let (answer, broken) = tokio::join!(self.exchange(&public_token), breaks_down);
        broken?;
        self.proxy.break_down(false);
        assert_eq!(answer?.status, 503);
        Ok(())
    }
}

/// An attribute that [`millisecond`] has written.
fn moment_of(row: &Row, name: &str) -> Option<i64> {
    row.get(name)?.as_n().ok()?.parse().ok()
}

fn millisecond(moment: Timestamp) -> AttributeValue {
    AttributeValue::N(moment.as_millisecond().to_string())
}
