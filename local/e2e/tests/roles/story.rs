//! What everybody does in a stack, so that every function does all that it ever does: what
//! users and servers ask for, what Plaid tells, and what is left half-done and taken up again.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use e2e::table::{self, Row};
use local::Options;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::token_hash;

use crate::call::{Call, Names};
use crate::recorder::{Behind, Recorder};

const EXCHANGE: &str = "exchange-and-processor-token";
/// How often something is looked at that is waited for.
const POLL: Duration = Duration::from_millis(20);

pub(crate) struct Story {
    pub(crate) scene: Scene,
    pub(crate) recorder: Recorder,
    alice: User,
    server: User,
}

impl Story {
    /// A stack whose functions reach AWS through the recorder; `names` tells the logical name
    /// of what an environment variable names.
    pub(crate) async fn begin(names: &Names) -> Result<Self, Failure> {
        let recorder = Recorder::start().await?;
        let proxy = Some(recorder.url().parse()?);
        let options = Options {
            dynamodb_proxy: proxy.clone(),
            aws_proxy: proxy,
            ..Options::default()
        };
        let scene = Scene::start_with(options).await?;
        let environment = scene.stack().environment();
        let logical = |(variable, name): (&String, &String)| {
            Some((environment.get(variable)?.clone(), name.clone()))
        };
        recorder.lead_to(Behind {
            dynamodb: scene.stack().dynamodb_url().to_owned(),
            aws: scene.stack().aws_url().to_owned(),
            names: names.iter().filter_map(logical).collect(),
        });
        Ok(Self {
            alice: scene.sign_in("alice").await?,
            server: scene.sign_in_server().await?,
            scene,
            recorder,
        })
    }

    pub(crate) async fn end(self) {
        self.scene.stop().await;
    }

    /// Asks, and is answered as expected.
    pub(crate) async fn ask(
        &self,
        user: &User,
        call: (Method, &str),
        body: &Value,
        status: u16,
    ) -> Result<Reply, Failure> {
        let (method, path) = call;
        let text = body.to_string();
        let body = (method == Method::POST).then_some(text.as_str());
        let reply = self.scene.send(method, path, Some(user), body).await?;
        if reply.status == StatusCode::from_u16(status)? {
            Ok(reply)
        } else {
            Err(format!("{path}: {} {}", reply.status, reply.text).into())
        }
    }

    async fn post(&self, path: &str, body: &Value, status: u16) -> Result<Value, Failure> {
        let reply = self.ask(&self.alice, (Method::POST, path), body, status);
        Ok(reply.await?.json())
    }

    pub(crate) async fn read(&self, user: &User, path: &str) -> Result<Value, Failure> {
        let reply = self.ask(user, (Method::GET, path), &Value::Null, 200);
        Ok(reply.await?.json())
    }

    pub(crate) async fn delete(&self, user: &User, path: &str, status: u16) -> Result<(), Failure> {
        let reply = self.ask(user, (Method::DELETE, path), &Value::Null, status);
        reply.await.map(drop)
    }

    /// Plaid refuses the next call of this endpoint, for good and without any effect.
    async fn refuse_at_plaid(&self, endpoint: &str, error_code: &str) -> Result<(), Failure> {
        let fault = json!({ "endpoint": endpoint, "kind": "plaid_error",
            "error_code": error_code });
        self.scene
            .plaid("/simulator/faults", &fault)
            .await
            .map(drop)
    }

    /// A public token that makes no duplicate of the user's other Items.
    pub(crate) async fn public_token(&self, bank_user: &str) -> Result<Value, Failure> {
        let public_token = self.scene.run_link(FIRST_PLATYPUS, bank_user).await?;
        Ok(json!({ "public_token": public_token, "allow_duplicate": true }))
    }

    /// The id of an Item of one account.
    async fn link(&self) -> Result<String, Failure> {
        let body = self.public_token(SINGLE_ACCOUNT).await?;
        let item = self.post("/v1/items", &body, 201).await?;
        Ok(text(&item, "item_id").to_owned())
    }

    /// The minute's run.
    async fn reconcile(&self) -> Result<(), Failure> {
        self.scene.invoke("reconcile-items", &json!({})).await?;
        Ok(())
    }

    /// A run long after these records were left alone.
    pub(crate) async fn reconcile_later(&self, prefix: &str) -> Result<(), Failure> {
        for row in table::records_of(&self.scene, prefix).await? {
            if row.contains_key("due_at") {
                self.make_due(row).await?;
            }
        }
        self.reconcile().await
    }

    pub(crate) async fn make_due(&self, mut row: Row) -> Result<(), Failure> {
        let long_ago = AttributeValue::N("0".to_owned());
        if let Some(lease) = row.get_mut("lease_until") {
            *lease = long_ago.clone();
        }
        row.insert("due_at".to_owned(), long_ago);
        // Any partition of the index will do.
        let shard = AttributeValue::S("DUE#0".to_owned());
        row.entry("due".to_owned()).or_insert(shard);
        table::put(&self.scene, row).await
    }

