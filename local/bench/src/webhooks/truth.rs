//! What is true at Plaid, what its webhooks say, and whether the table agrees in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Failure;
use crate::people::{People, text};

/// The rounds of webhooks; each Item gets one of every round, and then they begin again.
const ROUNDS: [Round; 4] = [
    Round::Breaks,
    Round::Heals,
    Round::AnnouncesAccounts,
    Round::BreaksEverySecond,
];
/// In this round every Item's numbers change, once.
const NEW_NUMBERS: usize = 2;

#[derive(Debug, Clone, Copy)]
enum Round {
    Breaks,
    Heals,
    AnnouncesAccounts,
    BreaksEverySecond,
}

/// A webhook as Plaid would post it.
#[derive(Deserialize)]
pub(super) struct Signed {
    pub(super) url: String,
    pub(super) plaid_verification: String,
    pub(super) body: String,
}

#[derive(Clone)]
pub(super) struct Truth {
    pub(super) people: People,
    items: Arc<Vec<String>>,
}

impl Truth {
    pub(super) fn new(people: &People, items: Vec<String>) -> Self {
        Self {
            people: people.clone(),
            items: Arc::new(items),
        }
    }

    /// Changes what is true, and signs the webhook that tells of it. Its number is in its
    /// body, so that no two are the same.
    pub(super) async fn next(&self, number: usize) -> Result<Signed, Failure> {
        let (round, place) = (number / self.items.len(), number % self.items.len());
        let item_id = self.items.get(place).ok_or("no Item")?;
        let (kind, code) = if round == NEW_NUMBERS {
            ("AUTH", "DEFAULT_UPDATE")
        } else {
            ("ITEM", self.change(item_id, round, place).await?)
        };
        let wish = json!({
            "item_id": item_id,
            "webhook_type": kind,
            "webhook_code": code,
            "fields": { "number": number },
        });
        let signed = self.people.ask_plaid("/simulator/webhooks/sign", &wish);
        Ok(serde_json::from_value(signed.await?)?)
    }

    async fn change(
        &self,
        item_id: &str,
        round: usize,
        place: usize,
    ) -> Result<&'static str, Failure> {
        let broken = match ROUNDS.get(round % ROUNDS.len()) {
            Some(Round::Breaks) => true,
            Some(Round::BreaksEverySecond) => place.is_multiple_of(2),
            Some(Round::AnnouncesAccounts) => return Ok("NEW_ACCOUNTS_AVAILABLE"),
            Some(Round::Heals) | None => false,
        };
        let error = broken.then(|| json!({ "error_code": "ITEM_LOGIN_REQUIRED" }));
        let path = format!("/simulator/items/{item_id}");
        self.people
            .ask_plaid(&path, &json!({ "error": error }))
            .await?;
        Ok(if broken { "ERROR" } else { "LOGIN_REPAIRED" })
    }

    /// Tells whether every webhook is one record and was applied, whether every Item is as
    /// Plaid has it, and, unless a command was not taken, whether each made one token.
    pub(super) async fn check(&self, distinct: usize, all_taken: bool) -> Result<(), Failure> {
        let records = self.people.records().await?;
        let inbox: Vec<&Value> = records
            .iter()
            .filter(|r| said(r, "pk").starts_with("INBOX#"))
            .collect();
        let applied = inbox
            .iter()
            .filter(|r| said(r, "outcome") == "applied")
            .count();
        println!(
            "  webhooks: {distinct} sent, {} kept, {applied} applied",
            inbox.len()
        );
        let broken = self.broken_at_plaid().await?;
        let items = records
            .iter()
            .filter(|r| said(r, "sk").starts_with("ITEM#"));
        let mut untrue = 0;
        let mut commands = BTreeMap::<&str, usize>::new();
        for item in items {
            let is_broken = broken.contains(said(item, "item_id"));
            untrue += usize::from((said(item, "health") == "login_required") != is_broken);
            *commands
                .entry(fate_of_command(item, is_broken))
                .or_default() += 1;
        }
        println!(
            "  Items: {} broken at Plaid, {untrue} untrue here",
            broken.len()
        );
        if all_taken {
            println!("  commands to replace a token, one for each Item: {commands:?}");
        }
        Ok(())
    }

    async fn broken_at_plaid(&self) -> Result<BTreeSet<String>, Failure> {
        let answer = self.people.look_at_plaid("/simulator/items").await?;
        let items = answer.get("items").and_then(Value::as_array);
        let items = items.ok_or("no items")?.iter();
        let broken = items.filter(|item| item.get("error").is_some_and(|e| !e.is_null()));
        broken.map(|item| text(item, "item_id")).collect()
    }
}

/// An attribute that is text.
fn said<'a>(record: &'a Value, name: &str) -> &'a str {
    let text = record.get(name).and_then(|attribute| attribute.get("S"));
    text.and_then(Value::as_str).unwrap_or_default()
}

/// What became of the command to replace the token of an Item's only account.
fn fate_of_command(item: &Value, is_broken: bool) -> &'static str {
    let account = item.pointer("/accounts/L/0/M").unwrap_or(&Value::Null);
    let generation = account.pointer("/generation/N").and_then(Value::as_str);
    let waits = account.pointer("/renew/BOOL") == Some(&Value::Bool(true));
    match (generation, waits) {
        (Some("2"), false) => "done once",
        (Some("1"), true) if is_broken => "waiting until the bank is mended",
        _ => "wrong",
    }
}
