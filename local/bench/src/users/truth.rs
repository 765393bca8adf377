//! Whether every Item at Plaid is recorded once, for the user who linked it, and with one
//! token; and how often Plaid was asked for that.

use std::collections::BTreeMap;

use serde_json::Value;

use super::journey::{Answer, Journey};
use crate::Failure;
use crate::people::{People, said, text};

const EXCHANGE: &str = "/item/public_token/exchange";

/// # Errors
/// An Item is lost, or there twice, or somebody else's; a public token was presented twice;
/// a user has none and was not told to run Link again.
pub(super) async fn check(people: &People, journeys: &[Journey]) -> Result<(), Failure> {
    let at_plaid = live_items(people).await?;
    let records = people.records().await?;
    let linked = linked_items(&records);
    let pointers = pointers(&records);
    let mut wrong = Vec::new();
    for item_id in &at_plaid {
        let owners = linked.get(item_id).map_or(&[][..], Vec::as_slice);
        match owners {
            [owner] if pointers.get(item_id) == Some(owner) => {}
            [] => wrong.push(format!("{item_id} is lost")),
            _ => wrong.push(format!("{item_id} is recorded for {owners:?}")),
        }
    }
    for journey in journeys {
        wrong.extend(untold(journey, &linked));
    }
    let over = journeys.iter().filter(|journey| journey.is_over()).count();
    println!(
        "  Items: {} at Plaid, {} linked here, {} wrong; {over} users were told to run Link again",
        at_plaid.len(),
        linked.len(),
        wrong.len()
    );
    wrong.extend(at_plaids_door(people, journeys.len()).await?);
    if at_plaid.len() != linked.len() || at_plaid.len() + over != journeys.len() {
        wrong.push("not one Item for each user".to_owned());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("; ").into())
}

async fn live_items(people: &People) -> Result<Vec<String>, Failure> {
    let answer = people.look_at_plaid("/simulator/items").await?;
    let items = answer.get("items").and_then(Value::as_array);
    let items = items.ok_or("no items")?.iter();
    items.map(|item| text(item, "item_id")).collect()
}

/// Whose each Item is that has its one token.
fn linked_items(records: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut items = BTreeMap::<String, Vec<String>>::new();
    let is_linked =
        |r: &&Value| said(r, "sk").starts_with("ITEM#") && said(r, "lifecycle") == "linked";
    for record in records.iter().filter(is_linked) {
        let generation = record.pointer("/accounts/L/0/M/generation/N");
        if generation.and_then(Value::as_str) == Some("1") {
            let item_id = said(record, "item_id").to_owned();
            items
                .entry(item_id)
                .or_default()
                .push(said(record, "user_id").to_owned());
        }
    }
    items
}

/// Whose each Item is to webhooks.
fn pointers(records: &[Value]) -> BTreeMap<String, String> {
    let pointers = records
        .iter()
        .filter(|record| said(record, "sk") == "OWNER");
    let pointer = |record: &Value| {
        let item_id = said(record, "pk").strip_prefix("ITEM#")?.to_owned();
        Some((item_id, said(record, "user_id").to_owned()))
    };
    pointers.filter_map(pointer).collect()
}

/// What is wrong with what a user was told.
fn untold(journey: &Journey, linked: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let user_id = &journey.user_id;
    if journey.is_over() {
        return None;
    }
    let Some(item_id) = journey.item_id() else {
        let last = journey.exchange.last().map(Answer::name);
        return Some(format!("{user_id} has none, last told {last:?}"));
    };
    let is_theirs = linked
        .get(item_id)
        .is_some_and(|owners| owners.as_slice() == std::slice::from_ref(user_id));
    (!is_theirs).then(|| format!("{user_id} was told of {item_id}"))
}

/// Prints what Plaid was asked; says so if a public token came more than once.
async fn at_plaids_door(people: &People, users: usize) -> Result<Option<String>, Failure> {
    let log = people.look_at_plaid("/simulator/requests").await?;
    let limits = people.look_at_plaid("/simulator/limits").await?;
    let count = |endpoint: &str| {
        let counts = log.get("counts").and_then(|counts| counts.get(endpoint));
        counts.and_then(Value::as_u64).unwrap_or_default()
    };
    let refused = limits.pointer("/limits/0/refused").and_then(Value::as_u64);
    let exchanged = count(EXCHANGE);
    println!(
        "  at Plaid: {exchanged} public tokens presented, {} processor tokens asked for, {} of them refused",
        count(super::PROCESSOR_TOKENS),
        refused.unwrap_or_default()
    );
    let twice = u64::try_from(users)? != exchanged;
    Ok(twice.then(|| format!("{exchanged} public tokens presented by {users} users")))
}