    /// Waits until the webhooks of this subject have ended.
    async fn ended(&self, subject: &str, code: &str) -> Result<Row, Failure> {
        let of_subject = format!("INBOX#{subject}");
        let ended = |row: &Row| {
            table::text(row, "webhook_code") == Some(code) && row.contains_key("outcome")
        };
        table::wait_for(&self.scene, &of_subject, ended).await
    }
}

impl Story {
    /// What front ends and servers ask for.
    pub(crate) async fn users_link_and_look(&self) -> Result<(), Failure> {
        let link = self.post("/v1/link-tokens", &json!({}), 201).await?;
        let path = format!("/v1/links/{}", text(&link, "link_id"));
        self.read(&self.alice, &path).await?;
        self.post(&format!("{path}/exit"), &json!({}), 204).await?;

        let body = self.public_token("user_good").await?;
        let item = self.post("/v1/items", &body, 201).await?;
        let item_id = text(&item, "item_id");
        let accounts = item["accounts"].as_array().ok_or("no accounts")?;
        let available = accounts.iter().filter(|one| one["status"] == "available");
        let [first, second, ..] = available.collect::<Vec<_>>()[..] else {
            return Err("too few accounts".into());
        };
        let mut chosen = body.clone();
        chosen["account_id"] = first["account_id"].clone();
        self.post("/v1/items", &chosen, 201).await?;
        self.post("/v1/items", &body, 201).await?;
        let other = json!({ "account_id": second["account_id"] });
        let tokens = format!("/v1/items/{item_id}/processor-tokens");
        self.post(&tokens, &other, 201).await?;

        let as_server = "/v1/server/users/alice";
        let tokens = format!("{as_server}/items/{item_id}/processor-tokens");
        self.ask(&self.server, (Method::POST, &tokens), &other, 201)
            .await?;
        for path in ["items", &format!("items/{item_id}"), "changes"] {
            self.read(&self.server, &format!("{as_server}/{path}"))
                .await?;
        }
        self.read(&self.alice, "/v1/items").await?;
        self.read(&self.alice, &format!("/v1/items/{item_id}"))
            .await?;
        Ok(())
    }

    /// Update mode, an Item that Plaid has forgotten, and the ends of an Item and of a user.
    pub(crate) async fn items_change_and_go(&self) -> Result<(), Failure> {
        let item_id = self.link().await?;
        let update = json!({ "item_id": item_id });
        let link = self.post("/v1/link-tokens", &update, 201).await?;
        let session = json!({ "link_token": link["link_token"] });
        self.scene
            .plaid("/simulator/link-sessions", &session)
            .await?;
        let item = format!("/v1/items/{item_id}");
        let refresh = format!("{item}/refresh");
        self.post(&refresh, &json!({}), 200).await?;
        self.delete(&self.alice, &item, 204).await?;

        let forgotten = self.link().await?;
        self.refuse_at_plaid("/item/get", "ITEM_NOT_FOUND").await?;
        let refresh = format!("/v1/items/{forgotten}/refresh");
        self.post(&refresh, &json!({}), 410).await?;

        let bob = self.scene.sign_in("bob").await?;
        let body = self.public_token(SINGLE_ACCOUNT).await?;
        self.ask(&bob, (Method::POST, "/v1/items"), &body, 201)
            .await?;
        self.delete(&self.server, "/v1/server/users/bob", 202)
            .await?;
        self.reconcile().await
    }

    /// What Plaid tells of an Item, and of a session on its own page.
    pub(crate) async fn plaid_tells(&self) -> Result<(), Failure> {
        let item_id = self.link().await?;
        for (webhook_type, webhook_code) in [
            ("ITEM", "ERROR"),
            ("ITEM", "LOGIN_REPAIRED"),
            ("AUTH", "DEFAULT_UPDATE"),
        ] {
            let webhook = json!({ "item_id": item_id, "webhook_type": webhook_type,
                "webhook_code": webhook_code });
            self.scene
                .plaid("/simulator/webhooks/send", &webhook)
                .await?;
            self.ended(&item_id, webhook_code).await?;
        }
        let link_token = self.run_hosted("carol").await?;
        let subject = token_hash(&link_token).to_string();
        let done = self.ended(&subject, "SESSION_FINISHED").await?;
        // Plaid tells it again, and then the reconciler comes upon it.
        self.tell_again(&link_token).await?;
        self.make_due(done).await?;
        self.reconcile().await
    }

