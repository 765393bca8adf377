//! A running stack whose every answer is held against the description.

use std::cell::RefCell;
use std::collections::BTreeSet;

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, Scene, User};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::description::Description;

/// Who watches.
pub(crate) struct Witness {
    pub(crate) scene: Scene,
    pub(crate) description: Description,
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    wrong: BTreeSet<String>,
    good: BTreeSet<String>,
    codes: BTreeSet<String>,
}

impl Witness {
    pub(crate) async fn start() -> Result<Self, Failure> {
        Ok(Self {
            scene: Scene::start().await?,
            description: Description::read()?,
            seen: RefCell::default(),
        })
    }

    /// Nothing was otherwise than described; which operations went well, and which problems came.
    pub(crate) async fn end(self) -> (BTreeSet<String>, BTreeSet<String>) {
        self.scene.stop().await;
        let seen = self.seen.into_inner();
        assert_eq!(seen.wrong, BTreeSet::new());
        (seen.good, seen.codes)
    }

    /// Sends JSON, or nothing.
    pub(crate) async fn call(
        &self,
        user: Option<&User>,
        route: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let text = body.map(Value::to_string);
        let reply = self.call_with_text(user, route, text.as_deref()).await?;
        if let Some(body) = body {
            self.judge_request(route, body, &reply)?;
        }
        Ok(reply)
    }

    /// Sends a body as it is.
    pub(crate) async fn call_with_text(
        &self,
        user: Option<&User>,
        route: &str,
        text: Option<&str>,
    ) -> Result<Reply, Failure> {
        let (method, path) = split(route)?;
        let reply = self.scene.send(method, path, user, text).await?;
        self.judge(route, &reply)?;
        Ok(reply)
    }

    /// Posts a webhook that the simulator has signed.
    pub(crate) async fn post_webhook(&self, wish: &Value) -> Result<Reply, Failure> {
        let mut wish = wish.clone();
        wish["url"] = json!(format!(
            "{}/v1/webhooks/plaid",
            self.scene.place.gateway_url
        ));
        let signed = self.scene.plaid("/simulator/webhooks/sign", &wish).await?;
        let (body, signature) = (&signed["body"], &signed["plaid_verification"]);
        let reply = self
            .scene
            .post_webhook(
                body.as_str().unwrap_or_default(),
                signature.as_str().unwrap_or_default(),
            )
            .await?;
        self.judge("POST /v1/webhooks/plaid", &reply)?;
        Ok(reply)
    }

    fn judge(&self, route: &str, reply: &Reply) -> Result<(), Failure> {
        let (method, path) = split(route)?;
        let operation = self.description.operation(&method, path);
        let operation = operation.ok_or_else(|| format!("{route} is not described"))?;
        let wrong = self.description.wrong(&operation, reply)?;
        let mut seen = self.seen.borrow_mut();
        let place = format!("{}, {}", operation.key, reply.status.as_u16());
        seen.wrong.extend(
            wrong
                .iter()
                .map(|what| format!("{place}: {what}: {}", reply.text)),
        );
        if reply.status.is_success() {
            seen.good.insert(operation.key);
        }
        seen.codes.extend(reply.code());
        Ok(())
    }

    /// What is described as wrong is refused, and nothing else is.
    fn judge_request(&self, route: &str, body: &Value, reply: &Reply) -> Result<(), Failure> {
        let (method, path) = split(route)?;
        let operation = self.description.operation(&method, path);
        let Some(operation) = operation else {
            return Ok(());
        };
        let Some(media) = self.description.request(&operation) else {
            return Ok(());
        };
        let errors = self.description.errors(&media["schema"], body)?;
        let refused = reply.status == StatusCode::BAD_REQUEST;
        if refused == errors.is_empty() && (refused || reply.status.is_success()) {
            let what = format!("{route}, {}, of {body}: {errors:?}", reply.status);
            self.seen.borrow_mut().wrong.insert(what);
        }
        Ok(())
    }

    /// A control of the simulator's for an Item.
    pub(crate) async fn change_at_plaid(&self, item_id: &str, how: &Value) -> Result<(), Failure> {
        let control = format!("/simulator/items/{item_id}");
        self.scene.plaid(&control, how).await.map(|_| ())
    }

    /// A link token with its session.
    pub(crate) async fn open_link(&self, user: &User, wish: &Value) -> Result<Value, Failure> {
        let route = "POST /v1/link-tokens";
        let reply = self.call(Some(user), route, Some(wish)).await?;
        assert_eq!(reply.status, 201, "{}", reply.text);
        Ok(reply.json())
    }

    /// What Link's onSuccess hands out after a session of this user's.
    pub(crate) async fn finish_link(&self, user: &User, username: &str) -> Result<Value, Failure> {
        let link_token = self.open_link(user, &json!({})).await?["link_token"].clone();
        let session = json!({ "link_token": link_token, "institution_id": FIRST_PLATYPUS,
            "username": username, "password": "pass_good" });
        self.scene
            .plaid("/simulator/link-sessions", &session)
            .await?;
        let ended = json!({ "link_token": link_token });
        let ended = self.scene.plaid("/link/token/get", &ended).await?;
        Ok(ended["link_sessions"][0]["results"]["item_add_results"][0].clone())
    }

    /// Links this user of the bank, with the answer of `POST /v1/items`.
    pub(crate) async fn link(&self, user: &User, username: &str) -> Result<Value, Failure> {
        let public_token = self.scene.run_link(FIRST_PLATYPUS, username).await?;
        let body = json!({ "public_token": public_token, "allow_duplicate": true });
        let reply = self.call(Some(user), "POST /v1/items", Some(&body)).await?;
        assert_eq!(reply.status, 201, "{}", reply.text);
        Ok(reply.json())
    }
}

/// `GET /v1/items` as method and path.
fn split(route: &str) -> Result<(Method, &str), Failure> {
    let (method, path) = route.split_once(' ').ok_or("no method")?;
    Ok((method.parse()?, path))
}

/// A member that is text.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
