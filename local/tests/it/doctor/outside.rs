//! From outside: a stack that is healthy, and a front that answers like one but for what a
//! test breaks. What is about Astra is in `astra`.

use std::sync::Arc;

use local::doctor::{Check, Finding, Outcome};
use serde_json::json;
use shared::domain::{PlaidError, PlaidFailure};
use shared::http::{Code, Problem};

use super::front::{Call, ORIGIN, TOKEN, cors, front, gateway, json_body, problem, with};
use super::ward::{
    Ward, assert_broken, assert_says, assert_skipped, failures, from_outside, nowhere,
};
use crate::support::login;

fn assert_all_ok(findings: &[Finding]) {
    for finding in findings {
        assert_eq!(finding.outcome, Outcome::Ok, "{}", finding.check);
    }
    assert_eq!(findings.len(), 22, "{findings:#?}");
}

#[tokio::test]
async fn a_healthy_stack_is_all_ok() {
    let ward = Ward::open().await;
    let url = ward.stack.gateway_url();
    let token = login(&ward.client, url, &json!({ "user_id": "alice" })).await;
    let findings = ward.examine_from_outside(Some(&token), Some(url)).await;
    assert_all_ok(&findings);
    assert!(!format!("{findings:?}").contains(&token));
}

#[tokio::test]
async fn the_front_of_these_tests_is_taken_for_a_healthy_stack() {
    assert_all_ok(&with(Call::NoToken, || gateway(401, "Unauthorized")).await);
}

#[tokio::test]
async fn without_a_token_and_an_origin_a_stranger_looks_and_the_rest_is_skipped() {
    let ward = Ward::open().await;
    let findings = ward.examine_from_outside(None, None).await;
    assert_eq!(failures(&findings), []);
    let checks = [
        Check::Cors,
        Check::Token,
        Check::Table,
        Check::Secret,
        Check::Products,
    ];
    assert_skipped(&findings, &checks);
    let ok = findings.iter().filter(|f| f.outcome == Outcome::Ok);
    let ok: Vec<_> = ok.map(|finding| finding.check).collect();
    let seen = [
        Check::Url,
        Check::Authorizer,
        Check::ForgedToken,
        Check::ServerRoutes,
        Check::Webhook,
    ];
    assert_eq!(ok, seen);
}

#[tokio::test]
async fn a_url_that_does_not_answer_or_not_over_tls_is_named() {
    let findings = from_outside(&nowhere(), Some(TOKEN), Some(ORIGIN)).await;
    assert_broken(&findings, Check::Url, "no answer", "host's name");
    assert_skipped(
        &findings,
        &[
            Check::Authorizer,
            Check::Webhook,
            Check::Token,
            Check::Plaid,
        ],
    );

    let (url, _server) = front(Call::Items, Arc::new(|| gateway(500, ""))).await;
    let without_tls = url.replace("http://", "https://");
    let findings = from_outside(&without_tls, None, None).await;
    assert_broken(&findings, Check::Url, "no answer", "certificate");
    let findings = from_outside("http://192.0.2.1", Some(TOKEN), None).await;
    assert_broken(&findings, Check::Url, "in clear", "https");
}

