//! From inside: each thing that a function needs is broken once, and named.

use std::collections::BTreeMap;

use axum::Router;
use axum::http::StatusCode;
use local::doctor::{Check, Outcome, Subject};
use local::template::{Document, ResourceNames, Scope, TEMPLATE, Table};
use serde_json::{Value, json};

use super::ward::{Ward, assert_broken, assert_says, assert_skipped, examine, failures, nowhere};
use crate::support::serve;

const LINK_TOKEN: &str = "/link/token/create";
const KEY: &str = "/webhook_verification_key/get";

#[tokio::test]
async fn a_healthy_stack_is_all_ok() {
    let ward = Ward::open().await;
    let findings = ward.examine().await;
    for finding in &findings {
        assert_eq!(finding.outcome, Outcome::Ok, "{}", finding.check);
    }
    assert_eq!(findings.len(), 21, "{findings:#?}");
}

#[tokio::test]
async fn a_stack_that_never_ran_or_has_stopped_is_told_so_and_nothing_else_is_looked_at() {
    let empty = tempfile::tempdir().unwrap();
    let findings = examine(&Subject::Local(empty.path().to_owned())).await;
    assert_broken(&findings, Check::Stack, "no file env", "cargo local");
    let Ward { stack, folder, .. } = Ward::open().await;
    stack.stop().await;
    let findings = examine(&Subject::Local(folder.path().to_owned())).await;
    assert_broken(&findings, Check::Stack, "nobody listens", "cargo local");
    assert_skipped(
        &findings,
        &[Check::Settings, Check::Secret, Check::Plaid, Check::Webhook],
    );
}

#[tokio::test]
async fn a_missing_setting_is_named_and_the_rest_is_looked_at() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("TABLE_NAME", "").await;
    assert_broken(
        &findings,
        Check::Settings,
        "TABLE_NAME is missing",
        "template.yaml",
    );
    assert_skipped(
        &findings,
        &[Check::Table, Check::Index, Check::TimeToLive, Check::Stream],
    );
    for (name, check, checks) in [
        (
            "PLAID_SECRET_ID",
            Check::Secret,
            &[Check::Plaid, Check::Products][..],
        ),
        (
            "VAULT_ID",
            Check::TokenKey,
            &[Check::Products, Check::LinkRequest],
        ),
        (
            "AWS_REGION",
            Check::Secret,
            &[Check::Table, Check::TokenKey, Check::Plaid],
        ),
        ("WEBHOOK_BASE_URL", Check::Webhook, &[Check::Products]),
    ] {
        let findings = if name == "WEBHOOK_BASE_URL" {
            ward.examine_with("WEBHOOK_BASE_URL", "no URL").await
        } else {
            ward.examine_with(name, "").await
        };
        assert_eq!(failures(&findings), [Check::Settings], "{name}");
        assert_says(&findings, Check::Settings, name, "");
        assert_skipped(&findings, &[check]);
        assert_skipped(&findings, checks);
    }
}

#[tokio::test]
async fn a_client_name_that_link_would_not_show_is_named() {
    let ward = Ward::open().await;
    let long = "A name that has more than 30 characters";
    let findings = ward.examine_with("PLAID_CLIENT_NAME", long).await;
    assert_broken(
        &findings,
        Check::ClientName,
        "This Application",
        "ClientName",
    );
    assert_skipped(&findings, &[Check::Products]);
}

#[tokio::test]
async fn a_secret_that_is_missing_or_malformed_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("PLAID_SECRET_ID", "another").await;
    assert_broken(
        &findings,
        Check::Secret,
        "ResourceNotFoundException",
        "PlaidSecretArn",
    );
    assert_skipped(
        &findings,
        &[Check::Plaid, Check::PlaidKeys, Check::Products],
    );
    ward.set("PLAID_BASE_URL", ward.variable("PLAID_BASE_URL"));
    ward.put_secret("PLAID_SECRET_ID", "sandbox-secret").await;
    let findings = ward.examine().await;
    assert_broken(&findings, Check::Secret, "JSON object", "PlaidSecretArn");
    ward.put_secret("PLAID_SECRET_ID", r#"{"client_id":"c","secret":"a\nb"}"#)
        .await;
    let findings = ward.examine().await;
    assert_broken(
        &findings,
        Check::PlaidKeys,
        "could not be read",
        "line breaks",
    );
}

