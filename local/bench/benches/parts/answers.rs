//! Answers: a problem, and a page of Items.

use std::hint::black_box;

use criterion::BatchSize;
use lambda_http::Request;
use list_items::{Deps, handler};
use serde_json::Value;
use shared::domain::Item;
use shared::http::{Code, ItemView, Problem};
use shared::test_util::{Event, FixedClock, MemoryStore, json, refusal};
use tokio::runtime::Runtime;

use crate::items::item;
use crate::webhook::NOW;
use crate::{Criterion, Failure};

const EVENT: &str = include_str!("../../../../events/list-items.json");
/// Whom the event is from.
const USER: &str = "user-1";
const ITEMS: usize = 25;
/// AWS's are UUIDs.
const REQUEST_ID: &str = "11111111-2222-3333-4444-555555555555";

pub(crate) fn measure(criterion: &mut Criterion, runtime: &Runtime) -> Result<(), Failure> {
    let ours = || {
        Problem::new(
            Code::WebhookNotVerified,
            "This is not a webhook that Plaid signed.",
        )
    };
    problem(
        criterion,
        "answer: a problem of ours",
        ours,
        "webhook_not_verified",
    );
    let plaids = || Problem::from(refusal("ITEM_ERROR", "ITEM_LOGIN_REQUIRED"));
    problem(
        criterion,
        "answer: a problem of Plaid's",
        plaids,
        "update_mode_required",
    );
    let named = |number| item(USER, &format!("wz666MBjYWTp2PDzzggYhM6oWW{number:03}"), 2);
    let items = (0..ITEMS).map(named).collect::<Result<Vec<_>, _>>()?;
    views(criterion, &items)?;
    page(criterion, runtime, items);
    Ok(())
}

fn problem(criterion: &mut Criterion, name: &str, make: impl Fn() -> Problem, code: &str) {
    let render = |problem: Problem| problem.into_response(black_box(REQUEST_ID));
    let body = json(&render(make()));
    let member = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    assert_eq!(member("/code"), Some(code));
    assert_eq!(member("/request_id"), Some(REQUEST_ID));
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(&make, render, BatchSize::SmallInput);
    });
}

/// The JSON alone.
fn views(criterion: &mut Criterion, items: &[Item]) -> Result<(), Failure> {
    let render = |items: &[Item]| {
        let views: Vec<_> = items.iter().map(ItemView::of).collect();
        serde_json::to_string(&views)
    };
    let rendered: Vec<Value> = serde_json::from_str(&render(items)?)?;
    assert_eq!(rendered.len(), ITEMS);
    criterion.bench_function("answer: 25 Items as JSON", |bencher| {
        bencher.iter(|| render(black_box(items)));
    });
    Ok(())
}

/// The function from the request to the answer.
fn page(criterion: &mut Criterion, runtime: &Runtime, items: Vec<Item>) {
    let store = MemoryStore::default();
    let by_key = |item: Item| ((item.user_id.to_string(), item.item_id.to_string()), item);
    store.records().items = items.into_iter().map(by_key).collect();
    let deps = Deps {
        store,
        clock: FixedClock::at_second(NOW),
    };
    let request = request();
    let body = json(&runtime.block_on(handler(&deps, request.clone())));
    let shown = body.pointer("/items").and_then(Value::as_array);
    assert_eq!(shown.map(Vec::len), Some(ITEMS));
    criterion.bench_function(
        "answer: list-items over a table in memory, 25 Items",
        |bencher| {
            let mut bencher = bencher.to_async(runtime);
            let work = |request: Request| handler(&deps, request);
            bencher.iter_batched(|| request.clone(), work, BatchSize::SmallInput);
        },
    );
}

fn request() -> Request {
    let limit = ITEMS.to_string();
    Event::read(EVENT)
        .set("/rawQueryString", format!("limit={limit}"))
        .set("/queryStringParameters/limit", limit)
        .request((NOW + 8) * 1000)
}