    /// A session of somebody who has no Item yet, whose webhooks come; its link token.
    async fn run_hosted(&self, user_id: &str) -> Result<String, Failure> {
        let user = self.scene.sign_in(user_id).await?;
        let hosted = json!({ "hosted_link": {} });
        let link = self.ask(&user, (Method::POST, "/v1/link-tokens"), &hosted, 201);
        let link = link.await?.json();
        let session = json!({ "link_token": link["link_token"],
            "institution_id": FIRST_PLATYPUS, "username": SINGLE_ACCOUNT });
        self.scene
            .plaid("/simulator/link-sessions", &session)
            .await?;
        Ok(text(&link, "link_token").to_owned())
    }

    /// The webhook of a session's end once more, as if it had been signed earlier.
    async fn tell_again(&self, link_token: &str) -> Result<(), Failure> {
        let sent = self.scene.look_at_plaid("/simulator/webhooks").await?;
        let mut sent = sent["webhooks"].as_array().into_iter().flatten();
        let told = sent.find(|webhook| {
            let body = webhook["body"].as_str().unwrap_or_default();
            webhook["webhook_code"] == "SESSION_FINISHED" && body.contains(link_token)
        });
        let told = told.ok_or("no webhook of the session's end")?;
        let again = json!({ "url": told["url"], "raw_body": told["body"],
            "iat_offset_seconds": -60 });
        self.scene.plaid("/simulator/webhooks/send", &again).await?;
        let of_session = format!("INBOX#{}", token_hash(link_token));
        let told_twice = async || {
            let rows = table::records_of(&self.scene, &of_session).await?;
            let of_end = |row: &&Row| table::text(row, "webhook_code") == Some("SESSION_FINISHED");
            let ended = rows
                .iter()
                .filter(of_end)
                .filter(|row| row.contains_key("outcome"));
            Ok(ended.count() == 2)
        };
        self.wait_until("the second telling has ended", told_twice)
            .await
    }

    /// Plaid refuses exchanges, or does not tell what it made; the reconciler goes on.
    pub(crate) async fn exchanges_break_off(&self) -> Result<(), Failure> {
        let exchange = "/item/public_token/exchange";
        self.refuse_at_plaid(exchange, "INVALID_FIELD").await?;
        let body = self.public_token(SINGLE_ACCOUNT).await?;
        self.scene.post(&self.alice, "/v1/items", &body).await?;

        self.refuse_at_plaid(exchange, "INVALID_FIELD").await?;
        self.run_hosted("dave").await?;
        self.wait_for_call("process-webhook", "dynamodb:DeleteItem")
            .await?;

        self.refuse_at_plaid("/accounts/get", "INVALID_FIELD")
            .await?;
        let body = self.public_token(SINGLE_ACCOUNT).await?;
        self.scene.post(&self.alice, "/v1/items", &body).await?;
        self.reconcile_later("EXCHANGE#").await
    }

    /// The table takes no Item; it is removed at Plaid, in the end.
    pub(crate) async fn the_table_breaks_down(&self) -> Result<(), Failure> {
        for operations in [
            ["TransactWriteItems"].as_slice(),
            // Not even that the Item is to be removed can be recorded.
            &["TransactWriteItems", "UpdateItem"],
        ] {
            self.refuse_at_plaid("/item/remove", "INVALID_FIELD")
                .await?;
            let body = self.public_token(SINGLE_ACCOUNT).await?;
            self.recorder.refuse(EXCHANGE, operations);
            self.scene.post(&self.alice, "/v1/items", &body).await?;
            self.recorder.relent();
            self.reconcile_later("EXCHANGE#").await?;
        }
        // The stray's own exchange had to end first.
        self.reconcile_later("EXCHANGE#").await?;
        let left = table::records_of(&self.scene, "EXCHANGE#").await?;
        let left = left.iter().filter(|row| row.contains_key("due_at"));
        match left.count() {
            0 => Ok(()),
            left => Err(format!("{left} exchanges or strays are not looked after").into()),
        }
    }

    /// The stream has given changes up; not every change is an event.
    pub(crate) async fn changes_are_published_late(&self) -> Result<(), Failure> {
        for row in table::records_of(&self.scene, "USER#alice").await? {
            if table::text(&row, "sk").is_some_and(|sk| sk.starts_with("CHANGE#")) {
                self.make_due(row).await?;
            }
        }
        self.reconcile().await
    }

    async fn wait_for_call(&self, function: &str, action: &str) -> Result<(), Failure> {
        let asked = async || {
            let calls = self.recorder.calls()?;
            let wanted = |call: &Call| call.function == function && call.action == action;
            Ok(calls.iter().any(wanted))
        };
        self.wait_until(&format!("{function} asks for {action}"), asked)
            .await
    }

    async fn wait_until(
        &self,
        what: &str,
        is_so: impl AsyncFn() -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        while !is_so().await? {
            if begun.elapsed() > self.scene.place.patience {
                return Err(format!("not so: {what}").into());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
