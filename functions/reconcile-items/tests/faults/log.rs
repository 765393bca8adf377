//! What the log says about Items.

use shared::domain::ItemId;
use shared::test_util::Log;

/// What the log says about an Item that is neither recorded nor removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) exchange: String,
    pub(crate) item_id: String,
    pub(crate) sealed: String,
}

pub(crate) const ENVELOPE: &str = "an Item is neither recorded nor removed";

pub(crate) fn says(log: &Log, words: &str) -> bool {
    log.text().contains(words)
}

/// Whether a line with these words names the Item.
pub(crate) fn names(log: &Log, item_id: &ItemId, words: &str) -> bool {
    let text = log.text();
    let name = format!(" item_id={item_id}");
    let mut lines = text.lines().filter(|line| line.contains(words));
    lines.any(|line| {
        line.split_once(&name)
            .is_some_and(|(_, rest)| !begins_with_digit(rest))
    })
}

/// What an operator would hand over by hand.
pub(crate) fn envelopes(log: &Log) -> Vec<Envelope> {
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains(ENVELOPE));
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=")).unwrap();
        rest.split(' ').next().unwrap().to_owned()
    };
    lines
        .map(|line| Envelope {
            exchange: field(line, "exchange"),
            item_id: field(line, "item_id"),
            sealed: field(line, "sealed"),
        })
        .collect()
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}
