//! The lists over in-memory ports: of users, and of servers that act for them.

#![cfg(test)]

use lambda_http::{Body, Response};
use list_items::{Deps, handler};
use serde_json::json;
use shared::domain::{Cause, Change, ChangeId, Item, Notice, NoticeCode, Sealed};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, FixedClock, MemoryStore, account, json, linked_item};

const LIST: &str = include_str!("../../../events/list-items.json");
const ONE: &str = include_str!("../../../events/list-items-one.json");
const SERVER_LIST: &str = include_str!("../../../events/list-items-server.json");
const CHANGES: &str = include_str!("../../../events/list-items-changes.json");
const ITEM: &str = "wz666MBjYWTp2PDzzggYhM6oWWmBb";
const SUB: &str = "/requestContext/authorizer/jwt/claims/sub";
const USER_OF_PATH: &str = "/pathParameters/user_id";
const ROUTE: &str = "/requestContext/routeKey";

type TestDeps = Deps<MemoryStore, FixedClock>;

fn deps_with(items: &[(&str, &str)]) -> TestDeps {
    let deps = Deps {
        store: MemoryStore::default(),
        clock: FixedClock::at_second(1_795_348_800),
    };
    for (user, id) in items {
        keep(&deps, item(user, id));
    }
    deps
}

fn keep(deps: &TestDeps, item: Item) {
    let key = (item.user_id.to_string(), item.item_id.to_string());
    deps.store.records().items.insert(key, item);
}

fn item(user: &str, id: &str) -> Item {
    let mut item = linked_item(user, id, vec![account("a", "checking", None)]);
    item.accounts[0].give_token(Sealed::from_bytes(b"canary".to_vec()));
    item.access_token = Some(Sealed::from_bytes(b"canary".to_vec()));
    item
}

/// A change of the user's Item with this id, which orders it.
fn change(user: &str, id: &str) -> Change {
    let change = Change::between(None, &item(user, ITEM), Cause::Exchange, None).unwrap();
    Change {
        change_id: ChangeId::new(id),
        ..change
    }
}

async fn send(deps: &TestDeps, event: Event) -> Response<Body> {
    handler(
        deps,
        event.request(deps.clock.now().as_millisecond() + 10_000),
    )
    .await
}

/// A server that asks for one Item.
fn server_one(item_id: &str) -> Event {
    Event::read(SERVER_LIST)
        .set(ROUTE, "GET /v1/server/users/{user_id}/items/{item_id}")
        .set("/pathParameters/item_id", item_id)
}

fn query(name: &str, value: &str) -> Event {
    ask(LIST, &[(name, value)])
}

/// The event with these parameters and no others.
fn ask(event: &str, query: &[(&str, &str)]) -> Event {
    let text: Vec<_> = query.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let parameters: serde_json::Map<_, _> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    Event::read(event)
        .set("/rawQueryString", text.join("&"))
        .set("/queryStringParameters", parameters)
}

fn ids<'a>(page: &'a serde_json::Value, list: &str, id: &str) -> Vec<&'a str> {
    let entries = page[list].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry[id].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_sample_events_show_the_callers_items_and_no_tokens() {
    let deps = deps_with(&[("user-1", ITEM), ("user-2", "other")]);
    let list = send(&deps, Event::read(LIST)).await;
    let one = send(&deps, Event::read(ONE)).await;
    assert_eq!((list.status().as_u16(), one.status().as_u16()), (200, 200));
    let (list, one) = (json(&list), json(&one));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0], one);
    assert_eq!(one["accounts"][0]["status"], "ready");
    assert!(one["accounts"][0].get("processor_token").is_none());
    assert!(!list.to_string().contains("canary"));
}

#[tokio::test]
async fn somebody_elses_item_is_not_found() {
    let deps = deps_with(&[("user-1", ITEM)]);
    let response = send(&deps, Event::read(ONE).set(SUB, "user-2")).await;
    assert_eq!(json(&response)["code"], Code::NotFound.as_str());
    let missing = Event::read(ONE).set("/pathParameters/item_id", "nothing");
    assert_eq!(send(&deps, missing).await.status(), 404);
}

