//! `POST /v1/link-tokens`, and the same for servers, over in-memory ports.

#![cfg(test)]

use create_link_token::{Deps, handler};
use lambda_http::{Body, Response};
use shared::domain::{
    Health, ItemId, Lifecycle, LinkPurpose, LinkTokenRequest, Microdeposits, PlaidFailure, VaultId,
    token_hash,
};
use shared::http::Code;
use shared::ports::Clock;
use shared::settings::LinkSettings;
use shared::test_util::{
    Event, FixedClock, MemoryPlaid, MemoryStore, MemoryVault, json, linked_item, refusal,
    with_access_token,
};

const EVENT: &str = include_str!("../../../events/create-link-token.json");
const FOR_SERVER: &str = include_str!("../../../events/create-link-token-server.json");
/// The Item of the server's event.
const BROKEN: &str = "wz666MBjYWTp2PDzzggYhM6oWWmBb";
const WEBHOOKS: &str = "https://api.example.com/v1/webhooks/plaid";

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
            microdeposits: Microdeposits::default(),
            redirect_uri: Some("https://app.example.com/oauth".to_owned()),
            android_package_name: Some("com.example.default".to_owned()),
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

fn webhook(request: &LinkTokenRequest) -> &str {
    match &request.purpose {
        LinkPurpose::NewItem { webhook, .. } => webhook,
        LinkPurpose::Update { webhook, .. } => webhook.as_deref().unwrap_or("none"),
    }
}

/// An Item of this user with a sealed access token.
async fn with_item(deps: &TestDeps, user: &str, id: &str) {
    let mut item = linked_item(user, id, vec![]);
    item.health = Health::LoginRequired;
    let item = with_access_token(item, "access-sandbox-canary-9").await;
    deps.store
        .records()
        .items
        .insert((user.to_owned(), id.to_owned()), item);
}

/// The access token and the account selection that Plaid was told for update mode.
fn update_of(deps: &TestDeps) -> (String, bool) {
    match &deps.plaid.world().link_requests[0].purpose {
        LinkPurpose::Update {
            access_token,
            account_selection_enabled,
            ..
        } => (access_token.expose().to_owned(), *account_selection_enabled),
        LinkPurpose::NewItem { .. } => panic!("not update mode"),
    }
}

fn set_lifecycle(deps: &TestDeps, lifecycle: Lifecycle) {
    deps.store
        .records()
        .items
        .values_mut()
        .for_each(|item| item.lifecycle = lifecycle);
}

