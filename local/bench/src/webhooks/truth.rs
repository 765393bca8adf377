//! What is true at Plaid, what its webhooks say, and whether the table agrees in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Failure;
use crate::people::{People, said, text};

/// The rounds of webhooks; each Item gets one of every round, and then they begin again.
const ROUNDS: [Round; 4] = [
    Round::Breaks,
    Round::Heals,
    Round::AnnouncesAccounts,
    Round::BreaksEverySecond,
];
/// A command that was not done, or twice.
const WRONG: &str = "wrong";
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

    /// Tells whether every webhook that was answered 200 is one record and was applied.
    ///
    /// # Errors
    /// One was answered and is lost, or is there twice.
    pub(super) async fn check_webhooks(
        &self,
        distinct: usize,
        taken: &BTreeSet<usize>,
    ) -> Result<(), Failure> {
        let kept = kept(&self.people.records().await?);
        let lost = taken.iter().filter(|number| kept.get(number) != Some(&1));
        let lost = lost.count();
        let unanswered = kept.keys().filter(|number| !taken.contains(number));
        println!(
            "  webhooks: {distinct} in all, {} answered 200, {lost} of them lost or there twice; \
             {} more applied whose answer was another",
            taken.len(),
            unanswered.count()
        );
        if lost == 0 {
            return Ok(());
        }
        Err(format!("{lost} webhooks are lost or there twice").into())
    }

    /// Tells whether every Item of which all webhooks were answered 200 is as Plaid has it, and
    /// did its command once.
    ///
    /// # Errors
    /// One is not, or did not.
    pub(super) async fn check_items(
        &self,
        distinct: usize,
        taken: &BTreeSet<usize>,
    ) -> Result<(), Failure> {
        let records = self.people.records().await?;
        let broken = self.broken_at_plaid().await?;
        let missed = (0..distinct).filter(|number| !taken.contains(number));
        let missed: BTreeSet<&str> = missed.filter_map(|number| self.item_of(number)).collect();
        let items = records
            .iter()
            .filter(|r| said(r, "sk").starts_with("ITEM#"))
            .filter(|r| !missed.contains(said(r, "item_id")));
        let (told, untrue, commands) = judge(items, &broken);
        println!(
            "  Items: {} broken at Plaid; {told} of which all was answered, {untrue} of them untrue",
            broken.len()
        );
        let commanded = distinct >= (NEW_NUMBERS + 1) * self.items.len();
        let mut wrong = untrue;
        if commanded {
            println!("  their commands to replace a token: {commands:?}");
            wrong += commands.get(WRONG).copied().unwrap_or_default();
        }
        if wrong == 0 {
            return Ok(());
        }
        Err(format!("{wrong} Items are not as they should be").into())
    }

    fn item_of(&self, number: usize) -> Option<&str> {
        let place = number % self.items.len().max(1);
        self.items.get(place).map(String::as_str)
    }

    async fn broken_at_plaid(&self) -> Result<BTreeSet<String>, Failure> {
        let answer = self.people.look_at_plaid("/simulator/items").await?;
        let items = answer.get("items").and_then(Value::as_array);
        let items = items.ok_or("no items")?.iter();
        let broken = items.filter(|item| item.get("error").is_some_and(|e| !e.is_null()));
        broken.map(|item| text(item, "item_id")).collect()
    }
}

/// How many Items these are, how many are not as Plaid has them, and what became of their
/// commands.
fn judge<'a>(
    items: impl Iterator<Item = &'a Value>,
    broken: &BTreeSet<String>,
) -> (usize, usize, BTreeMap<&'static str, usize>) {
    let (mut told, mut untrue) = (0, 0);
    let mut commands = BTreeMap::new();
    for item in items {
        let is_broken = broken.contains(said(item, "item_id"));
        told += 1;
        untrue += usize::from((said(item, "health") == "login_required") != is_broken);
        *commands
            .entry(fate_of_command(item, is_broken))
            .or_default() += 1;
    }
    (told, untrue, commands)
}

/// How many records each webhook has that was applied, by its number.
fn kept(records: &[Value]) -> BTreeMap<usize, usize> {
    let is_applied =
        |r: &&Value| said(r, "pk").starts_with("INBOX#") && said(r, "outcome") == "applied";
    let mut kept = BTreeMap::new();
    for record in records.iter().filter(is_applied) {
        let body: Value = serde_json::from_str(said(record, "body")).unwrap_or_default();
        let number = body.get("number").and_then(Value::as_u64);
        if let Some(number) = number.and_then(|number| usize::try_from(number).ok()) {
            *kept.entry(number).or_default() += 1;
        }
    }
    kept
}

/// What became of the command to replace the token of an Item's only account.
fn fate_of_command(item: &Value, is_broken: bool) -> &'static str {
    let account = item.pointer("/accounts/L/0/M").unwrap_or(&Value::Null);
    let generation = account.pointer("/generation/N").and_then(Value::as_str);
    let waits = account.pointer("/renew/BOOL") == Some(&Value::Bool(true));
    match (generation, waits) {
        (Some("2"), false) => "done once",
        (Some("1"), true) if is_broken => "waiting until the bank is mended",
        _ => WRONG,
    }
}
