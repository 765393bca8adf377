//! `GET /v1/items` and `GET /v1/items/{item_id}` over in-memory ports.

#![cfg(test)]

use lambda_http::{Body, Response};
use list_items::{Deps, handler};
use shared::domain::{
    Account, ExchangeKey, Health, Item, ItemId, Lifecycle, PublicToken, Sealed, UserId,
};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, FixedClock, MemoryStore, account, json};

const LIST: &str = include_str!("../../../events/list-items.json");
const ONE: &str = include_str!("../../../events/list-items-one.json");
const ITEM: &str = "wz666MBjYWTp2PDzzggYhM6oWWmBb";
const SUB: &str = "/requestContext/authorizer/jwt/claims/sub";

type TestDeps = Deps<MemoryStore, FixedClock>;

fn deps_with(items: &[(&str, &str)]) -> TestDeps {
    let deps = Deps {
        store: MemoryStore::default(),
        clock: FixedClock::at_second(1_795_348_800),
    };
    for (user, id) in items {
        let item = item(user, id, &deps);
        deps.store
            .records()
            .items
            .insert(((*user).to_owned(), (*id).to_owned()), item);
    }
    deps
}

fn item(user: &str, id: &str, deps: &TestDeps) -> Item {
    let mut account = Account::new(account("a", "checking", None));
    account.processor_token = Some(Sealed::from_bytes(b"canary".to_vec()));
    Item {
        item_id: ItemId::new(id),
        user_id: UserId::new(user),
        exchange: ExchangeKey::of(&PublicToken::new("public-sandbox-1")),
        institution: None,
        accounts: vec![account],
        chosen_account: None,
        processor: "astra".parse().unwrap(),
        access_token: Some(Sealed::from_bytes(b"canary".to_vec())),
        lifecycle: Lifecycle::Linked,
        health: Health::Good,
        consent_expires_at: None,
        version: 2,
        created_at: deps.clock.now(),
        updated_at: deps.clock.now(),
    }
}

async fn send(deps: &TestDeps, event: Event) -> Response<Body> {
    handler(
        deps,
        event.request(deps.clock.now().as_millisecond() + 10_000),
    )
    .await
}

fn query(name: &str, value: &str) -> Event {
    Event::read(LIST)
        .set("/rawQueryString", format!("{name}={value}"))
        .set("/queryStringParameters", serde_json::json!({ name: value }))
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
    let mut seen = Vec::new();
    let mut event = query("limit", "1");
    loop {
        let page = json(&send(&deps, event).await);
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["item_id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        event = query("limit", "1")
            .set("/rawQueryString", format!("limit=1&cursor={cursor}"))
            .set("/queryStringParameters/cursor", cursor);
    }
    assert_eq!(seen, ["a", "b", "c"]);
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
    assert_eq!(page, serde_json::json!({ "items": [] }));
}

#[tokio::test]
async fn without_storage_the_caller_is_asked_to_try_again() {
    let deps = deps_with(&[]);
    deps.store.go_down(0, 1);
    let response = send(&deps, Event::read(LIST)).await;
    assert_eq!(json(&response)["code"], Code::StorageUnavailable.as_str());
    assert!(response.headers().contains_key("retry-after"));
}
