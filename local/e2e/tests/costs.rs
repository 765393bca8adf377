//! What each operation asks of DynamoDB, and that a full table makes none of them dearer.
//!
//! `COST_ITEMS` sets how many Items of other users the full table has. With a hundred thousand
//! of them, and times beside the calls:
//! `COST_ITEMS=100000 cargo test --profile quick -p e2e --test costs -- --ignored --nocapture`

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::beside::{Beside, Side};
use e2e::proxy::{Bill, Proxy};
use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use e2e::table::{self, Row};
use lambda_http::Context;
use local::functions::{Function, linked};
use reqwest::Method;
use serde_json::{Value, json};
use shared::settings::Environment;

const ITEMS: u32 = 2_000;
const ITEMS_OF_A_USER: u32 = 4;
/// How much DynamoDB takes at once.
const BATCH: usize = 25;
/// How long the stream may take for all that was put.
const STREAM_PATIENCE: Duration = Duration::from_mins(15);
const POLL: Duration = Duration::from_millis(200);
/// How often each operation is timed at each table.
const DAYS: u32 = 25;
/// A full table that makes something this much slower is searched from end to end.
const FAR_SLOWER: f64 = 2.0;

/// What each operation costs in its calls, and in read and write units. DynamoDB itself charges
/// one write unit more for the claim that finds an earlier one.
const COSTS: [(&str, &str); 8] = [
    ("a link token", "1 TransactWriteItems; 0 read, 4 write"),
    (
        "an exchange",
        "1 PutItem, 2 Query, 2 TransactWriteItems; 2 read, 20 write",
    ),
    (
        "the same exchange again",
        "1 PutItem, 1 Query; 1 read, 0 write",
    ),
    ("the user's Items", "1 Query; 1 read, 0 write"),
    ("one Item", "1 GetItem; 1 read, 0 write"),
    (
        "a refresh",
        "1 GetItem, 1 Query, 1 TransactWriteItems; 2 read, 4 write",
    ),
    (
        "a removal",
        "2 GetItem, 2 TransactWriteItems, 1 UpdateItem; 2 read, 16 write",
    ),
    (
        "a minute in which nothing is due",
        "16 Query; 8 read, 0 write",
    ),
];

/// An operation: what it asked for, and how long it took.
struct Done {
    name: &'static str,
    bill: Bill,
    took: Duration,
}

/// The functions as they are deployed, with a proxy before their table that counts.
struct Metered {
    scene: Scene,
    proxy: Proxy,
    functions: BTreeMap<&'static str, Arc<dyn Function>>,
}

impl Metered {
    async fn start() -> Result<Self, Failure> {
        let scene = Scene::start().await?;
        let proxy = Proxy::start().await?;
        proxy.lead_to(scene.stack().dynamodb_url());
        let mut variables = scene.stack().environment().clone();
        variables.insert(
            "AWS_ENDPOINT_URL_DYNAMODB".to_owned(),
            proxy.url().to_owned(),
        );
        let environment: Environment = variables.into_iter().collect();
        let mut functions = BTreeMap::new();
        for package in [
            "create-link-token",
            "exchange-and-processor-token",
            "list-items",
            "reconcile-items",
            "refresh-item",
            "remove-item",
        ] {
            functions.insert(package, linked::connect(package, &environment).await?);
        }
        Ok(Self {
            scene,
            proxy,
            functions,
        })
    }

    /// Runs a function with an event, takes the bill and the time.
    async fn run(
        &self,
        name: &'static str,
        package: &str,
        event: Value,
    ) -> Result<(Value, Done), Failure> {
        self.proxy.take_bill();
        let begun = Instant::now();
        let answer = self.functions[package]
            .invoke(event, Context::default())
            .await?;
        let took = begun.elapsed();
        let bill = self.proxy.take_bill();
        Ok((answer, Done { name, bill, took }))
    }

    /// A day in the life of an Item of this user.
    async fn day(&self, owner: &str) -> Result<Vec<Done>, Failure> {
        let of_owner = Of {
            metered: self,
            owner,
        };
        let mut day = of_owner.linking().await?;
        day.extend(of_owner.an_item().await?);
        let name = "a minute in which nothing is due";
        day.push(self.run(name, "reconcile-items", json!({})).await?.1);
        Ok(day)
    }

    /// Links a bank through the gateway; answers the Item's id.
    async fn link(&self, user_id: &str) -> Result<String, Failure> {
        let user = self.scene.sign_in(user_id).await?;
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let body = json!({ "public_token": public_token });
        let item = self.scene.post(&user, "/v1/items", &body).await?.json();
        Ok(item["item_id"].as_str().ok_or("no Item")?.to_owned())
    }