#[tokio::test]
async fn pages_follow_one_another_without_gaps() {
    let deps = deps_with(&[("user-1", "a"), ("user-1", "b"), ("user-1", "c")]);
    keep(&deps, item("user-1", "aa").removed());
    let mut seen = Vec::new();
    let mut event = query("limit", "1");
    loop {
        let page = json(&send(&deps, event).await);
        seen.extend(
            ids(&page, "items", "item_id")
                .into_iter()
                .map(str::to_owned),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        event = ask(LIST, &[("limit", "1"), ("cursor", cursor)]);
    }
    assert_eq!(seen, ["a", "b", "c"]);
}

#[tokio::test]
async fn removed_items_leave_no_hole_in_a_page() {
    let deps = deps_with(&[("user-1", "a"), ("user-1", "z")]);
    for id in ["b", "c", "d"] {
        keep(&deps, item("user-1", id).removed());
    }
    let page = json(&send(&deps, query("limit", "2")).await);
    assert_eq!(ids(&page, "items", "item_id"), ["a", "z"]);
}

#[tokio::test]
async fn a_server_sees_the_items_of_the_user_it_names() {
    let deps = deps_with(&[("user-1", ITEM), ("user-2", "other")]);
    let list = json(&send(&deps, Event::read(SERVER_LIST)).await);
    assert_eq!(list, json(&send(&deps, Event::read(LIST)).await));
    assert!(!list.to_string().contains("canary"));
    let other = Event::read(SERVER_LIST).set(USER_OF_PATH, "user-2");
    assert_eq!(
        ids(&json(&send(&deps, other).await), "items", "item_id"),
        ["other"]
    );

    let one = server_one(ITEM);
    assert_eq!(json(&send(&deps, one).await), list["items"][0]);
    let foreign = server_one("other");
    assert_eq!(
        json(&send(&deps, foreign).await)["code"],
        Code::NotFound.as_str()
    );
}

#[tokio::test]
async fn an_item_called_changes_is_an_item() {
    let deps = deps_with(&[("user-1", "changes")]);
    let item = json(&send(&deps, server_one("changes")).await);
    assert_eq!(item["item_id"], "changes");
}

#[tokio::test]
async fn a_route_that_is_not_ours_is_not_found() {
    let deps = deps_with(&[("user-1", ITEM)]);
    for route in [
        json!("GET /v1/items/{item_id}/statements"),
        json!("DELETE /v1/items/{item_id}"),
        json!("GET /v1/links"),
        json!(null),
    ] {
        for event in [LIST, ONE] {
            let response = send(&deps, Event::read(event).set(ROUTE, route.clone())).await;
            assert_eq!(response.status(), 404, "{route}");
            assert_eq!(json(&response)["code"], Code::NotFound.as_str(), "{route}");
        }
    }
}

#[tokio::test]
async fn a_change_tells_what_became_of_item_and_accounts_and_no_more() {
    let deps = deps_with(&[]);
    deps.store.records().changes = vec![change("user-1", "1"), change("user-2", "2")];
    let response = send(&deps, Event::read(CHANGES)).await;
    assert_eq!(response.status().as_u16(), 200);
    let page = json(&response);
    let expected = json!([{
        "change_id": "1",
        "at": item("user-1", ITEM).updated_at.to_string(),
        "item_id": ITEM,
        "cause": "exchange",
        "after": "active",
        "accounts": [{ "account_id": "a", "after": "ready", "generation": 1 }],
    }]);
    assert_eq!(page["changes"], expected);
}

#[tokio::test]
async fn a_change_tells_what_plaid_announced() {
    let deps = deps_with(&[]);
    let mut told = change("user-1", "1");
    told.accounts[0].verification_status = Some("pending_manual_verification".into());
    told.notices.push(Notice {
        code: NoticeCode::PendingDisconnect,
        issued_at: deps.clock.now(),
        reason: Some("INSTITUTION_MIGRATION".to_owned()),
        act_before: None,
    });
    deps.store.records().changes = vec![told];
    let page = json(&send(&deps, Event::read(CHANGES)).await);
    let told = &page["changes"][0];
    let notice = json!({
        "code": "pending_disconnect",
        "issued_at": "2026-11-22T12:00:00Z",
        "reason": "INSTITUTION_MIGRATION",
    });
    assert_eq!(told["notices"], json!([notice]));
    let status = &told["accounts"][0]["verification_status"];
    assert_eq!(status, "pending_manual_verification");
}

#[tokio::test]
async fn a_receipt_of_an_erasure_names_no_item() {
    let deps = deps_with(&[]);
    let user_id = shared::domain::UserId::new("user-1");
    deps.store.records().changes = vec![Change::erased(&user_id, deps.clock.now())];
    let page = json(&send(&deps, Event::read(CHANGES)).await);
    let receipt = &page["changes"][0];
    assert_eq!(
        (&receipt["cause"], receipt.get("item_id")),
        (&json!("erasure"), None)
    );
    assert_eq!(receipt["at"], "2026-11-22T12:00:00Z");
}

#[tokio::test]
async fn a_server_comes_back_for_later_changes_with_the_last_cursor() {
    let deps = deps_with(&[]);
    let nothing = json(&send(&deps, ask(CHANGES, &[])).await);
    assert_eq!(nothing, json!({ "changes": [] }));

    let happened = |id| deps.store.records().changes.push(change("user-1", id));
    ["1", "2", "3"].into_iter().for_each(happened);
    let page = json(&send(&deps, ask(CHANGES, &[("limit", "2")])).await);
    assert_eq!(ids(&page, "changes", "change_id"), ["1", "2"]);
    let mut cursor = page["next_cursor"].clone();
    for (expected, later) in [(vec!["3"], None), (vec![], Some("4")), (vec!["4"], None)] {
        let event = ask(
            CHANGES,
            &[("limit", "2"), ("cursor", cursor.as_str().unwrap())],
        );
        let page = json(&send(&deps, event).await);
        assert_eq!(ids(&page, "changes", "change_id"), expected);
        cursor = page["next_cursor"].clone();
        later.into_iter().for_each(happened);
    }
}

#[tokio::test]
async fn a_change_of_the_last_minute_comes_again() {
    let deps = deps_with(&[]);
    let now = deps.clock.now();
    let young = Change {
        at: now,
        ..change("user-1", "2")
    };
    deps.store.records().changes = vec![change("user-1", "1"), young];
    let page = json(&send(&deps, ask(CHANGES, &[])).await);
    assert_eq!(ids(&page, "changes", "change_id"), ["1", "2"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let again = json(&send(&deps, ask(CHANGES, &[("cursor", cursor)])).await);
    assert_eq!(ids(&again, "changes", "change_id"), ["2"]);
    deps.clock.advance_seconds(61);
    let again = json(&send(&deps, ask(CHANGES, &[("cursor", cursor)])).await);
    let cursor = again["next_cursor"].as_str().unwrap();
    let later = json(&send(&deps, ask(CHANGES, &[("cursor", cursor)])).await);
    assert_eq!(later["changes"], json!([]));
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let deps = deps_with(&[("user-1", "a"), ("user-1", "b")]);
    deps.store.records().changes = vec![change("user-1", "1")];
    for (given, taken) in [(LIST, CHANGES), (CHANGES, LIST)] {
        let page = json(&send(&deps, ask(given, &[("limit", "1")])).await);
        let cursor = page["next_cursor"].as_str().unwrap();
        let problem = json(&send(&deps, ask(taken, &[("cursor", cursor)])).await);
        assert_eq!(problem["code"], Code::InvalidParameter.as_str());
        assert_eq!(problem["field"], "cursor");
    }
}

#[tokio::test]
async fn a_user_with_a_jwt_has_no_place_on_a_servers_route() {
    let deps = deps_with(&[("user-1", ITEM)]);
    for event in [SERVER_LIST, CHANGES] {
        let jwt = json!({ "jwt": { "claims": { "sub": "user-1" }, "scopes": null } });
        let event = Event::read(event).set("/requestContext/authorizer", jwt);
        let problem = json(&send(&deps, event).await);
        assert_eq!(problem["code"], Code::Unauthenticated.as_str());
    }
}

#[tokio::test]
async fn a_cursor_of_somebody_else_is_refused() {
    let deps = deps_with(&[("user-1", "a"), ("user-1", "b")]);
    let page = json(&send(&deps, query("limit", "1")).await);
    let stolen = query("cursor", page["next_cursor"].as_str().unwrap()).set(SUB, "user-2");
    let problem = json(&send(&deps, stolen).await);
    assert_eq!(
        (&problem["code"], &problem["field"]),
        (&"invalid_parameter".into(), &"cursor".into())
    );
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let deps = deps_with(&[]);
    for (name, value) in [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "x"),
        ("cursor", "x"),
    ] {
        let problem = json(&send(&deps, query(name, value)).await);
        assert_eq!(
            problem["code"],
            Code::InvalidParameter.as_str(),
            "{name}={value}"
        );
        assert_eq!(problem["field"], name);
    }
    let anonymous = send(&deps, Event::read(LIST).anonymous()).await;
    assert_eq!(json(&anonymous)["code"], Code::Unauthenticated.as_str());
}

#[tokio::test]
async fn a_user_without_items_gets_an_empty_page() {
    let page = json(&send(&deps_with(&[]), Event::read(LIST)).await);
    assert_eq!(page, json!({ "items": [] }));
}

#[tokio::test]
async fn without_storage_the_caller_is_asked_to_try_again() {
    let deps = deps_with(&[]);
    deps.store.go_down(0, 1);
    let response = send(&deps, Event::read(LIST)).await;
    assert_eq!(json(&response)["code"], Code::StorageUnavailable.as_str());
    assert!(response.headers().contains_key("retry-after"));
}