#[tokio::test]
async fn an_authorizer_that_is_missing_is_alarming() {
    let open = || json_body(200, r#"{"items":[]}"#);
    let behind = || problem(Problem::new(Code::Unauthenticated, "Nobody is signed in."));
    for (call, check) in [
        (Call::NoToken, Check::Authorizer),
        (Call::Forged, Check::ForgedToken),
        (Call::Server, Check::ServerRoutes),
        (Call::ServerAsUser, Check::ServerRoutes),
    ] {
        assert_broken(&with(call, open).await, check, "ALARMING", "off the net");
        let findings = with(call, behind).await;
        assert_broken(&findings, check, "comes through to the function", "Auth");
    }
}

#[tokio::test]
async fn a_route_that_is_missing_or_fails_is_named() {
    for (call, check) in [
        (Call::NoToken, Check::Authorizer),
        (Call::Forged, Check::ForgedToken),
        (Call::Server, Check::ServerRoutes),
        (Call::Webhook, Check::Webhook),
        (Call::Items, Check::Table),
        (Call::LinkToken, Check::CreateLinkToken),
    ] {
        let findings = with(call, || gateway(404, "Not Found")).await;
        assert_broken(&findings, check, "HTTP 404", "ApiUrl");
        let findings = with(call, || gateway(500, "Internal Server Error")).await;
        assert_broken(&findings, check, "HTTP 500", "log");
        let findings = with(call, || gateway(429, "Too Many Requests")).await;
        assert_broken(&findings, check, "HTTP 429", "throttling");
    }
}

#[tokio::test]
async fn a_webhook_that_plaid_could_not_deliver_or_that_anybody_can_is_named() {
    for (answer, found, mend) in [
        ((200, "{}"), "ALARMING", "webhook-receipt"),
        ((401, "{}"), "HTTP 401, and not from", "Authorizer: NONE"),
        ((403, "{}"), "HTTP 403", "firewall"),
        ((301, ""), "HTTP 301", "redirects"),
        (
            (404, r#"{"code":"webhook_not_verified"}"#),
            "HTTP 404",
            "ApiUrl",
        ),
    ] {
        let findings = with(Call::Webhook, move || json_body(answer.0, answer.1)).await;
        assert_broken(&findings, Check::Webhook, found, mend);
    }
    let undecided = || problem(Problem::try_again("The key cannot be had."));
    let findings = with(Call::Webhook, undecided).await;
    assert_broken(
        &findings,
        Check::Webhook,
        "plaid_unavailable",
        "webhook-receipt",
    );
}

#[tokio::test]
async fn a_front_end_that_may_not_call_is_named() {
    let ward = Ward::open().await;
    let findings = ward.examine_from_outside(None, Some(ORIGIN)).await;
    assert_broken(&findings, Check::Cors, ORIGIN, "AllowedOrigins");
    let (methods, headers) = ("GET,POST,DELETE", "Authorization, Content-Type");
    assert_all_ok(&with(Call::Preflight, move || cors("*", methods, headers)).await);
    let findings = with(Call::Preflight, move || cors(ORIGIN, "GET,POST", headers)).await;
    assert_broken(
        &findings,
        Check::Cors,
        "may not use DELETE",
        "CorsConfiguration",
    );
    let findings = with(Call::Preflight, move || cors(ORIGIN, methods, "*")).await;
    assert_broken(
        &findings,
        Check::Cors,
        "header authorization",
        "CorsConfiguration",
    );
}

#[tokio::test]
async fn a_token_that_the_api_does_not_accept_is_named_with_the_reason() {
    let (ward, other) = (Ward::open().await, Ward::open().await);
    let url = other.stack.gateway_url();
    let token = login(&other.client, url, &json!({ "user_id": "alice" })).await;
    let findings = ward.examine_from_outside(Some(&token), None).await;
    assert_broken(&findings, Check::Token, "HTTP 401", "JwtIssuer");
    assert_skipped(
        &findings,
        &[Check::Table, Check::CreateLinkToken, Check::PlaidKeys],
    );
    let reason = |finding: &&Finding| match &finding.outcome {
        Outcome::Fail(trouble) => trouble.found.ends_with("(HTTP 401)"),
        _ => false,
    };
    assert_eq!(findings.iter().filter(reason).count(), 0, "{findings:#?}");
}

#[tokio::test]
async fn a_table_that_is_gone_is_named() {
    let ward = Ward::open().await;
    let url = ward.stack.gateway_url();
    let token = login(&ward.client, url, &json!({ "user_id": "alice" })).await;
    let table = json!({ "TableName": ward.variable("TABLE_NAME") });
    ward.aws("DynamoDB_20120810.DeleteTable", table).await;
    let findings = ward.examine_from_outside(Some(&token), None).await;
    // Neither the session nor the way to Astra can be recorded.
    assert_eq!(
        failures(&findings),
        [Check::Table, Check::TokenKey, Check::ConnectAstra]
    );
    assert_says(&findings, Check::Table, "storage_unavailable", "TableName");
}

#[tokio::test]
async fn a_key_that_is_disabled_is_named() {
    let ward = Ward::open().await;
    let url = ward.stack.gateway_url();
    let token = login(&ward.client, url, &json!({ "user_id": "alice" })).await;
    ward.disable_token_key().await;
    let findings = ward.examine_from_outside(Some(&token), None).await;
    assert_broken(
        &findings,
        Check::TokenKey,
        "storage_unavailable",
        "TokenKey",
    );
}

#[tokio::test]
async fn each_refusal_of_plaids_names_its_cause() {
    let ward = Ward::open().await;
    let url = ward.stack.gateway_url();
    let token = login(&ward.client, url, &json!({ "user_id": "alice" })).await;
    for (error_type, code, check, mend) in [
        (
            "INVALID_INPUT",
            "UNAUTHORIZED_ENVIRONMENT",
            Check::PlaidEnvironment,
            "PlaidEnvironment",
        ),
        ("INVALID_INPUT", "INVALID_PRODUCT", Check::Products, "Auth"),
        (
            "INVALID_INPUT",
            "INVALID_LINK_CUSTOMIZATION",
            Check::Customization,
            "customization",
        ),
        (
            "INVALID_REQUEST",
            "INVALID_FIELD",
            Check::LinkRequest,
            "RedirectUri",
        ),
    ] {
        ward.plaid_refuses("/link/token/create", error_type, code)
            .await;
        let findings = ward.examine_from_outside(Some(&token), None).await;
        assert_broken(&findings, check, code, mend);
    }
    let findings = ward.examine_from_outside(Some(&token), None).await;
    assert_eq!(failures(&findings), [], "the faults have struck");
}

fn refused(error_code: &str) -> PlaidFailure {
    let error = PlaidError {
        error_type: "INVALID_INPUT".to_owned(),
        error_code: error_code.to_owned(),
        http_status: 400,
        ..PlaidError::default()
    };
    PlaidFailure::Refused {
        error: Box::new(error),
        after_lost_answer: false,
    }
}

#[tokio::test]
async fn what_keeps_a_link_token_from_being_made_is_named() {
    let unreadable = || problem(PlaidFailure::NoCredentials.into());
    let findings = with(Call::LinkToken, unreadable).await;
    assert_broken(
        &findings,
        Check::Secret,
        "plaid_not_configured",
        "PlaidSecretArn",
    );
    assert_skipped(&findings, &[Check::TokenKey, Check::PlaidKeys]);

    let findings = with(Call::LinkToken, || {
        problem(refused("INVALID_API_KEYS").into())
    })
    .await;
    assert_broken(
        &findings,
        Check::PlaidKeys,
        "INVALID_API_KEYS",
        "developers/keys",
    );
    assert_skipped(&findings, &[Check::TokenKey, Check::Products]);

    let away = || {
        let (reason, maybe_applied) = ("no connection", false);
        problem(
            PlaidFailure::NoAnswer {
                reason,
                maybe_applied,
            }
            .into(),
        )
    };
    let findings = with(Call::LinkToken, away).await;
    assert_broken(
        &findings,
        Check::Plaid,
        "plaid_unavailable",
        "status.plaid.com",
    );

    // A name that is too long, say: create-link-token does not start.
    let findings = with(Call::LinkToken, || gateway(500, "Internal Server Error")).await;
    assert_broken(&findings, Check::CreateLinkToken, "HTTP 500", "ClientName");
    assert_skipped(&findings, &[Check::ClientName, Check::Secret, Check::Plaid]);

    let address = "The address for webhooks is not configured.";
    let unknown = move || problem(Problem::new(Code::InternalError, address));
    let findings = with(Call::LinkToken, unknown).await;
    assert_broken(&findings, Check::CreateLinkToken, address, "WebhookBaseUrl");
}
