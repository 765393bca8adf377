//! `POST /v1/link-tokens` over in-memory ports.

#![cfg(test)]

use create_link_token::{Deps, handler};
use lambda_http::{Body, Response};
use shared::domain::{PlaidFailure, VaultId, token_hash};
use shared::http::Code;
use shared::ports::Clock;
use shared::settings::LinkSettings;
use shared::test_util::{Event, FixedClock, MemoryPlaid, MemoryStore, MemoryVault, json, refusal};

const EVENT: &str = include_str!("../../../events/create-link-token.json");

type TestDeps = Deps<MemoryPlaid, MemoryStore, MemoryVault, FixedClock>;

fn deps() -> TestDeps {
    Deps {
        plaid: MemoryPlaid::default(),
        store: MemoryStore::default(),
        vault: MemoryVault,
        clock: FixedClock::at_second(1_795_348_800),
        link: LinkSettings {
            client_name: "Demo".to_owned(),
            country_codes: vec!["US".to_owned()],
            language: "en".to_owned(),
            redirect_uri: Some("https://app.example.com/oauth".to_owned()),
            customization: None,
            webhook_base_url: Some("https://api.example.com/".to_owned()),
        },
        vault_id: VaultId::new("main"),
    }
}

async fn send(deps: &TestDeps, event: Event) -> Response<Body> {
    handler(
        deps,
        event.request(deps.clock.now().as_millisecond() + 10_000),
    )
    .await
}

#[tokio::test]
async fn the_sample_event_gets_a_link_token() {
    let deps = deps();
    let response = send(&deps, Event::read(EVENT)).await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = json(&response);
    assert_eq!(body["link_token"], "link-sandbox-canary-0001");
    assert_eq!(body["request_id"], "plaid-request");
    let records = deps.store.records();
    let session = &records.sessions[0];
    assert_eq!(body["link_id"], session.link_id.as_str());
    assert_eq!(session.user_id.as_str(), "user-1");
    assert_eq!(
        session.link_token_hash,
        token_hash("link-sandbox-canary-0001")
    );
    assert!(!format!("{session:?}").contains("canary"));
}

#[tokio::test]
async fn plaid_learns_where_webhooks_go_and_nothing_about_the_user() {
    let deps = deps();
    send(&deps, Event::read(EVENT)).await;
    let world = deps.plaid.world();
    let request = &world.link_requests[0];
    assert_eq!(
        request.webhook.as_deref(),
        Some("https://api.example.com/v1/webhooks/plaid")
    );
    assert_eq!(
        request.redirect_uri.as_deref(),
        Some("https://app.example.com/oauth")
    );
    assert!(!request.client_user_id.contains("user-1"));
}

#[tokio::test]
async fn without_a_configured_address_webhooks_go_to_the_apis_own_domain() {
    let mut deps = deps();
    deps.link.webhook_base_url = None;
    send(&deps, Event::read(EVENT)).await;
    let own = "https://example.execute-api.us-east-1.amazonaws.com/v1/webhooks/plaid";
    assert_eq!(
        deps.plaid.world().link_requests[0].webhook.as_deref(),
        Some(own)
    );
    for (pointer, value) in [
        ("/requestContext/domainName", "evil.example.com"),
        (
            "/requestContext/domainName",
            "x.execute-api.us-east-1.amazonaws.com.evil.example",
        ),
        ("/requestContext/stage", "test"),
    ] {
        let response = send(&deps, Event::read(EVENT).set(pointer, value)).await;
        assert_eq!(
            json(&response)["code"],
            Code::InternalError.as_str(),
            "{value}"
        );
    }
    assert_eq!(deps.plaid.world().link_requests.len(), 1);
}

#[tokio::test]
async fn a_request_may_choose_language_and_return() {
    let deps = deps();
    let web = r#"{"language":"es","redirect_uri":"https://other.example.com/back"}"#;
    let android = r#"{"android_package_name":"com.example.app"}"#;
    for body in [web, android] {
        assert_eq!(
            send(&deps, Event::read(EVENT).body(body)).await.status(),
            201,
            "{body}"
        );
    }
    let world = deps.plaid.world();
    let [web, android] = world.link_requests.as_slice() else {
        panic!("two requests")
    };
    assert_eq!(
        (web.language.as_str(), web.redirect_uri.as_deref()),
        ("es", Some("https://other.example.com/back"))
    );
    assert_eq!(
        (
            &android.redirect_uri,
            android.android_package_name.as_deref()
        ),
        (&None, Some("com.example.app"))
    );
}

#[tokio::test]
async fn bad_input_names_its_field_and_asks_plaid_nothing() {
    let deps = deps();
    let cases = [
        (r#"{"language":"english"}"#, Code::InvalidField, "language"),
        (r#"{"language":1}"#, Code::InvalidField, "language"),
        (
            r#"{"redirect_uri":"http://app.example.com"}"#,
            Code::InvalidField,
            "redirect_uri",
        ),
        (
            r#"{"redirect_uri":"https://app.example.com/?x=1"}"#,
            Code::InvalidField,
            "redirect_uri",
        ),
        (
            r#"{"redirect_uri":"https://app.example.com/#x"}"#,
            Code::InvalidField,
            "redirect_uri",
        ),
        (
            r#"{"redirect_uri":"javascript:alert(1)"}"#,
            Code::InvalidField,
            "redirect_uri",
        ),
        (
            r#"{"android_package_name":"com example"}"#,
            Code::InvalidField,
            "android_package_name",
        ),
        (
            r#"{"redirect_uri":"https://a.example","android_package_name":"a.b"}"#,
            Code::InvalidField,
            "redirect_uri",
        ),
        (
            r#"{"user_id":"somebody-else"}"#,
            Code::UnknownField,
            "user_id",
        ),
    ];
    for (body, code, field) in cases {
        let problem = json(&send(&deps, Event::read(EVENT).body(body)).await);
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&code.as_str().into(), &field.into()),
            "{body}"
        );
    }
    let anonymous = send(&deps, Event::read(EVENT).anonymous()).await;
    assert_eq!(json(&anonymous)["code"], Code::Unauthenticated.as_str());
    assert!(deps.plaid.world().calls.is_empty());
}

#[tokio::test]
async fn a_token_whose_session_cannot_be_recorded_is_not_given_out() {
    let deps = deps();
    deps.store.go_down(0, 1);
    let response = send(&deps, Event::read(EVENT)).await;
    assert_eq!(json(&response)["code"], Code::StorageUnavailable.as_str());
    assert!(!format!("{:?}", response.body()).contains("canary"));
}

#[tokio::test]
async fn failures_of_plaid_say_who_must_act() {
    for (failure, code) in [
        (
            refusal("INVALID_INPUT", "INVALID_PRODUCT"),
            Code::PlaidNotConfigured,
        ),
        (
            PlaidFailure::NoAnswer {
                reason: "away",
                maybe_applied: true,
            },
            Code::PlaidUnavailable,
        ),
        (PlaidFailure::NoCredentials, Code::PlaidNotConfigured),
    ] {
        let deps = deps();
        deps.plaid.fail("link_token_create", failure);
        let response = send(&deps, Event::read(EVENT)).await;
        assert_eq!(json(&response)["code"], code.as_str());
        assert!(response.headers().contains_key("retry-after"));
        assert!(deps.store.records().sessions.is_empty());
    }
}