#[tokio::test]
async fn update_mode_is_for_the_callers_own_item() {
    let deps = deps();
    with_item(&deps, "user-1", "mine").await;
    with_item(&deps, "user-2", "theirs").await;
    let body = r#"{"item_id":"mine","account_selection_enabled":true}"#;
    let response = send(&deps, Event::read(EVENT).body(body)).await;
    assert_eq!(response.status(), 201);
    assert_eq!(
        update_of(&deps),
        ("access-sandbox-canary-9".to_owned(), true)
    );
    let linked = deps.store.records().sessions[0].item_id.clone();
    assert_eq!(linked, Some(ItemId::new("mine")));
    for id in ["theirs", "nothing"] {
        let body = format!(r#"{{"item_id":"{id}"}}"#);
        let response = send(&deps, Event::read(EVENT).body(body)).await;
        assert_eq!(json(&response)["code"], Code::NotFound.as_str());
    }
    assert_eq!(
        deps.plaid.world().calls.len(),
        1,
        "Plaid was not asked for others' Items"
    );
}

#[tokio::test]
async fn a_removed_item_has_no_update_mode() {
    let deps = deps();
    with_item(&deps, "user-1", "mine").await;
    for lifecycle in [Lifecycle::Removing, Lifecycle::Removed] {
        set_lifecycle(&deps, lifecycle);
        let event = Event::read(EVENT).body(r#"{"item_id":"mine"}"#);
        let code = json(&send(&deps, event).await)["code"].clone();
        assert_eq!(code, Code::ItemRemoved.as_str());
    }
}

#[tokio::test]
async fn a_server_gets_a_page_to_mail_to_the_user_whose_link_broke() {
    let deps = deps();
    with_item(&deps, "user-1", BROKEN).await;
    let response = send(&deps, Event::read(FOR_SERVER)).await;
    assert_eq!(response.status(), 201);
    let page = json(&response)["hosted_link_url"].clone();
    assert_eq!(page, "https://hosted.example/1");
    let told = update_of(&deps);
    assert_eq!(told, ("access-sandbox-canary-9".to_owned(), false));
    let lifetime = deps.plaid.world().link_requests[0].hosted.clone().unwrap();
    assert_eq!(lifetime.url_lifetime_seconds, Some(604_800));
    let records = deps.store.records();
    let session = &records.sessions[0];
    assert_eq!(session.user_id.as_str(), "user-1");
    assert_eq!(session.item_id, Some(ItemId::new(BROKEN)));
    assert!(session.hosted);
}

#[tokio::test]
async fn a_server_acts_for_the_user_of_its_path_and_for_nobody_else() {
    let deps = deps();
    with_item(&deps, "user-2", BROKEN).await;
    let jwt = serde_json::json!({ "jwt": { "claims": { "sub": "user-2" }, "scopes": null } });
    let of_a_user = Event::read(FOR_SERVER).set("/requestContext/authorizer", jwt);
    for (event, code) in [
        (Event::read(FOR_SERVER), Code::NotFound),
        (of_a_user, Code::Unauthenticated),
        (Event::read(FOR_SERVER).anonymous(), Code::Unauthenticated),
    ] {
        let problem = json(&send(&deps, event).await);
        assert_eq!(problem["code"], code.as_str());
    }
    assert!(deps.plaid.world().calls.is_empty());
    let event = Event::read(FOR_SERVER).set("/pathParameters/user_id", "user-2");
    assert_eq!(send(&deps, event).await.status(), 201);
}

/// In an application Link says how it went; a page of Plaid's own has only webhooks for it.
#[tokio::test]
async fn in_update_mode_only_a_page_of_plaids_own_needs_webhooks() {
    let deps = deps();
    with_item(&deps, "user-1", "mine").await;
    for body in [
        r#"{"item_id":"mine"}"#,
        r#"{"item_id":"mine","hosted_link":{}}"#,
    ] {
        let response = send(&deps, Event::read(EVENT).body(body)).await;
        assert_eq!(response.status(), 201, "{body}");
    }
    let world = deps.plaid.world();
    let told: Vec<_> = world.link_requests.iter().map(webhook).collect();
    assert_eq!(told, ["none", WEBHOOKS]);
}

#[tokio::test]
async fn a_hosted_session_gets_its_page() {
    let deps = deps();
    let body = r#"{"hosted_link":{"completion_redirect_uri":"https://app.example.com/done","url_lifetime_seconds":3600}}"#;
    let response = json(&send(&deps, Event::read(EVENT).body(body)).await);
    assert_eq!(response["hosted_link_url"], "https://hosted.example/1");
    let hosted = deps.plaid.world().link_requests[0].hosted.clone().unwrap();
    assert_eq!(hosted.url_lifetime_seconds, Some(3600));
    assert!(deps.store.records().sessions[0].hosted);
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
    assert_eq!(webhook(request), WEBHOOKS);
    assert_eq!(
        request.redirect_uri.as_deref(),
        Some("https://app.example.com/oauth")
    );
    assert_eq!(request.android_package_name, None, "one way back is enough");
    assert!(!request.client_user_id.contains("user-1"));
}

#[tokio::test]
async fn without_a_configured_address_webhooks_go_to_the_apis_own_domain() {
    let mut deps = deps();
    deps.link.webhook_base_url = None;
    send(&deps, Event::read(EVENT)).await;
    let own = "https://example.execute-api.us-east-1.amazonaws.com/v1/webhooks/plaid";
    assert_eq!(webhook(&deps.plaid.world().link_requests[0]), own);
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
async fn without_any_redirect_uri_banks_return_to_the_configured_android_app() {
    let mut deps = deps();
    deps.link.redirect_uri = None;
    let web = r#"{"redirect_uri":"https://other.example.com/back"}"#;
    let android = r#"{"android_package_name":"com.example.app"}"#;
    for body in ["{}", web, android] {
        let sent = send(&deps, Event::read(EVENT).body(body)).await;
        assert_eq!(sent.status(), 201, "{body}");
    }
    let world = deps.plaid.world();
    let requests = world.link_requests.iter();
    let ways: Vec<_> = requests
        .map(|one| {
            let android = one.android_package_name.as_deref();
            (one.redirect_uri.as_deref(), android)
        })
        .collect();
    let expected = [
        (None, Some("com.example.default")),
        (Some("https://other.example.com/back"), None),
        (None, Some("com.example.app")),
    ];
    assert_eq!(ways, expected);
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
async fn a_jwt_without_a_usable_subject_is_nobodys() {
    let deps = deps();
    let sub = "/requestContext/authorizer/jwt/claims/sub";
    for subject in [String::new(), "u".repeat(257)] {
        let response = send(&deps, Event::read(EVENT).set(sub, subject)).await;
        assert_eq!(json(&response)["code"], Code::Unauthenticated.as_str());
    }
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

#[tokio::test]
async fn what_plaid_refuses_of_the_request_itself_is_named_to_whoever_asked() {
    for (body, message, field) in [
        (
            r#"{"language": "zz"}"#,
            "language is not one that Link speaks",
            Some("language"),
        ),
        (
            r#"{"redirect_uri": "https://app.example.com/new"}"#,
            "OAuth redirect URI must be configured in the developer dashboard",
            Some("redirect_uri"),
        ),
        (
            r#"{"language": "en", "android_package_name": "com.example.app"}"#,
            "android_package_name is not registered",
            Some("android_package_name"),
        ),
        ("{}", "language is not one that Link speaks", None),
        (r#"{"language": "en"}"#, "client_name is too long", None),
    ] {
        let deps = deps();
        let mut failure = refusal("INVALID_REQUEST", "INVALID_FIELD");
        if let PlaidFailure::Refused { error, .. } = &mut failure {
            error.error_message = Some(message.to_owned());
        }
        deps.plaid.fail("link_token_create", failure);
        let response = send(&deps, Event::read(EVENT).body(body)).await;
        let problem = json(&response);
        let code = match field {
            Some(_) => Code::InvalidField,
            None => Code::PlaidNotConfigured,
        };
        assert_eq!(problem["code"], code.as_str(), "{body}: {message}");
        assert_eq!(problem["field"].as_str(), field, "{body}: {message}");
    }
}
