//! No token stands in clear where it does not belong.

use shared::domain::Sealed;

use crate::scene::Scene;
use crate::wish::{Answer, Wish};

/// In every access token and public token here.
const CANARY: &str = "-sandbox-canary";
const PROCESSOR_TOKEN: &str = "processor-sandbox-";

/// Where a token stands that must not.
pub(crate) fn found(scene: &Scene, answers: &[(Wish, Answer)]) -> Vec<String> {
    let mut found = Vec::new();
    let log = scene.log.text();
    let mut look = |place: &str, text: &str| {
        if text.contains(CANARY) {
            found.push(format!("a token stands in {place}: {text}"));
        }
    };
    look("the log", &log);
    for (_, answer) in answers {
        look("an answer", &answer.body);
    }
    for text in stored_texts(scene) {
        look("a record", &text);
    }
    let given_out = |answer: &Answer| answer.status != 201 && answer.body.contains(PROCESSOR_TOKEN);
    if log.contains(PROCESSOR_TOKEN) || answers.iter().any(|(_, answer)| given_out(answer)) {
        found.push("a processor token stands in the log or in a refusal".to_owned());
    }
    let sealed = sealed_values(scene);
    let sealed = String::from_utf8_lossy(&sealed);
    if sealed.contains(CANARY) || sealed.contains(PROCESSOR_TOKEN) {
        found.push("a sealed value is not sealed".to_owned());
    }
    found
}

fn stored_texts(scene: &Scene) -> Vec<String> {
    let records = scene.store.records();
    vec![
        format!("{:?}", records.exchanges),
        format!("{:?}", records.strays),
        format!("{:?}", records.items),
        format!("{:?}", records.owners),
        format!("{:?}", records.changes),
        format!("{:?}", records.sessions),
    ]
}

/// All of them in a row.
fn sealed_values(scene: &Scene) -> Vec<u8> {
    let records = scene.store.records();
    let mut all = Vec::new();
    let mut add = |sealed: Option<&Sealed>| {
        all.extend_from_slice(sealed.map_or(&[], Sealed::as_bytes));
        all.push(b' ');
    };
    for exchange in records.exchanges.values() {
        add(exchange.public_token.as_ref());
        add(exchange.access_token.as_ref());
        add(exchange.answer.as_ref());
    }
    for item in records.items.values() {
        add(item.access_token.as_ref());
        for account in &item.accounts {
            add(account.processor_token.as_ref());
        }
    }
    for stray in records.strays.values() {
        add(Some(&stray.access_token));
    }
    all
}
