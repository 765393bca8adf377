//! Who reaches what: every route of the template is tried by people it is not for. A new
//! route fails here until the table says how to call it.

#![cfg(test)]

use std::collections::BTreeMap;

use e2e::routes;
use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use e2e::sides::assert_same;
use e2e::table::{self, Row};
use local::template::Authorizer;
use reqwest::Method;
use serde_json::{Value, json};

/// Every route, with the body that it needs. What stands in braces is somebody's own. What
/// destroys most comes last, because the rightful callers go from top to bottom.
const ROUTES: &[(&str, Option<&str>)] = &[
    ("POST /v1/webhooks/plaid", Some("{}")),
    ("POST /v1/link-tokens", Some(r#"{"item_id":"{item_id}"}"#)),
    ("GET /v1/links/{link_id}", None),
    ("POST /v1/links/{link_id}/exit", Some("{}")),
    (
        "POST /v1/items",
        Some(r#"{"public_token":"{public_token}"}"#),
    ),
    ("GET /v1/items", None),
    ("GET /v1/items/{item_id}", None),
    (
        "POST /v1/items/{item_id}/processor-tokens",
        Some(r#"{"account_id":"{account_id}"}"#),
    ),
    ("POST /v1/items/{item_id}/refresh", None),
    (
        "POST /v1/server/users/{user_id}/link-tokens",
        Some(r#"{"item_id":"{item_id}","hosted_link":{}}"#),
    ),
    ("GET /v1/server/users/{user_id}/items", None),
    ("GET /v1/server/users/{user_id}/items/{item_id}", None),
    (
        "POST /v1/server/users/{user_id}/items/{item_id}/processor-tokens",
        Some(r#"{"account_id":"{account_id}"}"#),
    ),
    ("GET /v1/server/users/{user_id}/changes", None),
    ("POST /v1/astra/authorizations", None),
    (CONNECT, Some(r#"{"code":"{code}","state":"{state}"}"#)),
    ("GET /v1/astra/connections", None),
    ("DELETE /v1/items/{item_id}", None),
    ("DELETE /v1/astra/connections", None),
    ("DELETE /v1/server/users/{user_id}", None),
];

const CONNECT: &str = "POST /v1/astra/connections";
const OWNER: &str = "alice";
const STRANGER: &str = "bob";

/// A route as the template has it, and how to call it.
struct Route {
    key: &'static str,
    body: Option<&'static str>,
    authorizer: Authorizer,
}

impl Route {
    /// Whether a call names something of its owner's, besides the user it is for.
    fn names_something(&self) -> bool {
        let body = self.body.unwrap_or_default();
        ["{item_id}", "{link_id}", "{public_token}"]
            .iter()
            .any(|name| self.key.contains(name) || body.contains(name))
    }

    fn is_for_servers(&self) -> bool {
        self.authorizer == Authorizer::Iam
    }
}

/// The routes of the table, each with the authorizer of the template.
fn routes() -> Result<Vec<Route>, Failure> {
    let template = routes::of_template()?;
    let known = ROUTES.iter().map(|(key, _)| key);
    assert_same("the table above", known, "template.yaml", template.keys());
    let routes = ROUTES.iter().map(|&(key, body)| Route {
        key,
        body,
        authorizer: template[key].clone(),
    });
    Ok(routes.collect())
}

/// A stack in which the owner has linked a bank, and everything of theirs by name.
struct Stage {
    scene: Scene,
    owner: User,
    stranger: User,
    server: User,
    things: BTreeMap<&'static str, String>,
}

impl Stage {
    async fn set() -> Result<Self, Failure> {
        let scene = Scene::start().await?;
        let owner = scene.sign_in(OWNER).await?;
        let stranger = scene.sign_in(STRANGER).await?;
        let server = scene.sign_in_server().await?;
        let link = scene.post(&owner, "/v1/link-tokens", &json!({})).await?;
        let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let body = json!({ "public_token": public_token });
        let item = scene.post(&owner, "/v1/items", &body).await?.json();
        let back = scene
            .come_back_from_astra(&owner, "ada@example.com")
            .await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let things = BTreeMap::from([
            ("{link_id}", text(&link.json()["link_id"])),
            ("{public_token}", public_token),
            ("{code}", text(&back["code"])),
            ("{state}", text(&back["state"])),
            ("{item_id}", text(&item["item_id"])),
            ("{account_id}", text(&item["accounts"][0]["account_id"])),
        ]);
        assert!(things.values().all(|id| !id.is_empty()), "{things:?}");
        Ok(Self {
            scene,
            owner,
            stranger,
            server,
            things,
        })
    }

    /// Calls a route about what the owner has. A server says that it acts for `user_id`.
    async fn call(
        &self,
        route: &Route,
        caller: Option<&User>,
        user_id: &str,
    ) -> Result<Reply, Failure> {
        let filled = |text: &str| {
            let mut text = text.replace("{user_id}", user_id);
            for (name, id) in &self.things {
                text = text.replace(name, id);
            }
            text
        };
        let (method, path) = route.key.split_once(' ').ok_or("no route key")?;
        let method: Method = method.parse()?;
        let body = route.body.map(filled);
        self.scene
            .send(method, &filled(path), caller, body.as_deref())
            .await
    }

    /// Everything that a stranger must not change: what we keep, and what Plaid has.
    async fn state(&self) -> Result<(BTreeMap<String, Row>, Value), Failure> {
        let mut records = BTreeMap::new();
        for mut row in table::records(&self.scene).await? {
            let part = |name| table::text(&row, name).unwrap_or_default();
            let key = format!("{} {}", part("pk"), part("sk"));
            if key.contains(" CHANGE#") {
                // Changes are published by themselves.
                row.retain(|name, _| !["due", "due_at"].contains(&name.as_str()));
            }
            if !key.starts_with("INBOX#") {
                records.insert(key, row);
            }
        }
        Ok((records, self.scene.look_at_plaid("/simulator/items").await?))
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_somebody_elses() -> Result<(), Failure> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let routes = routes()?;
    let about_something = |route: &&Route| route.names_something();
    for route in routes.iter().filter(about_something) {
        let caller = if route.is_for_servers() {
            &stage.server
        } else {
            &stage.stranger
        };
        let reply = stage.call(route, Some(caller), STRANGER).await?;
        let refused = (reply.status.as_u16(), reply.code());
        assert_eq!(
            refused,
            (404, Some("not_found".to_owned())),
            "{}",
            route.key
        );
        assert_eq!(stage.state().await?, before, "{}", route.key);
    }
    stage.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn the_gateway_lets_nobody_in_by_another_door() -> Result<(), Failure> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let mut open = Vec::new();
    for route in routes()? {
        let (wrong, turned_away) = match route.authorizer {
            Authorizer::Nobody => {
                open.push(route.key);
                continue;
            }
            Authorizer::Jwt(_) => (&stage.server, (401, "Unauthorized")),
            Authorizer::Iam => (&stage.owner, (403, "Forbidden")),
        };
        for caller in [None, Some(wrong)] {
            let reply = stage.call(&route, caller, OWNER).await?;
            let (status, message) = turned_away;
            assert_eq!(reply.status, status, "{}", route.key);
            assert_eq!(reply.json(), json!({ "message": message }), "{}", route.key);
        }
        assert_eq!(stage.state().await?, before, "{}", route.key);
    }
    assert_eq!(open, ["POST /v1/webhooks/plaid"]);
    stage.scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn nobody_comes_back_from_astra_with_somebody_elses_state() -> Result<(), Failure> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let mut routes = routes()?.into_iter();
    let connect = routes.find(|route| route.key == CONNECT).ok_or(CONNECT)?;
    let reply = stage
        .call(&connect, Some(&stage.stranger), STRANGER)
        .await?;
    let refused = (reply.status.as_u16(), reply.code());
    assert_eq!(refused, (422, Some("astra_state_unknown".to_owned())));
    assert_eq!(stage.state().await?, before);
    for status in [201, 422] {
        let reply = stage.call(&connect, Some(&stage.owner), OWNER).await?;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
    stage.scene.stop().await;
    Ok(())
}

/// Or else the refusals above could have any other reason.
#[tokio::test]
async fn the_rightful_caller_gets_through_with_the_same_calls() -> Result<(), Failure> {
    let stage = Stage::set().await?;
    let (records, items) = stage.state().await?;
    let is_closed = |route: &Route| route.authorizer != Authorizer::Nobody;
    for route in routes()?.into_iter().filter(is_closed) {
        let caller = if route.is_for_servers() {
            &stage.server
        } else {
            &stage.owner
        };
        let reply = stage.call(&route, Some(caller), OWNER).await?;
        assert!(reply.status.is_success(), "{}: {}", route.key, reply.text);
    }
    let after = stage.state().await?;
    assert!(after.0 != records && after.1 != items, "changes are seen");
    stage.scene.stop().await;
    Ok(())
}
