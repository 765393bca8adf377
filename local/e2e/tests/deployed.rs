//! What a deployment must do, through its own gateway, streams, schedule and bus. Without a
//! deployment in the environment (local/deploy puts one there) the stack of this process has
//! to do the same.

#![cfg(test)]

use std::time::{Duration, Instant};

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use local::{Options, Schedules, Stack};
use reqwest::Method;
use serde_json::{Value, json};

type Place = Scene<Option<Stack>>;

async fn place() -> Result<Place, Failure> {
    // A deployment's schedule runs every minute; in this process nobody waits for that.
    let schedules = Schedules::Every(Duration::from_millis(500));
    Scene::deployed_or_with(Options {
        schedules,
        ..Options::default()
    })
    .await
}

/// What a front end sends after Link, which it ran with a link token of ours.
async fn run_link(place: &Place, user: &User) -> Result<Value, Failure> {
    let link = place.post(user, "/v1/link-tokens", &json!({})).await?;
    assert_eq!(link.status, 201, "{}", link.text);
    let session = json!({ "link_token": link.json()["link_token"],
        "institution_id": FIRST_PLATYPUS, "username": SINGLE_ACCOUNT, "password": "pass_good" });
    let ended = place.plaid("/simulator/link-sessions", &session).await?;
    Ok(json!({ "public_token": ended["public_token"] }))
}

/// Links a bank, and gives the Item and its path.
async fn link(place: &Place, user: &User) -> Result<(Value, String), Failure> {
    let body = run_link(place, user).await?;
    let linked = place.post(user, "/v1/items", &body).await?;
    assert_eq!(linked.status, 201, "{}", linked.text);
    let item = linked.json();
    let path = format!("/v1/items/{}", item["item_id"].as_str().unwrap());
    Ok((item, path))
}

fn has_status(status: &str) -> impl Fn(&Reply) -> bool {
    move |reply| reply.json()["status"] == status
}

async fn is_alive(place: &Place, item: &Value) -> Result<bool, Failure> {
    let items = place.live_items().await?;
    Ok(items.iter().any(|id| item["item_id"] == id.as_str()))
}