#[tokio::test]
async fn keys_that_plaid_does_not_know_are_named_though_the_previous_ones_were_good() {
    let ward = Ward::open().await;
    ward.put_secret(
        "PLAID_SECRET_ID",
        r#"{"client_id":"sandbox-client-id","secret":"canary"}"#,
    )
    .await;
    let findings = ward.examine().await;
    assert_broken(
        &findings,
        Check::PlaidKeys,
        "INVALID_API_KEYS",
        "developers/keys",
    );
    assert_skipped(&findings, &[Check::Products, Check::RedirectUri]);
    assert!(!format!("{findings:?}").contains("canary"));
}

/// The template's table, but for what a test changes.
async fn table_with(ward: &Ward, name: &str, change: impl FnOnce(&mut Value)) {
    let document = Document::parse(TEMPLATE).unwrap();
    let mut scope = Scope::new(&document, &BTreeMap::new());
    scope.insert("DataKey", ResourceNames::new("any"));
    let mut body = Table::read_all(&document, &scope).unwrap()[0]
        .create
        .clone();
    body["TableName"] = name.into();
    change(&mut body);
    ward.aws("DynamoDB_20120810.CreateTable", body).await;
    let ttl = json!({ "AttributeName": "expires_at", "Enabled": true });
    let ttl = json!({ "TableName": name, "TimeToLiveSpecification": ttl });
    ward.aws("DynamoDB_20120810.UpdateTimeToLive", ttl).await;
}

#[tokio::test]
async fn a_table_that_is_missing_or_another_one_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("TABLE_NAME", "another").await;
    assert_broken(
        &findings,
        Check::Table,
        "ResourceNotFoundException",
        "TableName",
    );
    assert_skipped(&findings, &[Check::Index, Check::TimeToLive, Check::Stream]);

    table_with(&ward, "as-it-is", |_| {}).await;
    assert_eq!(
        failures(&ward.examine_with("TABLE_NAME", "as-it-is").await),
        []
    );

    table_with(&ward, "other-key", |table| {
        table["KeySchema"][1]["AttributeName"] = "due".into();
        let attributes = table["AttributeDefinitions"].as_array_mut().unwrap();
        attributes.retain(|attribute| attribute["AttributeName"] != "sk");
    })
    .await;
    let findings = ward.examine_with("TABLE_NAME", "other-key").await;
    assert_broken(&findings, Check::Table, "the table's key", "template.yaml");

    table_with(&ward, "other-type", |table| {
        table["AttributeDefinitions"][0]["AttributeType"] = "B".into();
    })
    .await;
    let findings = ward.examine_with("TABLE_NAME", "other-type").await;
    assert_broken(&findings, Check::Table, "the types", "template.yaml");
}

#[tokio::test]
async fn an_index_a_stream_and_time_to_live_that_are_not_the_templates_are_named() {
    let ward = Ward::open().await;
    table_with(&ward, "other-projection", |table| {
        table["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"] = "ALL".into();
    })
    .await;
    let findings = ward.examine_with("TABLE_NAME", "other-projection").await;
    assert_broken(&findings, Check::Index, "KEYS_ONLY", "template.yaml");

    table_with(&ward, "other-name", |table| {
        table["GlobalSecondaryIndexes"][0]["IndexName"] = "later".into();
    })
    .await;
    let findings = ward.examine_with("TABLE_NAME", "other-name").await;
    assert_broken(&findings, Check::Index, "no index due", "template.yaml");

    table_with(&ward, "no-stream", |table| {
        table.as_object_mut().unwrap().remove("StreamSpecification");
    })
    .await;
    let findings = ward.examine_with("TABLE_NAME", "no-stream").await;
    assert_broken(&findings, Check::Stream, "null", "template.yaml");

    let off = json!({ "AttributeName": "expires_at", "Enabled": false });
    let off = json!({ "TableName": ward.variable("TABLE_NAME"), "TimeToLiveSpecification": off });
    ward.aws("DynamoDB_20120810.UpdateTimeToLive", off).await;
    ward.set("TABLE_NAME", ward.variable("TABLE_NAME"));
    assert_broken(
        &ward.examine().await,
        Check::TimeToLive,
        "expires_at",
        "template.yaml",
    );
}

