//! The examples of requests, sent with live ids in place of theirs.

use e2e::scene::{Failure, User};
use serde_json::{Value, json};

use crate::examples::examples;
use crate::witness::{Witness, text};

/// Whoever the examples are sent by, and what is theirs.
struct Sender {
    user: User,
    server: User,
    item: Value,
    link_id: String,
}

impl Sender {
    async fn new(witness: &Witness, name: &str) -> Result<Self, Failure> {
        let user = witness.scene.sign_in(name).await?;
        let item = witness.link(&user, "user_good").await?;
        let link = witness.open_link(&user, &json!({})).await?;
        let link_id = text(&link, "link_id").to_owned();
        let server = witness.scene.sign_in_server().await?;
        Ok(Self {
            user,
            server,
            item,
            link_id,
        })
    }

    /// The route with their ids.
    fn route(&self, key: &str, name: &str) -> String {
        key.replace("{item_id}", text(&self.item, "item_id"))
            .replace("{link_id}", &self.link_id)
            .replace("{user_id}", name)
    }

    /// The example with their ids.
    async fn body(&self, witness: &Witness, example: &Value) -> Result<Value, Failure> {
        let mut body = example.clone();
        if body.get("state").is_some() {
            let back = witness
                .scene
                .come_back_from_astra(&self.user, "ada@example.com");
            return back.await;
        }
        if body.get("item_id").is_some() {
            body["item_id"] = self.item["item_id"].clone();
        }
        if body.get("public_token").is_none() {
            put(
                &mut body,
                "account_id",
                &self.item["accounts"][0]["account_id"],
            );
            return Ok(body);
        }
        let result = witness.finish_link(&self.user, "user_good").await?;
        body["public_token"] = result["public_token"].clone();
        body["allow_duplicate"] = json!(true);
        let account_id = &result["accounts"][0]["id"];
        put(&mut body, "account_id", account_id);
        if let Some(hint) = body.pointer_mut("/accounts/0/id") {
            *hint = account_id.clone();
        }
        Ok(body)
    }
}

fn put(body: &mut Value, name: &str, value: &Value) {
    if body.get(name).is_some() {
        body[name] = value.clone();
    }
}

#[tokio::test]
async fn the_example_of_every_request_is_accepted() -> Result<(), Failure> {
    let witness = Witness::start().await?;
    let name = "alice";
    let sender = Sender::new(&witness, name).await?;
    for operation in witness.description.operations() {
        let Some(media) = witness.description.request(&operation) else {
            continue;
        };
        let for_servers = operation.key.contains("/server/");
        let user = if for_servers {
            &sender.server
        } else {
            &sender.user
        };
        for (title, example) in examples(&witness.description, media) {
            let body = sender.body(&witness, example).await?;
            let reply = if operation.key == "POST /v1/webhooks/plaid" {
                witness.post_webhook(&json!({ "body": body })).await?
            } else {
                let route = sender.route(&operation.key, name);
                witness.call(Some(user), &route, Some(&body)).await?
            };
            let place = format!("{}, {title}", operation.key);
            assert!(reply.status.is_success(), "{place}: {}", reply.text);
        }
    }
    witness.end().await;
    Ok(())
}
