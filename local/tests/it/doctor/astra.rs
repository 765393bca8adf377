//! Astra, from inside and from outside: what keeps users and accounts from getting there.

use axum::Router;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use local::doctor::{Check, Finding, Outcome};
use serde_json::json;
use shared::domain::AstraFailure;
use shared::http::{Code, Problem};

use super::front::{Call, gateway, json_body, problem, with};
use super::ward::{Ward, assert_broken, assert_skipped, failures, nowhere};
use crate::support::{login, serve};

const SECRET: &str = "ASTRA_SECRET_ID";
const INSIDE: [Check; 4] = [
    Check::AstraSecret,
    Check::Astra,
    Check::AstraKeys,
    Check::AstraPage,
];
const OUTSIDE: [Check; 3] = [Check::ConnectAstra, Check::AstraSecret, Check::AstraPage];

fn why(findings: &[Finding], check: Check) -> &str {
    let finding = findings.iter().find(|finding| finding.check == check);
    match &finding.unwrap().outcome {
        Outcome::Skipped(why) => why,
        other => panic!("{check}: {other:?}"),
    }
}

#[tokio::test]
async fn astra_that_is_switched_off_is_no_failure() {
    let ward = Ward::open().await;
    let findings = ward.examine_with("ASTRA_ENVIRONMENT", "").await;
    assert_eq!(failures(&findings), []);
    for check in INSIDE {
        assert!(
            why(&findings, check).contains("AstraEnvironment"),
            "{check}"
        );
    }
    let findings = with(Call::AstraAuthorization, || gateway(404, "Not Found")).await;
    assert_eq!(failures(&findings), []);
    for check in OUTSIDE {
        assert!(why(&findings, check).contains("switched off"), "{check}");
    }
}

#[tokio::test]
async fn a_setting_that_is_missing_or_wrong_is_named() {
    let ward = Ward::open().await;
    for (name, value, mend) in [
        (SECRET, "", "template.yaml"),
        ("ASTRA_REDIRECT_URI", "", "AstraRedirectUri"),
        ("ASTRA_ENVIRONMENT", "moon", "AstraEnvironment"),
    ] {
        let findings = ward.examine_with(name, value).await;
        assert_broken(&findings, Check::Settings, name, mend);
        assert_skipped(&findings, &INSIDE);
    }
}

#[tokio::test]
async fn a_secret_that_is_missing_or_malformed_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_with(SECRET, "another").await;
    let missing = "ResourceNotFoundException";
    assert_broken(&findings, Check::AstraSecret, missing, "AstraSecretArn");
    ward.set(SECRET, ward.variable(SECRET));
    ward.put_secret(SECRET, "secret").await;
    let findings = ward.examine().await;
    assert_broken(
        &findings,
        Check::AstraSecret,
        "JSON object",
        "AstraSecretArn",
    );
    assert_skipped(&findings, &INSIDE[1..]);
}

#[tokio::test]
async fn keys_that_astra_does_not_know_are_named() {
    let ward = Ward::open().await;
    let id = astra_sandbox::DEFAULT_CLIENT_ID;
    let keys = json!({ "client_id": id, "secret": "canary" }).to_string();
    ward.put_secret(SECRET, &keys).await;
    let findings = ward.examine().await;
    assert_broken(
        &findings,
        Check::AstraKeys,
        "invalid_client",
        "AstraSecretArn",
    );
    assert!(!format!("{findings:?}").contains("canary"));
}

#[tokio::test]
async fn astra_that_does_not_answer_or_is_somebody_else_is_named() {
    let ward = Ward::open().await;
    let page = format!("{}/login/oauth/authorize", ward.stack.astra_url().unwrap());
    ward.set("ASTRA_BASE_URL", &nowhere());
    let findings = ward.examine().await;
    assert_eq!(failures(&findings), [Check::Astra, Check::AstraPage]);
    assert_skipped(&findings, &[Check::AstraKeys]);
    let stranger = Router::new().fallback(async || (StatusCode::NOT_FOUND, "no such page"));
    let (url, _server) = serve(stranger).await;
    ward.set_all(&[
        ("ASTRA_BASE_URL", url.as_str()),
        ("ASTRA_AUTHORIZE_URL", &page),
    ]);
    assert_broken(&ward.examine().await, Check::Astra, "404", "proxy");
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_named() {
    let ward = Ward::open().await;
    let registered = json!({ "allowed_redirect_uris": ["https://app.example.com/astra"] });
    ward.astra("settings", &registered).await;
    let findings = ward.examine().await;
    assert_broken(&findings, Check::AstraPage, "HTTP 400", "AstraRedirectUri");
    let url = ward.stack.gateway_url();
    let token = login(&ward.client, url, &json!({ "user_id": "alice" })).await;
    let findings = ward.examine_from_outside(Some(&token), None).await;
    assert_broken(&findings, Check::AstraPage, "HTTP 400", "AstraRedirectUri");
}

#[tokio::test]
async fn a_function_that_fails_is_named() {
    let missing = || problem(AstraFailure::NoCredentials.into());
    let findings = with(Call::AstraAuthorization, missing).await;
    let code = "astra_not_configured";
    assert_broken(&findings, Check::AstraSecret, code, "AstraSecretArn");
    assert_skipped(&findings, &[Check::AstraPage]);

    let storage = || problem(Problem::new(Code::StorageUnavailable, "Try again."));
    let findings = with(Call::AstraAuthorization, storage).await;
    assert_broken(
        &findings,
        Check::ConnectAstra,
        "storage_unavailable",
        "table",
    );
    for (status, mend) in [(500, "every setting"), (429, "throttling")] {
        let findings = with(Call::AstraAuthorization, move || gateway(status, "")).await;
        let found = format!("HTTP {status}");
        assert_broken(&findings, Check::ConnectAstra, &found, mend);
        assert_skipped(&findings, &[Check::AstraSecret, Check::AstraPage]);
    }
    let nowhere = || json_body(201, "{}");
    let findings = with(Call::AstraAuthorization, nowhere).await;
    assert_broken(&findings, Check::AstraPage, "no page", "AstraAuthorizeUrl");
}

#[tokio::test]
async fn a_page_that_sends_users_back_or_fails_is_named() {
    let to = |location: &'static str| {
        let response = Response::builder().status(302);
        let response = response.header("location", location);
        response.body(Body::empty()).unwrap()
    };
    let back = "https://app.example.com/astra?error=unauthorized_client&state=s";
    let findings = with(Call::AstraPage, move || to(back)).await;
    assert_broken(
        &findings,
        Check::AstraPage,
        "unauthorized_client",
        "AstraRedirectUri",
    );
    let sign_in = "https://astra.example.com/login";
    assert_eq!(
        failures(&with(Call::AstraPage, move || to(sign_in)).await),
        []
    );
    let findings = with(Call::AstraPage, || gateway(502, "")).await;
    assert_broken(&findings, Check::AstraPage, "HTTP 502", "can be reached");
}
