//! The whole stack, over HTTP.

use std::collections::BTreeMap;
use std::path::Path;

use local::{Data, Options, Stack, StartError};
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{aws, client, login};

fn on_disk(dir: &Path) -> Options {
    Options {
        data: Data::Dir(dir.to_owned()),
        ..Options::default()
    }
}

async fn put(stack: &Stack, client: &Client, pk: &str) {
    let item = json!({ "pk": { "S": pk }, "sk": { "S": "s" }, "due": { "S": "DUE#1" }, "due_at": { "N": "5" } });
    let body = json!({ "TableName": stack.environment()["TABLE_NAME"], "Item": item });
    aws(
        client,
        stack.dynamodb_url(),
        "DynamoDB_20120810.PutItem",
        &body,
    )
    .await
    .unwrap();
}

async fn get(stack: &Stack, client: &Client, pk: &str) -> Option<Value> {
    let key = json!({ "pk": { "S": pk }, "sk": { "S": "s" } });
    let body = json!({ "TableName": stack.environment()["TABLE_NAME"], "Key": key });
    let answer = aws(
        client,
        stack.dynamodb_url(),
        "DynamoDB_20120810.GetItem",
        &body,
    )
    .await;
    answer.unwrap().get("Item").cloned()
}

async fn data_key(stack: &Stack, client: &Client, context: &Value) -> Value {
    let key = &stack.environment()["TOKEN_KEY_ID"];
    let body = json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context });
    aws(
        client,
        stack.aws_url(),
        "TrentService.GenerateDataKey",
        &body,
    )
    .await
    .unwrap()
}

async fn decrypt(
    stack: &Stack,
    client: &Client,
    blob: &Value,
    context: &Value,
) -> Result<Value, Value> {
    let body = json!({ "CiphertextBlob": blob, "EncryptionContext": context });
    aws(client, stack.aws_url(), "TrentService.Decrypt", &body).await
}

async fn secret(stack: &Stack, client: &Client) -> Value {
    let body = json!({ "SecretId": stack.environment()["PLAID_SECRET_ID"] });
    let answer = aws(
        client,
        stack.aws_url(),
        "secretsmanager.GetSecretValue",
        &body,
    )
    .await;
    serde_json::from_str(answer.unwrap()["SecretString"].as_str().unwrap()).unwrap()
}

/// The status of a route that needs no more than a good token to get past the gateway.
async fn status_with(stack: &Stack, client: &Client, token: &str) -> u16 {
    let request = client.get(format!("{}/v1/items", stack.gateway_url()));
    request
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn the_table_has_the_index_and_the_stream_of_the_template() {
    let (stack, client) = (Stack::start(Options::default()).await.unwrap(), client());
    put(&stack, &client, "USER#1").await;
    let table = &stack.environment()["TABLE_NAME"];
    let query = json!({
        "TableName": table,
        "IndexName": "due",
        "KeyConditionExpression": "due = :due AND due_at <= :now",
        "ExpressionAttributeValues": { ":due": { "S": "DUE#1" }, ":now": { "N": "9" } },
    });
    let url = stack.dynamodb_url();
    let found = aws(&client, url, "DynamoDB_20120810.Query", &query)
        .await
        .unwrap();
    assert_eq!(found["Count"], 1);
    let name = json!({ "TableName": table });
    let streams = aws(&client, url, "DynamoDBStreams_20120810.ListStreams", &name)
        .await
        .unwrap();
    assert_eq!(streams["Streams"].as_array().unwrap().len(), 1);
    let ttl = aws(&client, url, "DynamoDB_20120810.DescribeTimeToLive", &name)
        .await
        .unwrap();
    assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "expires_at");
    stack.stop().await;
}

#[tokio::test]
async fn kms_only_decrypts_in_the_context_it_encrypted_in() {
    let (stack, client) = (Stack::start(Options::default()).await.unwrap(), client());
    let context = json!({ "purpose": "access" });
    let key = data_key(&stack, &client, &context).await;
    let opened = decrypt(&stack, &client, &key["CiphertextBlob"], &context)
        .await
        .unwrap();
    assert_eq!(opened["Plaintext"], key["Plaintext"]);
    let other = json!({ "purpose": "link" });
    decrypt(&stack, &client, &key["CiphertextBlob"], &other)
        .await
        .unwrap_err();
    stack.stop().await;
}

