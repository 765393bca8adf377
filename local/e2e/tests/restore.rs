//! The drill of docs/deploy.md: a restored table's records, copied into the new and empty table of
//! a stack that has the old token key.

#![cfg(test)]

use std::fs;
use std::path::Path;

use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use e2e::table::{self, Row};
use local::restore::{self, Copied};
use local::{Data, Options};
use serde_json::{Value, json};

const DATABASE: &str = "dynamodb.sqlite";
const RESTORED: &str = "restored";

async fn stack(folder: &Path) -> Result<Scene, Failure> {
    let data = Data::Dir(folder.to_owned());
    let options = Options {
        data,
        ..Options::default()
    };
    Scene::start_with(options).await
}

async fn link(scene: &Scene) -> Result<Value, Failure> {
    let alice = scene.sign_in("alice").await?;
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token, "allow_duplicate": true });
    let item = scene.post(&alice, "/v1/items", &body).await?;
    assert_eq!(item.status, 201, "{}", item.text);
    Ok(item.json())
}

/// The same keys, secret and Plaid, with a table that knows nothing.
fn copy_without_table(from: &Path, to: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_left_out = name == "lock" || name.starts_with(DATABASE);
        if entry.file_type()?.is_file() && !is_left_out {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// A new stack, with the records of a table that AWS has restored beside its own.
async fn restored(records: &[Row], folder: &Path) -> Result<Scene, Failure> {
    let scene = stack(folder).await?;
    assert!(
        table::records(&scene).await?.is_empty(),
        "its table knows nothing"
    );
    table::create_beside(&scene, RESTORED, records).await?;
    let copied = copy(&scene).await?;
    assert_eq!((copied.written, copied.kept), (records.len() as u64, 0));
    Ok(scene)
}

/// What `cargo local restore` does.
async fn copy(scene: &Scene) -> Result<Copied, Failure> {
    let environment = scene.stack().environment();
    let options = restore::Options {
        from: RESTORED.to_owned(),
        to: environment["TABLE_NAME"].clone(),
        at_once: 4,
    };
    let environment = environment.clone().into_iter().collect();
    Ok(restore::restore(&options, &environment, |_| {}).await?)
}

#[tokio::test]
async fn restored_tokens_open_and_removed_items_stay_removed() -> Result<(), Failure> {
    let (old, new) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let scene = stack(old.path()).await?;
    let alice = scene.sign_in("alice").await?;
    let kept = link(&scene).await?;
    let removed = link(&scene).await?;
    let path = |item: &Value| format!("/v1/items/{}", item["item_id"].as_str().unwrap());
    assert_eq!(scene.delete(&alice, &path(&removed)).await?.status, 204);
    let records = table::records(&scene).await?;
    scene.stop().await;

    copy_without_table(old.path(), new.path())?;
    let scene = restored(&records, new.path()).await?;
    let alice = scene.sign_in("alice").await?;
    let server = scene.sign_in_server().await?;
    let listed = scene.get(&alice, "/v1/items").await?.json();
    let ids: Vec<_> = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| &item["item_id"])
        .collect();
    assert_eq!(ids, [&kept["item_id"]]);
    let account = json!({ "account_id": kept["accounts"][0]["account_id"] });
    let tokens = format!(
        "/v1/server/users/alice{}/processor-tokens",
        &path(&kept)["/v1".len()..]
    );
    let token = scene.post(&server, &tokens, &account).await?.json();
    let expected = &kept["accounts"][0]["processor_token"];
    assert!(
        expected.is_string() && token["accounts"][0]["processor_token"] == *expected,
        "{token}"
    );
    // Its access token opens too, and Plaid knows it.
    let refresh = format!("{}/refresh", path(&kept));
    assert_eq!(scene.post(&alice, &refresh, &json!({})).await?.status, 200);
    assert_eq!(
        scene.get(&alice, &path(&removed)).await?.json()["status"],
        "removed"
    );
    assert_eq!(scene.delete(&alice, &path(&removed)).await?.status, 204);
    let live = scene.live_items().await?;
    assert_eq!(live, [kept["item_id"].as_str().unwrap()]);
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_a_stack_at_work_has_written_is_not_restored_over() -> Result<(), Failure> {
    let (old, new) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let scene = stack(old.path()).await?;
    let item = link(&scene).await?;
    let records = table::records(&scene).await?;
    scene.stop().await;

    copy_without_table(old.path(), new.path())?;
    let scene = restored(&records, new.path()).await?;
    let alice = scene.sign_in("alice").await?;
    let path = format!("/v1/items/{}", item["item_id"].as_str().unwrap());
    assert_eq!(scene.delete(&alice, &path).await?.status, 204);
    let again = copy(&scene).await?;
    assert_eq!((again.written, again.kept), (0, records.len() as u64));
    let stands = scene.get(&alice, &path).await?.json();
    assert_eq!(stands["status"], "removed", "{stands}");
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn without_the_old_key_a_restored_token_does_not_open() -> Result<(), Failure> {
    let (old, new) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let scene = stack(old.path()).await?;
    let item = link(&scene).await?;
    let records = table::records(&scene).await?;
    scene.stop().await;

    let scene = restored(&records, new.path()).await?;
    let alice = scene.sign_in("alice").await?;
    let refresh = format!("/v1/items/{}/refresh", item["item_id"].as_str().unwrap());
    let refused = scene.post(&alice, &refresh, &json!({})).await?;
    assert!(refused.status.is_server_error(), "{}", refused.text);
    scene.stop().await;
    Ok(())
}
