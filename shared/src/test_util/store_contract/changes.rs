//! The history of a user's Items.

use super::samples::{change, plain_change, plain_item, stranger, user};
use super::{Store, due_ever, history, put_item, stored_item};
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

/// Somebody else's is not there.
pub async fn a_change_is_found_by_its_id<S: Store>(store: &S) {
    for change in put_changes(store, &["o", "p"]).await {
        let id = &change.change_id;
        let theirs = store.unpublished(&stranger(), id).await.unwrap();
        assert_eq!(theirs, None);
        let mine = store.unpublished(&user(), id).await.unwrap();
        assert_eq!(mine.as_ref(), Some(&change));
    }
    let missing = ChangeId::new("missing");
    assert_eq!(store.unpublished(&user(), &missing).await.unwrap(), None);
}

/// It waits no longer, and is history.
pub async fn what_is_published_stays_as_it_is<S: Store>(store: &S) {
    let written = put_changes(store, &["o", "p"]).await;
    for change in &written {
        store.published(change).await.unwrap();
        let waiting = store.unpublished(&user(), &change.change_id).await.unwrap();
        assert_eq!(waiting, None);
    }
    assert_eq!(history(store, &user()).await, written);
}

/// As when the user was erased meanwhile.
pub async fn publishing_makes_no_change<S: Store>(store: &S) {
    let gone = plain_change();
    store.published(&gone).await.unwrap();
    let stored = store
        .unpublished(&gone.user_id, &gone.change_id)
        .await
        .unwrap();
    assert_eq!(stored, None);
    assert_eq!(history(store, &user()).await, []);
    assert_eq!(due_ever(store).await, []);
}
