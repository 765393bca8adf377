//! A stack in which Astra is switched off, from the beginning or later.

#![cfg(test)]

use std::path::Path;

use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene, User};
use local::{Astra, Data, Options};
use reqwest::Method;
use serde_json::{Value, json};

const CONNECTIONS: &str = "/v1/astra/connections";
const AUTHORIZATIONS: &str = "/v1/astra/authorizations";

async fn stack(astra: Astra, folder: &Path) -> Result<Scene, Failure> {
    let data = Data::Dir(folder.to_owned());
    let options = Options {
        astra,
        data,
        ..Options::default()
    };
    Scene::start_with(options).await
}

async fn link(scene: &Scene, user: &User) -> Result<Value, Failure> {
    let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
    let body = json!({ "public_token": public_token });
    let item = scene.post(user, "/v1/items", &body).await?;
    assert_eq!(item.status, 201, "{}", item.text);
    Ok(item.json())
}

fn path(item: &Value) -> String {
    format!("/v1/items/{}", item["item_id"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_bank_is_linked_and_removed_as_if_there_were_no_astra() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let scene = stack(Astra::Off, folder.path()).await?;
    let alice = scene.sign_in("alice").await?;
    for (method, path) in [
        (Method::POST, AUTHORIZATIONS),
        (Method::GET, CONNECTIONS),
        (Method::DELETE, CONNECTIONS),
    ] {
        let reply = scene.send(method, path, Some(&alice), None).await?;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, None), "{path}");
    }
    let item = link(&scene, &alice).await?;
    let account = &item["accounts"][0];
    assert_eq!(account["status"], "ready");
    assert!(account["processor_token"].is_string() && account.get("at_astra").is_none());
    let report = scene.invoke("reconcile-items", &json!({})).await?;
    assert_eq!(report["failed"], 0, "{report}");
    assert_eq!(scene.delete(&alice, &path(&item)).await?.status, 204);
    assert!(scene.live_items().await?.is_empty());
    scene.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_is_at_astra_stays_there_once_it_is_switched_off() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let scene = stack(Astra::Simulator, folder.path()).await?;
    let alice = scene.sign_in("alice").await?;
    scene.connect_astra(&alice, "ada@example.com").await?;
    let linked = link(&scene, &alice).await?;
    let item_id = linked["item_id"].as_str().ok_or("no Item")?;
    let item = scene.wait_for_astra(&alice, item_id, "linked").await?;
    let at_astra = &item["accounts"][0]["at_astra"];
    scene.stop().await;

    let scene = stack(Astra::Off, folder.path()).await?;
    let alice = scene.sign_in("alice").await?;
    let shown = scene.get(&alice, &path(&item)).await?.json();
    assert_eq!(&shown["accounts"][0]["at_astra"], at_astra);
    assert_eq!(scene.delete(&alice, &path(&item)).await?.status, 204);
    assert!(scene.live_items().await?.is_empty());
    scene.stop().await;

    let scene = stack(Astra::Simulator, folder.path()).await?;
    let left = scene.look_at_astra("/simulator/accounts").await?;
    assert_eq!(left["accounts"][0]["id"], at_astra["astra_account_id"]);
    scene.stop().await;
    Ok(())
}
