//! Every webhook that was accepted is one record, and it is over.

use std::collections::BTreeMap;

use shared::domain::{InboxEnd, ItemId, UserId, token_hash};

use crate::post::Letter;
use crate::scene::Scene;

type Key = (String, String);

pub(super) fn of(scene: &Scene) -> Vec<String> {
    let mail = scene.mailbox.mail();
    let mut expected = BTreeMap::<Key, &Letter>::new();
    for letter in mail.letters.iter().rev() {
        expected.extend(key(letter).map(|key| (key, letter)));
    }
    let records = scene.store.records();
    let mut wrong = Vec::new();
    for key in records
        .inbox
        .keys()
        .filter(|key| !expected.contains_key(*key))
    {
        wrong.push(format!("the inbox has {key:?}, which nobody sent"));
    }
    for (key, letter) in &expected {
        if !records.inbox.contains_key(key) {
            wrong.push(format!("the inbox does not have {:?}", letter.kind()));
        }
        let end = records.ended.get(key).copied();
        if !may_end(&records.owners, letter, end) {
            wrong.push(format!("{:?} ended as {end:?}", letter.kind()));
        }
    }
    wrong
}

/// Where a webhook is to be kept; nowhere if it was refused for good.
fn key(letter: &Letter) -> Option<Key> {
    let subject = subject(letter);
    let partition = format!("INBOX#{subject}");
    if letter.was_stale() {
        let hour = letter.arrived_at.as_second().div_euclid(3_600);
        return Some((partition, format!("stale#{hour}")));
    }
    let second = letter.issued_at.as_second();
    letter
        .was_accepted()
        .then(|| (partition, format!("{second:010}#{}", letter.hash)))
}

fn subject(letter: &Letter) -> String {
    let (item_id, link_token) = (letter.text("item_id"), letter.text("link_token"));
    match (item_id, link_token) {
        ("", "") => letter.hash.to_string(),
        ("", link_token) => token_hash(link_token).to_string(),
        (item_id, _) => item_id.to_owned(),
    }
}

fn may_end(owners: &BTreeMap<ItemId, UserId>, letter: &Letter, end: Option<InboxEnd>) -> bool {
    let known = owners.contains_key(&ItemId::new(letter.text("item_id")));
    match letter.kind() {
        ("ITEM", "NEXT_YEAR" | "WEBHOOK_UPDATE_ACKNOWLEDGED")
        | ("NEXT_YEAR", _)
        | ("AUTH", "NEXT_YEAR") => end == Some(InboxEnd::Ignored),
        ("LINK", _) => end == Some(InboxEnd::Applied),
        _ if known => end == Some(InboxEnd::Applied),
        _ => end == Some(InboxEnd::Unclaimed),
    }
}