#[tokio::test]
async fn a_public_token_becomes_one_item_that_the_processor_can_use() -> Result<(), Failure> {
    let place = place().await?;
    let alice = place.sign_in("alice").await?;
    let body = run_link(&place, &alice).await?;
    let first = place.post(&alice, "/v1/items", &body).await?;
    assert_eq!(first.status, 201, "{}", first.text);
    let item = first.json();
    assert_eq!(
        (&item["status"], &item["action"], &item["processor"]),
        (&json!("active"), &json!("none"), &json!("astra"))
    );

    let account = &item["accounts"][0];
    let body_for_plaid = json!({ "processor_token": account["processor_token"] });
    let seen = place.plaid("/processor/auth/get", &body_for_plaid).await?;
    assert_eq!(seen["account"]["account_id"], account["account_id"]);

    let again = place.post(&alice, "/v1/items", &body).await?;
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let listed = place.get(&alice, "/v1/items").await?;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed.json()["items"][0]["item_id"], item["item_id"]);
    assert!(!listed.text.contains("-sandbox-"), "a list holds no tokens");
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_session_of_link_that_ends_without_a_bank_is_known() -> Result<(), Failure> {
    let place = place().await?;
    let ivan = place.sign_in("ivan").await?;
    let link = place.post(&ivan, "/v1/link-tokens", &json!({})).await?;
    let path = format!("/v1/links/{}", link.json()["link_id"].as_str().unwrap());
    assert!(has_status("open")(&place.get(&ivan, &path).await?));
    let exit = json!({ "error": null, "metadata": { "status": "requires_credentials" } });
    let told = place.post(&ivan, &format!("{path}/exit"), &exit).await?;
    assert_eq!(told.status, 204, "{}", told.text);
    assert!(has_status("exited")(&place.get(&ivan, &path).await?));
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_webhook_brings_the_item_to_what_is_true_at_plaid() -> Result<(), Failure> {
    let place = place().await?;
    let bob = place.sign_in("bob").await?;
    let (item, path) = link(&place, &bob).await?;
    let at_plaid = format!("/simulator/items/{}", item["item_id"].as_str().unwrap());

    let broken = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" }, "fire_webhook": true });
    place.plaid(&at_plaid, &broken).await?;
    let seen = place.wait_for(&bob, &path, has_status("login_required"));
    assert_eq!(seen.await?.json()["action"], "relink");

    let mended = json!({ "error": null, "fire_webhook": true });
    place.plaid(&at_plaid, &mended).await?;
    let seen = place.wait_for(&bob, &path, has_status("active"));
    assert_eq!(seen.await?.json()["action"], "none");
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_item_is_refreshed_and_then_removed_at_plaid_too() -> Result<(), Failure> {
    let place = place().await?;
    let carol = place.sign_in("carol").await?;
    let (item, path) = link(&place, &carol).await?;
    // Nobody tells of it, so only a look at Plaid finds it out.
    let broken = json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" } });
    let at_plaid = format!("/simulator/items/{}", item["item_id"].as_str().unwrap());
    place.plaid(&at_plaid, &broken).await?;
    let refresh = format!("{path}/refresh");
    let refreshed = place.post(&carol, &refresh, &json!({})).await?;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    assert_eq!(refreshed.json()["status"], "login_required");

    let removed = place.delete(&carol, &path).await?;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert!(!is_alive(&place, &item).await?);
    let listed = place.get(&carol, "/v1/items").await?;
    assert_eq!(listed.json(), json!({ "items": [] }));
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_user_whom_a_server_wants_erased_is_erased_by_the_schedule() -> Result<(), Failure> {
    let place = place().await?;
    let dave = place.sign_in("dave").await?;
    let (item, _) = link(&place, &dave).await?;
    let server = place.sign_in_server().await?;
    let wished = place.delete(&server, "/v1/server/users/dave").await?;
    assert_eq!(wished.status, 202, "{}", wished.text);
    let receipt = |reply: &Reply| {
        let changes = reply.json()["changes"].clone();
        changes.as_array().is_some_and(|all| {
            let last = all.last().cloned().unwrap_or_default();
            last["cause"] == "erasure" && last["item_id"].is_null()
        })
    };
    let changes = "/v1/server/users/dave/changes";
    place.wait_for(&server, changes, receipt).await?;
    assert!(!is_alive(&place, &item).await?);
    let listed = place.get(&server, "/v1/server/users/dave/items").await?;
    assert_eq!(listed.json(), json!({ "items": [] }));
    place.stop().await;
    Ok(())
}

/// Who a connected user is at Astra.
async fn astra_user_id(place: &Place, user: &User) -> Result<String, Failure> {
    let connection = place.get(user, "/v1/astra/connections").await?;
    assert_eq!(connection.status, 200, "{}", connection.text);
    let id = connection.json()["astra_user_id"]
        .as_str()
        .map(str::to_owned);
    Ok(id.ok_or("no astra_user_id")?)
}

/// Astra takes a connected user's access token no longer.
async fn end_access_token(place: &Place, user: &User) -> Result<(), Failure> {
    let control = format!("/simulator/users/{}", astra_user_id(place, user).await?);
    let end = json!({ "revoke_access_token": true });
    place.astra(&control, &end).await.map(drop)
}

/// The ids of what a connected user has at Astra.
async fn accounts_at_astra(place: &Place, user: &User) -> Result<Vec<Value>, Failure> {
    let whose = astra_user_id(place, user).await?;
    let there = place.look_at_astra("/simulator/accounts").await?;
    let accounts = there["accounts"].as_array().ok_or("no accounts")?;
    let theirs = accounts
        .iter()
        .filter(|account| account["user_id"] == whose);
    Ok(theirs.map(|account| account["id"].clone()).collect())
}

/// An Item's accounts, as Astra knows them, once the first one is there.
async fn once_at_astra(place: &Place, user: &User, item: &Value) -> Result<Vec<Value>, Failure> {
    let item_id = item["item_id"].as_str().ok_or("no item_id")?;
    let item = place.wait_for_astra(user, item_id, "linked").await?;
    let accounts = item["accounts"].as_array().ok_or("no accounts")?;
    let ids = accounts
        .iter()
        .filter_map(|account| account["at_astra"].get("astra_account_id"));
    Ok(ids.cloned().collect())
}

#[tokio::test]
async fn a_connected_users_account_is_at_astra_until_its_bank_is_removed() -> Result<(), Failure> {
    let place = place().await?;
    let judy = place.sign_in("judy").await?;
    place.connect_astra(&judy, "judy@example.com").await?;
    // Which is noticed by the first call, so that the tokens have to be renewed.
    end_access_token(&place, &judy).await?;
    let (item, path) = link(&place, &judy).await?;
    let ours = once_at_astra(&place, &judy, &item).await?;
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(accounts_at_astra(&place, &judy).await?, ours);

    let removed = place.delete(&judy, &path).await?;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert!(accounts_at_astra(&place, &judy).await?.is_empty());
    assert!(!is_alive(&place, &item).await?);
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_user_who_comes_to_astra_later_brings_what_is_linked_and_may_go_again()
-> Result<(), Failure> {
    let place = place().await?;
    let kim = place.sign_in("kim").await?;
    let (item, path) = link(&place, &kim).await?;
    place.connect_astra(&kim, "kim@example.com").await?;
    let ours = once_at_astra(&place, &kim, &item).await?;
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(accounts_at_astra(&place, &kim).await?, ours);

    let connections = "/v1/astra/connections";
    let parted = place.delete(&kim, connections).await?;
    assert_eq!(parted.status, 204, "{}", parted.text);
    assert_eq!(place.get(&kim, connections).await?.status, 404);

    // Nothing happens to the Item: the connection alone brings its account to the other user.
    place.connect_astra(&kim, "kim.again@example.com").await?;
    let account = |reply: &Reply| reply.json()["accounts"][0]["at_astra"].clone();
    let moved = |reply: &Reply| {
        let (status, id) = (
            &account(reply)["status"],
            &account(reply)["astra_account_id"],
        );
        status == "linked" && *id != ours[0]
    };
    let there = account(&place.wait_for(&kim, &path, moved).await?);
    assert_eq!(
        accounts_at_astra(&place, &kim).await?,
        [there["astra_account_id"].clone()]
    );
    place.stop().await;
    Ok(())
}

/// The kinds of events about an Item that were put on the bus so far.
async fn kinds(place: &Place, item: &Value) -> Result<Vec<String>, Failure> {
    let events = place.ask_helper(Method::GET, "/dev/events", None).await?;
    let events = events.json().as_array().cloned().unwrap_or_default();
    let about = events
        .iter()
        .map(|one| &one["event"])
        .filter(|event| event["detail"]["item_id"] == item["item_id"]);
    Ok(about
        .filter_map(|event| event["detail-type"].as_str().map(str::to_owned))
        .collect())
}

#[tokio::test]
async fn what_happens_is_told_on_the_bus_and_to_servers() -> Result<(), Failure> {
    let place = place().await?;
    let erin = place.sign_in("erin").await?;
    let (item, path) = link(&place, &erin).await?;
    place.delete(&erin, &path).await?;
    let begun = Instant::now();
    let wanted = ["item.linked", "account.ready", "item.removed"];
    loop {
        let told = kinds(&place, &item).await?;
        if wanted.iter().all(|kind| told.iter().any(|one| one == kind)) {
            break;
        }
        assert!(begun.elapsed() < place.place.patience, "{told:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let server = place.sign_in_server().await?;
    let changes = place.get(&server, "/v1/server/users/erin/changes").await?;
    assert_eq!(changes.status, 200, "{}", changes.text);
    let causes: Vec<Value> = changes.json()["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["cause"].clone())
        .collect();
    assert_eq!(causes.first(), Some(&json!("exchange")), "{causes:?}");
    assert_eq!(causes.last(), Some(&json!("removal")), "{causes:?}");
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn another_users_item_is_not_found() -> Result<(), Failure> {
    let place = place().await?;
    let (frank, mallory) = (
        place.sign_in("frank").await?,
        place.sign_in("mallory").await?,
    );
    let (item, path) = link(&place, &frank).await?;
    let account = json!({ "account_id": item["accounts"][0]["account_id"] });
    let refused = [
        place.get(&mallory, &path).await?,
        place
            .post(&mallory, &format!("{path}/refresh"), &json!({}))
            .await?,
        place
            .post(&mallory, &format!("{path}/processor-tokens"), &account)
            .await?,
        place.delete(&mallory, &path).await?,
    ];
    for reply in refused {
        assert_eq!(reply.code().as_deref(), Some("not_found"), "{}", reply.text);
    }
    assert!(is_alive(&place, &item).await?);
    assert_eq!(place.get(&frank, &path).await?.status, 200);
    place.stop().await;
    Ok(())
}

/// Tokens that must open nothing, by what is wrong with them.
async fn bad_tokens(place: &Place, good: &str) -> Result<Vec<(String, String)>, Failure> {
    let tampered = format!(
        "{}AAAA",
        good.strip_suffix(&good[good.len() - 4..]).unwrap()
    );
    let mut tokens = vec![
        ("tampered with".to_owned(), tampered),
        ("no token".into(), "x".into()),
    ];
    let user = json!({ "user_id": "grace" });
    let more = place
        .ask_helper(Method::POST, "/dev/bad-tokens", Some(&user))
        .await?;
    if let Some(more) = more.json().as_object().filter(|_| more.status.is_success()) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        tokens.extend(more.iter().map(|(what, token)| (what.clone(), text(token))));
    }
    Ok(tokens)
}

#[tokio::test]
async fn only_a_good_jwt_opens_a_users_routes() -> Result<(), Failure> {
    let place = place().await?;
    let login = json!({ "user_id": "grace" });
    let login = place
        .ask_helper(Method::POST, "/dev/login", Some(&login))
        .await?
        .json();
    let good = login["token"].as_str().unwrap();
    let nobody = place.send(Method::GET, "/v1/items", None, None).await?;
    assert_eq!(nobody.status, 401, "{}", nobody.text);
    for (what, token) in bad_tokens(&place, good).await? {
        let reply = place.get(&User::with_token(&token), "/v1/items").await?;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text);
    }
    let reply = place.get(&User::with_token(good), "/v1/items").await?;
    assert_eq!(reply.status, 200, "{}", reply.text);
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_servers_routes_open_to_its_signature_and_to_no_jwt() -> Result<(), Failure> {
    let place = place().await?;
    let heidi = place.sign_in("heidi").await?;
    let (item, _) = link(&place, &heidi).await?;
    let path = "/v1/server/users/heidi/items";
    for user in [None, Some(&heidi)] {
        let reply = place.send(Method::GET, path, user, None).await?;
        assert!(
            [401, 403].contains(&reply.status.as_u16()),
            "{}",
            reply.text
        );
        let erasure = place
            .send(Method::DELETE, "/v1/server/users/heidi", user, None)
            .await?;
        assert!(
            [401, 403].contains(&erasure.status.as_u16()),
            "{}",
            erasure.text
        );
    }
    let server = place.sign_in_server().await?;
    let reply = place.get(&server, path).await?;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["items"][0]["item_id"], item["item_id"]);
    let reply = place.get(&server, "/v1/items").await?;
    assert_eq!(reply.status, 401, "{}", reply.text);
    place.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_webhook_that_plaid_did_not_sign_is_refused() -> Result<(), Failure> {
    let place = place().await?;
    let forged = json!({ "webhook_type": "ITEM", "webhook_code": "ERROR", "item_id": "x" });
    let path = "/v1/webhooks/plaid";
    let reply = place
        .send(Method::POST, path, None, Some(&forged.to_string()))
        .await?;
    assert_eq!(reply.status, 401, "{}", reply.text);
    place.stop().await;
    Ok(())
}