#[tokio::test]
async fn a_key_that_is_missing_disabled_or_doomed_is_named() {
    let ward = Ward::open().await;
    let key = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000";
    let findings = ward.examine_with("TOKEN_KEY_ID", key).await;
    assert_broken(&findings, Check::TokenKey, "NotFoundException", "TokenKey");
    ward.set("TOKEN_KEY_ID", ward.variable("TOKEN_KEY_ID"));
    ward.disable_token_key().await;
    assert_broken(
        &ward.examine().await,
        Check::TokenKey,
        "DisabledException",
        "enable",
    );
    let key = json!({ "KeyId": ward.variable("TOKEN_KEY_ID"), "PendingWindowInDays": 7 });
    ward.aws("TrentService.ScheduleKeyDeletion", key).await;
    let findings = ward.examine().await;
    assert_broken(
        &findings,
        Check::TokenKey,
        "KMSInvalidStateException",
        "cancel",
    );
}

#[tokio::test]
async fn plaid_that_does_not_answer_or_is_somebody_else_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("PLAID_BASE_URL", &nowhere()).await;
    assert_broken(&findings, Check::Plaid, "no connection", "status.plaid.com");
    assert_skipped(&findings, &[Check::PlaidKeys, Check::Products]);
    let page = Router::new().fallback(async || (StatusCode::NOT_FOUND, "no such page"));
    let (url, _server) = serve(page).await;
    let findings = ward.examine_with("PLAID_BASE_URL", url.as_str()).await;
    assert_broken(&findings, Check::Plaid, "404", "proxy");
}

#[tokio::test]
async fn each_refusal_of_plaids_names_its_cause() {
    let ward = Ward::open().await;
    for (endpoint, code, check, mend) in [
        (
            KEY,
            "UNAUTHORIZED_ENVIRONMENT",
            Check::PlaidEnvironment,
            "PlaidEnvironment",
        ),
        (LINK_TOKEN, "INVALID_PRODUCT", Check::Products, "Auth"),
        (
            LINK_TOKEN,
            "INVALID_LINK_CUSTOMIZATION",
            Check::Customization,
            "LinkCustomization",
        ),
    ] {
        ward.plaid_refuses(endpoint, "INVALID_INPUT", code).await;
        assert_broken(&ward.examine().await, check, code, mend);
    }
    assert_eq!(
        failures(&ward.examine().await),
        [],
        "the faults have struck"
    );
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_on_the_dashboards_list_is_named() {
    let ward = Ward::open().await;
    let allowed = json!({ "allowed_redirect_uris": ["https://app.example.com/return"] });
    ward.plaid("settings", &allowed).await;
    let name = "PLAID_REDIRECT_URI";
    let findings = ward
        .examine_with(name, "https://app.example.com/return")
        .await;
    assert_eq!(failures(&findings), []);
    let findings = ward
        .examine_with(name, "https://app.example.com/other")
        .await;
    assert_broken(
        &findings,
        Check::RedirectUri,
        "redirect_uri",
        "developers/api",
    );
    assert_skipped(&findings, &[Check::Products, Check::LinkRequest]);
}

#[tokio::test]
async fn a_language_that_link_does_not_speak_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("PLAID_LANGUAGE", "xx").await;
    assert_broken(
        &findings,
        Check::LinkRequest,
        "language",
        "that Link speaks",
    );
}

#[tokio::test]
async fn a_webhook_address_that_leads_nowhere_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("WEBHOOK_BASE_URL", &nowhere()).await;
    assert_broken(&findings, Check::Webhook, "no answer", "cargo local");
}

#[tokio::test]
async fn variables_of_a_file_are_looked_at_like_those_of_a_folder() {
    let ward = Ward::open().await;
    let file = ward.folder.path().join("env");
    assert_eq!(
        failures(&examine(&Subject::Variables(file.clone())).await),
        []
    );
    ward.set("TABLE_NAME", "another");
    assert_eq!(
        failures(&examine(&Subject::Variables(file)).await),
        [Check::Table]
    );
}
