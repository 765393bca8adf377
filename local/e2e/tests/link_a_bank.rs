//! The main job: a user links a bank, and the processor can move money for them.

#![cfg(test)]

use std::time::{Duration, Instant};

use e2e::scene::{FIRST_PLATYPUS, Failure, Reply, SINGLE_ACCOUNT, Scene, User};
use e2e::table;
use futures_util::future::join_all;
use local::{Data, Options};
use serde_json::{Value, json};

/// The accounts of an Item that have this status.
fn with_status<'a>(item: &'a Value, status: &str) -> Vec<&'a Value> {
    let accounts = item["accounts"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    accounts
        .iter()
        .filter(|account| account["status"] == status)
        .collect()
}

async fn link_single_account(scene: &Scene, user: &User) -> Result<Value, Failure> {
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let reply = scene
        .post(
            user,
            "/v1/items",
            &json!({ "public_token": public_token, "allow_duplicate": true }),
        )
        .await?;
    assert_eq!(reply.status, 201, "{}", reply.text);
    Ok(reply.json())
}

#[tokio::test]
async fn a_user_links_a_bank_and_the_processor_reads_its_numbers() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;

    let link = scene.post(&alice, "/v1/link-tokens", &json!({})).await?;
    assert_eq!(link.status, 201, "{}", link.text);
    assert!(
        link.json()["link_token"]
            .as_str()
            .unwrap()
            .starts_with("link-sandbox-")
    );

    let public_token = scene.run_link(FIRST_PLATYPUS, "user_good").await?;
    let body = json!({ "public_token": public_token });
    let linked = scene.post(&alice, "/v1/items", &body).await?;
    assert_eq!(linked.status, 201, "{}", linked.text);
    let item = linked.json();
    assert_eq!(item["action"], "select_account");
    let candidates = with_status(&item, "available");
    assert!(candidates.len() > 1, "{item}");

    let account_id = &candidates[1]["account_id"];
    let body = json!({ "public_token": public_token, "account_id": account_id });
    let chosen = scene.post(&alice, "/v1/items", &body).await?;
    let item = chosen.json();
    assert_eq!(
        (&item["status"], &item["action"]),
        (&json!("active"), &json!("none"))
    );
    assert_eq!(item["processor"], "astra");
    let ready = with_status(&item, "ready");
    assert_eq!((ready.len(), &ready[0]["account_id"]), (1, account_id));

    let processor_token = &ready[0]["processor_token"];
    let body = json!({ "processor_token": processor_token });
    let seen = scene.plaid("/processor/auth/get", &body).await?;
    assert_eq!(&seen["account"]["account_id"], account_id);
    assert!(seen["numbers"]["ach"]["account"].is_string(), "{seen}");

    let listed = scene.get(&alice, "/v1/items").await?.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["item_id"], item["item_id"]);
    assert!(
        !listed.to_string().contains("processor-sandbox-"),
        "a list holds no tokens"
    );
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_no_second_item() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token });
    let first = scene.post(&alice, "/v1/items", &body).await?;
    let second = scene.post(&alice, "/v1/items", &body).await?;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_eq!(first.text, second.text);
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            second.header("idempotency-replayed")
        ),
        (None, Some("true"))
    );
    assert_eq!(
        scene.live_items().await?,
        [first.json()["item_id"].as_str().unwrap()]
    );
    scene.stop().await;
    Ok(())
}

