//! The program as people and scripts start it.

use std::io::Read as _;
use std::process::Command;

use serde_json::json;

use crate::support::{Running, aws, client};

#[cfg(unix)]
#[tokio::test]
async fn it_says_ready_once_and_stops_cleanly_when_asked() {
    for signal in ["-INT", "-TERM"] {
        let mut running = Running::start(&["--in-memory"]);
        let response = client().get(&running.url).send().await.unwrap();
        assert!(
            response
                .text()
                .await
                .unwrap()
                .starts_with("<!doctype html>")
        );
        let pid = running.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut rest = String::new();
        running.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let (dir, client) = (tempfile::tempdir().unwrap(), client());
    let path = dir.path().to_str().unwrap();
    let mut running = Running::start(&["--data-dir", path]);
    let table = Running::variable(dir.path(), "TABLE_NAME");
    let dynamodb = Running::variable(dir.path(), "AWS_ENDPOINT_URL_DYNAMODB");
    let key = Running::variable(dir.path(), "TOKEN_KEY_ID");
    let item = json!({ "pk": { "S": "p" }, "sk": { "S": "s" } });
    let put = json!({ "TableName": table, "Item": item });
    aws(&client, &dynamodb, "DynamoDB_20120810.PutItem", &put)
        .await
        .unwrap();
    running.kill();

    let _running = Running::start(&["--data-dir", path]);
    let dynamodb = Running::variable(dir.path(), "AWS_ENDPOINT_URL_DYNAMODB");
    let get = json!({ "TableName": table, "Key": item });
    let found = aws(&client, &dynamodb, "DynamoDB_20120810.GetItem", &get)
        .await
        .unwrap();
    assert_eq!(found["Item"], item);
    assert_eq!(Running::variable(dir.path(), "TOKEN_KEY_ID"), key);
}

#[test]
fn in_memory_writes_the_env_file_only_where_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("data");
    let running = Running::start(&["--in-memory", "--data-dir", inside.to_str().unwrap()]);
    let written: Vec<_> = std::fs::read_dir(&inside)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written, ["env"]);
    assert_eq!(Running::variable(&inside, "WEBHOOK_BASE_URL"), running.url);
}