    /// Waits until the stream, which is in order, has told of everything that was put.
    async fn rest(&self) -> Result<(), Failure> {
        let last = self.link("last").await?;
        let begun = Instant::now();
        loop {
            let events = self.scene.ask_helper(Method::GET, "/dev/events", None);
            if events.await?.text.contains(&last) {
                return Ok(());
            }
            if begun.elapsed() > STREAM_PATIENCE {
                return Err("the stream does not get through".into());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Items of other users, as copies of one that a user has linked.
    async fn fill(&self, items: u32) -> Result<(), Failure> {
        self.link("template").await?;
        let template = table::records_of(&self.scene, "USER#template").await?;
        let is_item = |row: &&Row| table::text(row, "sk").is_some_and(|sk| sk.starts_with("ITEM#"));
        let template = template.iter().find(is_item).ok_or("no Item")?;
        let rows: Vec<Row> = (0..items).flat_map(|n| copies(template, n)).collect();
        for batch in rows.chunks(BATCH) {
            table::put_all(&self.scene, batch).await?;
        }
        Ok(())
    }
}

/// Requests of one user.
struct Of<'a> {
    metered: &'a Metered,
    owner: &'a str,
}

impl Of<'_> {
    /// A sample event over HTTP, sent by the owner; answers the body.
    async fn ask(
        &self,
        (name, package): (&'static str, &str),
        sample: &str,
        path: &[(&str, &str)],
        body: &Value,
    ) -> Result<(Value, Done), Failure> {
        let mut event: Value = serde_json::from_str(sample)?;
        event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = self.owner.into();
        event["body"] = body.to_string().into();
        event["pathParameters"] = path
            .iter()
            .copied()
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect();
        let (answer, done) = self.metered.run(name, package, event).await?;
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        assert!(status < 300, "{package}: {answer}");
        let body = answer["body"].as_str().unwrap_or_default();
        Ok((serde_json::from_str(body).unwrap_or_default(), done))
    }

    async fn linking(&self) -> Result<Vec<Done>, Failure> {
        let token = include_str!("../../../events/create-link-token.json");
        let create = ("a link token", "create-link-token");
        let mut done = vec![self.ask(create, token, &[], &json!({})).await?.1];
        let exchange = include_str!("../../../events/exchange-and-processor-token.json");
        let scene = &self.metered.scene;
        let public_token = scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let body = json!({ "public_token": public_token });
        for name in ["an exchange", "the same exchange again"] {
            let named = (name, "exchange-and-processor-token");
            done.push(self.ask(named, exchange, &[], &body).await?.1);
        }
        Ok(done)
    }

    async fn an_item(&self) -> Result<Vec<Done>, Failure> {
        let list = include_str!("../../../events/list-items.json");
        let named = ("the user's Items", "list-items");
        let (page, listed) = self.ask(named, list, &[], &Value::Null).await?;
        let item_id = page["items"][0]["item_id"].as_str().ok_or("no Item")?;
        let one = include_str!("../../../events/list-items-one.json");
        let refresh = include_str!("../../../events/refresh-item.json");
        let remove = include_str!("../../../events/remove-item.json");
        let mut done = vec![listed];
        for (name, package, sample) in [
            ("one Item", "list-items", one),
            ("a refresh", "refresh-item", refresh),
            ("a removal", "remove-item", remove),
        ] {
            let path = [("item_id", item_id)];
            let asked = self.ask((name, package), sample, &path, &Value::Null);
            done.push(asked.await?.1);
        }
        Ok(done)
    }
}

/// What it cost, as it is written above.
fn bills(day: &[Done]) -> Vec<(&'static str, String)> {
    let bill = |done: &Done| (done.name, done.bill.to_string());
    day.iter().map(bill).collect()
}

fn items() -> Result<u32, Failure> {
    let items = std::env::var("COST_ITEMS").ok();
    Ok(items.map_or(Ok(ITEMS), |items| items.parse())?)
}

/// The records of a further Item: itself, and the pointer to its user.
fn copies(template: &Row, number: u32) -> [Row; 2] {
    let text = |text: String| AttributeValue::S(text);
    let user = format!("user-{}", number / ITEMS_OF_A_USER);
    let item = format!("item-{number}");
    let mut record = template.clone();
    record.insert("pk".to_owned(), text(format!("USER#{user}")));
    record.insert("sk".to_owned(), text(format!("ITEM#{item}")));
    record.insert("user_id".to_owned(), text(user.clone()));
    record.insert("item_id".to_owned(), text(item.clone()));
    record.insert("due".to_owned(), text(format!("DUE#{}", number % 16)));
    let pointer = Row::from([
        ("pk".to_owned(), text(format!("ITEM#{item}"))),
        ("sk".to_owned(), text("OWNER".to_owned())),
        ("user_id".to_owned(), text(user)),
    ]);
    [record, pointer]
}

#[tokio::test]
async fn a_full_table_costs_no_more_than_an_empty_one() -> Result<(), Failure> {
    let metered = Metered::start().await?;
    let expected = COSTS.map(|(name, bill)| (name, bill.to_owned()));
    assert_eq!(bills(&metered.day("alice").await?), expected);
    metered.fill(items()?).await?;
    assert_eq!(bills(&metered.day("alice").await?), expected);
    metered.scene.stop().await;
    Ok(())
}

#[tokio::test]
#[ignore = "takes minutes, and a machine that does nothing else"]
async fn a_full_table_makes_nothing_slower() -> Result<(), Failure> {
    let expected = COSTS.map(|(name, bill)| (name, bill.to_owned()));
    let (empty, full) = (Metered::start().await?, Metered::start().await?);
    let begun = Instant::now();
    full.fill(items()?).await?;
    full.rest().await?;
    println!("filled in {:.0} s", begun.elapsed().as_secs_f64());
    let mut beside = Beside::default();
    for day in 0..=DAYS {
        let mut sides = [(Side::Empty, &empty), (Side::Full, &full)];
        if day % 2 == 1 {
            sides.reverse();
        }
        for (side, metered) in sides {
            let done = metered.day(&format!("owner-{day}")).await?;
            assert_eq!(bills(&done), expected, "{side:?}");
            // The first day opens the connections.
            for done in done.iter().filter(|_| day > 0) {
                beside.add(done.name, side, done.took);
            }
        }
    }
    println!("{beside}");
    assert_eq!(beside.slower_than(FAR_SLOWER), [""; 0]);
    empty.scene.stop().await;
    full.scene.stop().await;
    Ok(())
}
