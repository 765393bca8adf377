//! The history is without gaps, and everything in it was published.

use std::collections::BTreeSet;

use shared::use_cases::publish::events_of;

use crate::scene::Scene;

pub(super) fn of(scene: &Scene) -> Vec<String> {
    let records = scene.store.records();
    let mut wrong = Vec::new();
    for item in records.items.values() {
        let changes = records.changes.iter();
        let changes = changes.filter(|change| change.item_id.as_ref() == Some(&item.item_id));
        let mut status = None;
        for change in changes {
            if change.before != status {
                let before = change.before;
                wrong.push(format!(
                    "a change begins at {before:?}, and {status:?} was told"
                ));
            }
            status = change.after;
        }
        if status != Some(item.status()) {
            let ends = item.status();
            wrong.push(format!("an Item is {ends:?}, and {status:?} was told"));
        }
    }
    let events = scene.bus.events();
    let events: BTreeSet<&str> = events.iter().map(|e| e.event_id.as_str()).collect();
    for change in &records.changes {
        if !records.published.contains(&change.change_id) {
            wrong.push("a change was not published".to_owned());
        }
        let told = events_of(change);
        if !told
            .iter()
            .all(|event| events.contains(event.event_id.as_str()))
        {
            wrong.push("an event is not on the bus".to_owned());
        }
    }
    wrong
}
