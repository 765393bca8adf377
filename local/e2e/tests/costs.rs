//! What each operation asks of DynamoDB, and that a full table makes none of them dearer.
//!
//! `COST_ITEMS` sets how many Items of other users the full table has.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::proxy::{Bill, Proxy};
use e2e::scene::{FIRST_PLATYPUS, Failure, SINGLE_ACCOUNT, Scene};
use e2e::table::{self, Row};
use lambda_http::Context;
use local::functions::{Function, linked};
use serde_json::{Value, json};
use shared::settings::Environment;

const ITEMS: u32 = 2_000;
const ITEMS_OF_A_USER: u32 = 4;
const OWNER: &str = "alice";
/// How much DynamoDB takes at once.
const BATCH: usize = 25;

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
        "1 GetItem, 2 TransactWriteItems, 1 UpdateItem; 1 read, 16 write",
    ),
    (
        "a minute in which nothing is due",
        "16 Query; 8 read, 0 write",
    ),
];

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

    /// Runs a function with an event, and takes the bill.
    async fn run(&self, package: &str, event: Value) -> Result<(Value, Bill), Failure> {
        self.proxy.take_bill();
        let answer = self.functions[package]
            .invoke(event, Context::default())
            .await?;
        Ok((answer, self.proxy.take_bill()))
    }

    /// The same with a sample event over HTTP, sent by the owner; answers the body.
    async fn ask(
        &self,
        package: &str,
        sample: &str,
        path: &[(&str, &str)],
        body: &Value,
    ) -> Result<(Value, Bill), Failure> {
        let mut event: Value = serde_json::from_str(sample)?;
        event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = OWNER.into();
        event["body"] = body.to_string().into();
        event["pathParameters"] = path
            .iter()
            .copied()
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect();
        let (answer, bill) = self.run(package, event).await?;
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        assert!(status < 300, "{package}: {answer}");
        let body = answer["body"].as_str().unwrap_or_default();
        Ok((serde_json::from_str(body).unwrap_or_default(), bill))
    }

    /// A day in the life of an Item.
    async fn bills(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        let mut bills = self.bills_of_linking().await?;
        bills.extend(self.bills_of_an_item().await?);
        let (_, bill) = self.run("reconcile-items", json!({})).await?;
        bills.push(("a minute in which nothing is due", bill));
        let told = bills
            .into_iter()
            .map(|(name, bill)| (name, bill.to_string()));
        Ok(told.collect())
    }

    async fn bills_of_linking(&self) -> Result<Vec<(&'static str, Bill)>, Failure> {
        let token = include_str!("../../../events/create-link-token.json");
        let (_, bill) = self
            .ask("create-link-token", token, &[], &json!({}))
            .await?;
        let mut bills = vec![("a link token", bill)];
        let exchange = include_str!("../../../events/exchange-and-processor-token.json");
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let body = json!({ "public_token": public_token });
        for name in ["an exchange", "the same exchange again"] {
            let package = "exchange-and-processor-token";
            bills.push((name, self.ask(package, exchange, &[], &body).await?.1));
        }
        Ok(bills)
    }

    async fn bills_of_an_item(&self) -> Result<Vec<(&'static str, Bill)>, Failure> {
        let list = include_str!("../../../events/list-items.json");
        let (page, bill) = self.ask("list-items", list, &[], &Value::Null).await?;
        let mut bills = vec![("the user's Items", bill)];
        let item_id = page["items"][0]["item_id"].as_str().ok_or("no Item")?;
        let one = include_str!("../../../events/list-items-one.json");
        let refresh = include_str!("../../../events/refresh-item.json");
        let remove = include_str!("../../../events/remove-item.json");
        for (name, package, sample) in [
            ("one Item", "list-items", one),
            ("a refresh", "refresh-item", refresh),
            ("a removal", "remove-item", remove),
        ] {
            let path = [("item_id", item_id)];
            let (_, bill) = self.ask(package, sample, &path, &Value::Null).await?;
            bills.push((name, bill));
        }
        Ok(bills)
    }

    /// Items of other users, as copies of one that a user has linked.
    async fn fill(&self, items: u32) -> Result<(), Failure> {
        let user = self.scene.sign_in("template").await?;
        let public_token = self.scene.run_link(FIRST_PLATYPUS, SINGLE_ACCOUNT).await?;
        let body = json!({ "public_token": public_token });
        self.scene.post(&user, "/v1/items", &body).await?;
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
    let items = std::env::var("COST_ITEMS").ok();
    let items = items.map_or(Ok(ITEMS), |items| items.parse())?;
    let metered = Metered::start().await?;
    let expected = COSTS.map(|(name, bill)| (name, bill.to_owned()));
    assert_eq!(metered.bills().await?, expected);
    metered.fill(items).await?;
    assert_eq!(metered.bills().await?, expected);
    metered.scene.stop().await;
    Ok(())
}