/// Asks as a client does, which may repeat a 503: on a busy machine, KMS's deadline is short
/// for fifty calls at once.
async fn ask(scene: &Scene, user: &User, body: &Value) -> Result<Reply, Failure> {
    let begun = Instant::now();
    loop {
        let reply = scene.post(user, "/v1/items", body).await?;
        let busy = reply.code().as_deref() == Some("storage_unavailable");
        if !busy || begun.elapsed() > Duration::from_mins(1) {
            return Ok(reply);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_identical_requests_at_once_make_one_item() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token });
    let requests = (0..50).map(|_| ask(&scene, &alice, &body));
    let replies = join_all(requests).await;
    let settled = ask(&scene, &alice, &body).await?;
    assert_eq!(settled.status, 201, "{}", settled.text);
    for reply in replies {
        let reply = reply?;
        match reply.status.as_u16() {
            201 => assert_eq!(reply.text, settled.text),
            409 => {
                assert_eq!(reply.code().as_deref(), Some("exchange_in_progress"));
                assert!(reply.header("retry-after").is_some());
            }
            other => panic!("{other}: {}", reply.text),
        }
    }
    assert_eq!(
        scene.live_items().await?,
        [settled.json()["item_id"].as_str().unwrap()]
    );
    let counts = scene.look_at_plaid("/simulator/requests").await?["counts"].clone();
    assert_eq!(counts["/item/public_token/exchange"], 1, "{counts}");
    assert_eq!(counts["/processor/token/create"], 1, "{counts}");
    scene.stop().await;
    Ok(())
}

/// What Link's `onSuccess` hands to a front end after a session with one account.
async fn finish_link(scene: &Scene, user: &User) -> Result<Value, Failure> {
    let link = scene
        .post(user, "/v1/link-tokens", &json!({}))
        .await?
        .json();
    let session = json!({ "link_token": link["link_token"], "institution_id": FIRST_PLATYPUS,
        "username": SINGLE_ACCOUNT, "password": "pass_good" });
    scene.plaid("/simulator/link-sessions", &session).await?;
    let ended = json!({ "link_token": link["link_token"] });
    let ended = scene.plaid("/link/token/get", &ended).await?;
    let result = &ended["link_sessions"][0]["results"]["item_add_results"][0];
    Ok(json!({
        "public_token": result["public_token"],
        "institution": result["institution"],
        "accounts": result["accounts"],
        "account_id": result["accounts"][0]["id"],
    }))
}

