//! The history of a user's Items.

use super::samples::{change, plain_item, stranger, user};
use super::{Store, history, put_item, stored_item};
use crate::domain::{Change, ChangeId, Item};
use crate::ports::Alongside;

/// Changes with these ids, written in this order; and the one of the new Item before all.
async fn put_changes<S: Store>(store: &S, ids: &[&str]) -> Vec<Change> {
    let item = plain_item();
    put_item(store, &item).await;
    let mut changes = history(store, &user()).await;
    for id in ids {
        let item: Item = stored_item(store, &item.item_id).await;
        let later = super::samples::next(&item);
        let change = change(id, &later);
        let alongside = Alongside {
            change: Some(&change),
            ..Alongside::default()
        };
        store.replace(&later, alongside).await.unwrap();
        changes.push(change);
    }
    changes
}

/// By id, which time orders.
pub async fn changes_are_told_in_the_order_of_time<S: Store>(store: &S) {
    let mut written = put_changes(store, &["z", "a", "m"]).await;
    written.sort_by(|a, b| a.change_id.cmp(&b.change_id));
    assert_eq!(history(store, &user()).await, written);
}

/// To the last one, whatever the size of a page is.
pub async fn changes_are_told_page_by_page<S: Store>(store: &S) {
    let written = put_changes(store, &["o", "p", "q", "r"]).await;
    for limit in [1, 2, 3, 5, 100] {
        let mut told = Vec::new();
        let mut after: Option<ChangeId> = None;
        loop {
            let page = store.changes(&user(), after.as_ref(), limit).await.unwrap();
            assert!(page.changes.len() <= limit as usize);
            told.extend(page.changes);
            if page.next.is_none() {
                break;
            }
            assert!(page.next > after, "a page leads on");
            after = page.next;
        }
        assert_eq!(told, written, "in pages of {limit}");
    }
}

/// Nobody else's history.
pub async fn changes_are_their_users_alone<S: Store>(store: &S) {
    put_changes(store, &["z"]).await;
    assert_eq!(history(store, &stranger()).await, []);
}