#[tokio::test]
async fn everything_is_there_again_after_a_restart() {
    let (dir, client) = (tempfile::tempdir().unwrap(), client());
    let stack = Stack::start(on_disk(dir.path())).await.unwrap();
    put(&stack, &client, "USER#1").await;
    let context = json!({ "purpose": "access" });
    let key = data_key(&stack, &client, &context).await;
    let token = login(
        &client,
        stack.gateway_url(),
        &json!({ "user_id": "user-1" }),
    )
    .await;
    let ids = |stack: &Stack| {
        ["TABLE_NAME", "TOKEN_KEY_ID", "PLAID_SECRET_ID"]
            .map(|name| stack.environment()[name].clone())
    };
    let (before, secret_before) = (ids(&stack), secret(&stack, &client).await);
    stack.stop().await;

    let stack = Stack::start(on_disk(dir.path())).await.unwrap();
    assert_eq!(
        get(&stack, &client, "USER#1").await.unwrap()["due_at"]["N"],
        "5"
    );
    let opened = decrypt(&stack, &client, &key["CiphertextBlob"], &context)
        .await
        .unwrap();
    assert_eq!(opened["Plaintext"], key["Plaintext"]);
    assert_eq!(ids(&stack), before);
    assert_eq!(secret(&stack, &client).await, secret_before);
    assert_ne!(status_with(&stack, &client, &token).await, 401);
    stack.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_changed_over_the_aws_protocol_is_written_at_once() {
    let (dir, client) = (tempfile::tempdir().unwrap(), client());
    let stack = Stack::start(on_disk(dir.path())).await.unwrap();
    let body = json!({ "Name": "another", "SecretString": "kept" });
    aws(
        &client,
        stack.aws_url(),
        "secretsmanager.CreateSecret",
        &body,
    )
    .await
    .unwrap();
    // No goodbye: what is not in the file by now is lost.
    drop(stack);
    let stack = Stack::start(on_disk(dir.path())).await.unwrap();
    let body = json!({ "SecretId": "another" });
    let answer = aws(
        &client,
        stack.aws_url(),
        "secretsmanager.GetSecretValue",
        &body,
    )
    .await;
    assert_eq!(answer.unwrap()["SecretString"], "kept");
    stack.stop().await;
}

#[tokio::test]
async fn the_secret_has_the_keys_of_the_simulator_in_the_shape_of_the_template() {
    let (stack, client) = (Stack::start(Options::default()).await.unwrap(), client());
    let secret = secret(&stack, &client).await;
    let keys: Vec<_> = secret
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["client_id", "secret"]);
    stack.stop().await;
}

#[tokio::test]
async fn the_env_file_has_what_the_functions_get() {
    let dir = tempfile::tempdir().unwrap();
    let stack = Stack::start(on_disk(dir.path())).await.unwrap();
    let text = std::fs::read_to_string(dir.path().join("env")).unwrap();
    let mut expected = stack.environment().clone();
    expected.retain(|_, value| !value.is_empty());
    let written: BTreeMap<_, _> = text
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect();
    assert_eq!(written, expected);
    assert_eq!(stack.environment()["WEBHOOK_BASE_URL"], stack.gateway_url());
    assert_eq!(
        stack.environment()["AWS_ENDPOINT_URL_DYNAMODB"],
        stack.dynamodb_url()
    );
    assert_eq!(
        Some(stack.environment()["PLAID_BASE_URL"].as_str()),
        stack.plaid_url()
    );
    stack.stop().await;
}

#[tokio::test]
async fn two_stacks_do_not_know_of_each_other() {
    let client = client();
    let one = Stack::start(Options::default()).await.unwrap();
    let other = Stack::start(Options::default()).await.unwrap();
    put(&one, &client, "USER#1").await;
    assert!(get(&one, &client, "USER#1").await.is_some());
    assert_eq!(get(&other, &client, "USER#1").await, None);
    let token = login(&client, one.gateway_url(), &json!({ "user_id": "user-1" })).await;
    assert_ne!(status_with(&one, &client, &token).await, 401);
    assert_eq!(status_with(&other, &client, &token).await, 401);
    let context = json!({});
    let key = data_key(&one, &client, &context).await;
    decrypt(&other, &client, &key["CiphertextBlob"], &context)
        .await
        .unwrap_err();
    one.stop().await;
    assert_eq!(get(&other, &client, "USER#1").await, None);
    other.stop().await;
}

#[tokio::test]
async fn a_data_folder_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let stack = Stack::start(on_disk(dir.path())).await.unwrap();
    let refused = Stack::start(on_disk(dir.path())).await.err().unwrap();
    assert!(matches!(refused, StartError::DataDir(_)), "{refused}");
    assert!(refused.to_string().contains("--data-dir"), "{refused}");
    stack.stop().await;
}

#[tokio::test]
async fn a_port_is_free_again_when_the_stack_has_stopped() {
    let client = client();
    let stack = Stack::start(Options::default()).await.unwrap();
    let url = stack.gateway_url().to_owned();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    stack.stop().await;
    assert!(client.get(&url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn an_unknown_aws_service_is_refused_by_name() {
    let (stack, client) = (Stack::start(Options::default()).await.unwrap(), client());
    let refused = aws(
        &client,
        stack.aws_url(),
        "AmazonSQS.SendMessage",
        &json!({}),
    )
    .await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("AmazonSQS.SendMessage")
    );
    stack.stop().await;
}

#[tokio::test]
async fn a_parameter_of_the_template_is_set_for_this_stack() {
    let with = |name: &str| Options {
        parameters: [(name.to_owned(), "dwolla".to_owned())].into(),
        ..Options::default()
    };
    let stack = Stack::start(with("Processor")).await.unwrap();
    assert_eq!(stack.environment()["PROCESSOR"], "dwolla");
    stack.stop().await;
    let error = Stack::start(with("Procesor")).await.err().unwrap();
    let told = error.to_string();
    assert!(
        told.starts_with("--parameter Procesor: template.yaml has "),
        "{told}"
    );
    assert!(told.contains("Processor"), "{told}");
}