#[tokio::test]
async fn with_hints_the_processor_token_is_made_while_the_accounts_are_read() -> Result<(), Failure>
{
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let body = finish_link(&scene, &alice).await?;
    let fault = json!({ "endpoint": "/accounts/get", "kind": "delay_ms", "delay_ms": 1000 });
    scene.plaid("/simulator/faults", &fault).await?;

    let link = scene.post(&alice, "/v1/items", &body);
    // The slow answer of /accounts/get comes after the processor token was made.
    let token_made = |answer: &Value| answer["counts"]["/processor/token/create"] == 1;
    let observe = scene.wait_for_plaid("/simulator/requests", token_made);
    let (reply, seen) = tokio::join!(link, observe);
    let unanswered = |request: &&Value| request["endpoint"] == "/accounts/get";
    let requests = seen?["requests"].as_array().cloned().unwrap_or_default();
    let accounts = requests.iter().find(unanswered);
    assert!(
        accounts.is_none_or(|request| request["status"].is_null()),
        "{accounts:?}"
    );

    let item = reply?.json();
    assert_eq!(
        with_status(&item, "ready")[0]["account_id"],
        body["account_id"]
    );
    let counts = scene.look_at_plaid("/simulator/requests").await?["counts"].clone();
    assert_eq!(counts["/processor/token/create"], 1, "{counts}");
    assert_eq!(counts["/accounts/get"], 1, "{counts}");
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_token_made_on_a_wrong_hint_is_never_given_out() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let other = link_single_account(&scene, &alice).await?;
    let mut body = finish_link(&scene, &alice).await?;
    let right = body["account_id"].clone();
    body["accounts"][0]["id"] = other["accounts"][0]["account_id"].clone();
    body["allow_duplicate"] = true.into();
    body.as_object_mut().unwrap().remove("account_id");
    let item = scene.post(&alice, "/v1/items", &body).await?.json();
    assert_eq!(
        with_status(&item, "ready")[0]["account_id"],
        right,
        "{item}"
    );
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn another_users_item_and_exchange_are_not_found() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let (alice, mallory) = (
        scene.sign_in("alice").await?,
        scene.sign_in("mallory").await?,
    );
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token });
    let item = scene.post(&alice, "/v1/items", &body).await?.json();
    let path = format!("/v1/items/{}", item["item_id"].as_str().unwrap());
    assert_eq!(scene.get(&alice, &path).await?.status, 200);
    assert_eq!(
        scene.get(&mallory, &path).await?.code().as_deref(),
        Some("not_found")
    );
    assert_eq!(
        scene
            .post(&mallory, "/v1/items", &body)
            .await?
            .code()
            .as_deref(),
        Some("not_found")
    );
    assert_eq!(
        scene.get(&mallory, "/v1/items").await?.json(),
        json!({ "items": [] })
    );
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn pages_over_the_real_table_follow_one_another() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let mut linked = Vec::new();
    for _ in 0..3 {
        let item = link_single_account(&scene, &alice).await?;
        linked.push(item["item_id"].as_str().unwrap().to_owned());
    }
    let mut listed = Vec::new();
    let mut path = "/v1/items?limit=2".to_owned();
    loop {
        let page = scene.get(&alice, &path).await?.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        listed.extend(
            items
                .iter()
                .map(|item| item["item_id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/items?limit=2&cursor={cursor}");
    }
    linked.sort();
    assert_eq!(listed, linked);
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn nothing_in_the_table_is_a_token_in_clear() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    scene.post(&alice, "/v1/link-tokens", &json!({})).await?;
    link_single_account(&scene, &alice).await?;
    let rows = table::records(&scene).await?;
    let kinds = ["USER#alice", "ITEM#", "EXCHANGE#", "LINKTOKEN#"];
    for kind in kinds {
        assert!(
            rows.iter()
                .any(|row| table::text(row, "pk").unwrap().starts_with(kind)),
            "{kind}"
        );
    }
    for row in rows {
        let stored = format!("{row:?}");
        for token in [
            "access-sandbox",
            "public-sandbox",
            "processor-sandbox",
            "link-sandbox",
        ] {
            assert!(!stored.contains(token), "{stored}");
            assert!(!stored.contains(&hex::encode(token)), "{stored}");
        }
        for sealed in row.values().filter_map(|value| value.as_b().ok()) {
            let bytes = String::from_utf8_lossy(sealed.as_ref()).into_owned();
            assert!(!bytes.contains("-sandbox-"), "{bytes}");
        }
    }
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_sealed_token_moved_to_another_item_does_not_open() -> Result<(), Failure> {
    let scene = Scene::start().await?;
    let alice = scene.sign_in("alice").await?;
    let donor = link_single_account(&scene, &alice).await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, "user_good").await?;
    let body = json!({ "public_token": public_token, "allow_duplicate": true });
    let item = scene.post(&alice, "/v1/items", &body).await?.json();

    let rows = table::records_of(&scene, "USER#alice").await?;
    let row = |item: &Value| {
        let sk = format!("ITEM#{}", item["item_id"].as_str().unwrap());
        rows.iter()
            .find(|row| table::text(row, "sk") == Some(&sk))
            .unwrap()
            .clone()
    };
    let mut altered = row(&item);
    altered.insert(
        "access_token".to_owned(),
        row(&donor)["access_token"].clone(),
    );
    table::put(&scene, altered).await?;

    let account_id = &with_status(&item, "available")[0]["account_id"];
    let body = json!({ "public_token": public_token, "account_id": account_id });
    let reply = scene.post(&alice, "/v1/items", &body).await?;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_deref()),
        (500, Some("internal_error"))
    );
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn everything_survives_a_restart() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let options = || Options {
        data: Data::Dir(folder.path().to_path_buf()),
        ..Options::default()
    };
    let scene = Scene::start_with(options()).await?;
    let alice = scene.sign_in("alice").await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token });
    let first = scene.post(&alice, "/v1/items", &body).await?;
    assert_eq!(first.status, 201, "{}", first.text);
    let live = scene.live_items().await?;
    scene.stop().await;

    let scene = Scene::start_with(options()).await?;
    let listed = scene.get(&alice, "/v1/items").await?;
    assert_eq!(
        listed.json()["items"][0]["item_id"],
        first.json()["item_id"]
    );
    let again = scene.post(&alice, "/v1/items", &body).await?;
    assert_eq!(
        again.text, first.text,
        "the sealed answer opens after a restart"
    );
    assert_eq!(scene.live_items().await?, live);
    scene.stop().await;
    Ok(())
}
