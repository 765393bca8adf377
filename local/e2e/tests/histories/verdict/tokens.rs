//! Every account that should have a processor token has one, and each was made for a reason.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use shared::domain::{Account, AccountId, Item};

use super::Ended;
use crate::post::Letter;
use crate::scene::Scene;

/// Whether Plaid would make a token for this account now.
pub(crate) fn would_make_token(truth: &Value, account_id: &str) -> bool {
    let accounts = truth["accounts"].as_array().into_iter().flatten();
    let mut named = accounts.filter(|account| account["account_id"] == account_id);
    truth["error"].is_null()
        && named.any(|account| {
            moves_money(account)
                && matches!(
                    account["verification_status"].as_str(),
                    None | Some("automatically_verified" | "manually_verified")
                )
        })
}

fn moves_money(account: &Value) -> bool {
    account["type"] == "depository"
        && matches!(
            account["subtype"].as_str(),
            Some("checking" | "savings" | "cash management")
        )
}

/// Plaid made no token that is not recorded, but for those that were late.
pub(super) fn of_plaid(scene: &Scene, items: &[Ended]) -> Option<String> {
    let mut made = 0;
    let mut recorded = u64::from(scene.hands.watch.seen().vain);
    for ended in items {
        made += ended.truth["processor_tokens"].as_u64().unwrap();
        let accounts = ended.item.iter().flat_map(|item| &item.accounts);
        recorded += accounts.map(|a| u64::from(a.generation)).sum::<u64>();
    }
    (made != recorded).then(|| format!("Plaid made {made} tokens, of which we know {recorded}"))
}

pub(super) fn of(scene: &Scene, ended: &Ended, item: &Item) -> Vec<String> {
    let mut wrong = Vec::new();
    for account in &item.accounts {
        wrong.extend(of_account(scene, ended, item, account));
    }
    let usable = |account: &&Account| {
        let id = account.plaid.account_id.as_str();
        let mut named = ended.truth["accounts"].as_array().unwrap().iter();
        named.any(|named| named["account_id"] == id && moves_money(named))
    };
    let usable: Vec<&Account> = item.accounts.iter().filter(usable).collect();
    let chosen = item.chosen_account.as_ref();
    let chosen = chosen.and_then(|id| item.account(id));
    let ready = item.has_ready_account();
    let only = (usable.len() == 1 && !ready).then(|| usable[0]);
    let should = chosen.or(only);
    let should = should.filter(|a| would_make_token(&ended.truth, a.plaid.account_id.as_str()));
    if should.is_some_and(|account| account.processor_token.is_none()) {
        wrong.push("the chosen or only account has no token".to_owned());
    }
    wrong
}

fn of_account(scene: &Scene, ended: &Ended, item: &Item, account: &Account) -> Vec<String> {
    let id = &account.plaid.account_id;
    let seen = scene.hands.watch.seen();
    let mail = scene.mailbox.mail();
    let commands = Commands::of(&mail.letters, item, id);
    let settled = seen.settled.get(id).copied().unwrap_or_default();
    let most = 1 + commands.count + settled;
    let mut wrong = Vec::new();
    if account.generation > most {
        let generation = account.generation;
        wrong.push(format!(
            "an account got {generation} tokens, and {most} were asked for"
        ));
    }
    if account.processor_token.is_none() || !would_make_token(&ended.truth, id.as_str()) {
        return wrong;
    }
    if account.renew {
        wrong.push("a token that is to be replaced stays".to_owned());
    }
    let made_at = seen.made_at.get(id).copied();
    if made_at < commands.last.max(seen.wanted_at.get(id).copied()) {
        wrong.push(format!(
            "a token of {made_at:?} was not replaced: {:?}",
            commands.last
        ));
    }
    wrong
}

/// The commands to replace one account's token that were accepted.
struct Commands {
    /// How many differ.
    count: u32,
    /// When the last came first, of those that found a token.
    last: Option<Timestamp>,
}

impl Commands {
    fn of(letters: &[Letter], item: &Item, account_id: &AccountId) -> Self {
        let mut first = BTreeMap::<&str, &Letter>::new();
        let mut copies = BTreeMap::<&str, BTreeSet<Timestamp>>::new();
        let commands = letters.iter().filter(|letter| {
            letter.was_accepted()
                && letter.kind() == ("AUTH", "DEFAULT_UPDATE")
                && letter.is_about(&item.item_id)
                && names(&letter.said, account_id.as_str())
        });
        for letter in commands {
            let hash = letter.hash.as_str();
            copies.entry(hash).or_default().insert(letter.issued_at);
            first.entry(hash).or_insert(letter);
        }
        let ready = first.values().filter(|l| l.ready.contains(account_id));
        Self {
            count: copies.values().map(times).sum(),
            last: ready.map(|letter| letter.arrived_at).max(),
        }
    }
}

/// The same words are another command if they are signed more than 26 hours later.
fn times(signed: &BTreeSet<Timestamp>) -> u32 {
    let (first, last) = (signed.first().unwrap(), signed.last().unwrap());
    let apart = last.duration_since(*first).as_hours() >= 26;
    if apart {
        u32::try_from(signed.len()).unwrap()
    } else {
        1
    }
}

fn names(said: &Value, account_id: &str) -> bool {
    let new = said["account_ids_with_new_auth"].as_array();
    let new = new.is_some_and(|ids| ids.iter().any(|id| id == account_id));
    new || said["account_ids_with_updated_auth"]
        .get(account_id)
        .is_some()
}
