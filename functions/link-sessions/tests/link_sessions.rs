//! `GET /v1/links/{link_id}` and `POST /v1/links/{link_id}/exit` over in-memory ports.

#![cfg(test)]

use jiff::SignedDuration;
use lambda_http::{Body, Response};
use link_sessions::{Deps, handler};
use shared::domain::{
    ItemId, LinkExit, LinkId, LinkResults, LinkSession, LinkSessionId, PlaidRequestId, Sealed,
    UserId, token_hash,
};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, FixedClock, MemoryStore, json};

const GET: &str = include_str!("../../../events/link-sessions.json");
const EXIT: &str = include_str!("../../../events/link-sessions-exit.json");
/// `onExit` of every SDK after a wrong password, as docs/mobile.md has it.
const WRONG_PASSWORD: [(&str, &str); 5] = [
    ("iOS", include_str!("sdk/ios.json")),
    ("iOS, errorJSON", include_str!("sdk/ios-json.json")),
    ("Android", include_str!("sdk/android.json")),
    ("Android, by Gson", include_str!("sdk/android-gson.json")),
    ("React Native", include_str!("sdk/react-native.json")),
];
const LINK: &str = "01a204ee-e842-7743-97eb-33823b7e19eb";
const SUB: &str = "/requestContext/authorizer/jwt/claims/sub";

type TestDeps = Deps<MemoryStore, FixedClock>;

fn deps() -> TestDeps {
    let clock = FixedClock::at_second(1_795_348_800);
    let now = clock.now();
    let deps = Deps {
        store: MemoryStore::default(),
        clock,
    };
    deps.store.records().sessions.push(LinkSession {
        link_id: LinkId::new(LINK),
        user_id: UserId::new("user-1"),
        link_token_hash: token_hash("link-sandbox-1"),
        link_token: Sealed::from_bytes(b"canary".to_vec()),
        item_id: Some(ItemId::new("I")),
        hosted: false,
        exit: None,
        refreshed_at: None,
        results: None,
        expires_at: now + SignedDuration::from_mins(30),
        created_at: now,
    });
    deps
}

async fn send(deps: &TestDeps, event: Event) -> Response<Body> {
    handler(
        deps,
        event.request(deps.clock.now().as_millisecond() + 10_000),
    )
    .await
}

#[tokio::test]
async fn a_session_is_open_until_its_token_dies() {
    let deps = deps();
    let session = json(&send(&deps, Event::read(GET)).await);
    assert_eq!(
        session,
        serde_json::json!({"link_id": LINK, "status": "open", "item_ids": ["I"]})
    );
    deps.clock.advance_seconds(1800);
    assert_eq!(
        json(&send(&deps, Event::read(GET)).await)["status"],
        "expired"
    );
}

#[tokio::test]
async fn what_on_exit_told_is_kept_and_shown() {
    let deps = deps();
    let response = send(&deps, Event::read(EXIT)).await;
    assert_eq!(
        (response.status().as_u16(), response.body()),
        (204, &Body::Empty)
    );
    let session = json(&send(&deps, Event::read(GET)).await);
    assert_eq!(session["status"], "exited");
    assert_eq!(session["problem"]["error_code"], "INVALID_CREDENTIALS");
    assert_eq!(session["problem"]["status"], "requires_credentials");
    assert!(!session.to_string().contains("canary"));
}

#[tokio::test]
async fn what_went_wrong_is_kept_whichever_sdk_tells() {
    for (sdk, body) in WRONG_PASSWORD {
        let deps = deps();
        let response = send(&deps, Event::read(EXIT).body(body)).await;
        assert_eq!(response.status(), 204, "{sdk}");
        let text = |text: &str| Some(text.to_owned());
        let expected = LinkExit {
            status: text("requires_credentials"),
            error_type: text("ITEM_ERROR"),
            error_code: text("INVALID_CREDENTIALS"),
            display_message: text("The credentials were not correct. Please try again."),
            institution_id: text("ins_109508"),
            link_session_id: Some(LinkSessionId::new("d1d4a06c-5b4e-4a3f-8f9c-2c9f5a4a3b21")),
            request_id: Some(PlaidRequestId::new("SD9z5aZOJG51Ra3")),
        };
        assert_eq!(
            deps.store.records().sessions[0].exit,
            Some(expected),
            "{sdk}"
        );
    }
}

/// React Native has empty texts and objects where there is nothing to tell.
#[tokio::test]
async fn a_user_who_merely_closed_link_has_no_problem() {
    let deps = deps();
    let closed = include_str!("sdk/react-native-closed.json");
    let response = send(&deps, Event::read(EXIT).body(closed)).await;
    assert_eq!(response.status(), 204);
    let exit = deps.store.records().sessions[0].exit.clone().unwrap();
    let run = LinkSessionId::new("d1d4a06c-5b4e-4a3f-8f9c-2c9f5a4a3b21");
    let only_the_run = LinkExit {
        link_session_id: Some(run),
        ..LinkExit::default()
    };
    assert_eq!(exit, only_the_run);
}

#[tokio::test]
async fn that_link_could_not_be_opened_is_kept_too() {
    let deps = deps();
    let not_opened = include_str!("sdk/react-native-not-opened.json");
    let response = send(&deps, Event::read(EXIT).body(not_opened)).await;
    assert_eq!(response.status(), 204);
    let session = json(&send(&deps, Event::read(GET)).await);
    assert_eq!(session["status"], "exited");
    assert_eq!(session["problem"]["error_type"], "creation error");
}

#[tokio::test]
async fn somebody_elses_session_is_not_found() {
    let deps = deps();
    for event in [GET, EXIT] {
        let response = send(&deps, Event::read(event).set(SUB, "user-2")).await;
        assert_eq!(json(&response)["code"], Code::NotFound.as_str());
        let anonymous = send(&deps, Event::read(event).anonymous()).await;
        assert_eq!(json(&anonymous)["code"], Code::Unauthenticated.as_str());
    }
    assert_eq!(deps.store.records().sessions[0].exit, None);
}

#[tokio::test]
async fn bad_reports_name_their_field() {
    let deps = deps();
    for (body, code) in [
        ("{", Code::InvalidJson),
        (r#"{"extra":1}"#, Code::UnknownField),
    ] {
        let response = send(&deps, Event::read(EXIT).body(body)).await;
        assert_eq!(json(&response)["code"], code.as_str(), "{body}");
    }
    deps.store.go_down(0, 1);
    let response = send(&deps, Event::read(EXIT)).await;
    assert_eq!(json(&response)["code"], Code::StorageUnavailable.as_str());
}

#[tokio::test]
async fn a_hosted_session_tells_which_items_it_brought_and_what_made_none() {
    let deps = deps();
    {
        let session = &mut deps.store.records().sessions[0];
        session.item_id = None;
        session.hosted = true;
        session.results = Some(LinkResults {
            item_ids: vec![ItemId::new("A"), ItemId::new("B")],
            problem: Some("duplicate_item".to_owned()),
            finished: true,
        });
    }
    let session = json(&send(&deps, Event::read(GET)).await);
    let expected = serde_json::json!({
        "link_id": LINK,
        "status": "finished",
        "item_ids": ["A", "B"],
        "problem": { "code": "duplicate_item" },
    });
    assert_eq!(session, expected);
}
