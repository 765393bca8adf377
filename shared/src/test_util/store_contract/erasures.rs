//! The erasure of users.

use super::samples::{
    astra_connection, at, change, exchange, new_session, next, plain_item, stranger, stray,
    update_session, user,
};
use super::{
    Store, assert_refused, due_ever, history, put_connection, put_exchange, put_item, put_session,
    stored_connection, stored_item,
};
use crate::domain::{
    AstraConnection, Change, ChangeId, Exchange, ExchangeKey, ExchangeStep, Item, ItemId,
    Lifecycle, LinkId, LinkSession, RecordKey, Sha256,
};
use crate::ports::{Alongside, Erased};

/// More calls than any test needs.
const PATIENCE: u32 = 100;

/// Calls again until everything is deleted; how many calls that took.
pub(super) async fn erase_everything<S: Store>(store: &S) -> u32 {
    for calls in 1..PATIENCE {
        if store.erase(&user()).await.unwrap() == Erased::Everything {
            return calls;
        }
    }
    panic!("the erasure does not end");
}

/// Calls so often that everything is deleted that may be.
async fn erase_in_vain<S: Store>(store: &S) {
    for _ in 0..5 {
        assert_eq!(store.erase(&user()).await.unwrap(), Erased::Partly);
    }
}

fn numbered(number: u32, lifecycle: Lifecycle) -> Item {
    Item {
        item_id: ItemId::new(format!("{number:03}")),
        exchange: ExchangeKey::stored(format!("of {number}")),
        lifecycle,
        ..plain_item()
    }
}

/// It is due since then.
pub async fn an_earlier_wish_stays<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(5)).await.unwrap();
    store.wish_erasure(&user(), at(9)).await.unwrap();
    let due = store.due(at(5), 10).await.unwrap().keys;
    assert_eq!(due, [RecordKey::erasure(&user())]);
    assert_eq!(due_ever(store).await.len(), 1);
}

/// Sessions, changes, removed Items, and what leads to them; the connection to Astra; not the
/// wish.
pub async fn everything_of_a_user_is_erased<S: Store>(store: &S) {
    assert_eq!(store.erase(&user()).await.unwrap(), Erased::Everything);
    let item = numbered(1, Lifecycle::Removed);
    put_item(store, &item).await;
    let (open, settled) = (update_session(1), new_session(2));
    put_session(store, &open).await;
    put_session(store, &settled).await;
    put_connection(store, &astra_connection()).await;
    store.wish_erasure(&user(), at(5)).await.unwrap();
    erase_everything(store).await;
    assert_eq!(stored_connection(store, &user()).await, None);
    assert_eq!(store.item(&user(), &item.item_id).await.unwrap(), None);
    assert_eq!(store.owner(&item.item_id).await.unwrap(), None);
    assert_eq!(store.exchange(&item.exchange).await.unwrap(), None);
    assert_eq!(history(store, &user()).await, []);
    for session in [open, settled] {
        let stored = store.session(&user(), &session.link_id).await.unwrap();
        assert_eq!(stored, None);
        let owner = store.link_owner(&session.link_token_hash).await;
        assert_eq!(owner.unwrap(), None);
        put_again(store, &session).await;
    }
    assert_eq!(due_ever(store).await, [RecordKey::erasure(&user())]);
}

/// Not even by whoever still has it in hand.
pub async fn an_erased_change_cannot_be_published<S: Store>(store: &S) {
    put_item(store, &numbered(1, Lifecycle::Removed)).await;
    let changes = history(store, &user()).await;
    assert_eq!(changes.len(), 1);
    erase_everything(store).await;
    for change in changes {
        store.published(&change).await.unwrap();
        let stored = store.unpublished(&user(), &change.change_id).await.unwrap();
        assert_eq!(stored, None);
    }
    assert_eq!(due_ever(store).await, []);
}

/// The pointer of a link token that is gone can be written again, even by somebody else.
async fn put_again<S: Store>(store: &S, session: &LinkSession) {
    let session = LinkSession {
        user_id: stranger(),
        item_id: None,
        link_id: LinkId::new(format!("again {}", session.link_id)),
        ..session.clone()
    };
    put_session(store, &session).await;
}

/// However much it is.
pub async fn much_is_erased_in_several_calls<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(5)).await.unwrap();
    for number in 0..30 {
        put_item(store, &numbered(number, Lifecycle::Removed)).await;
    }
    for number in 0..60 {
        put_session(store, &new_session(number)).await;
    }
    erase_everything(store).await;
    assert_eq!(history(store, &user()).await, []);
    for number in 0..30 {
        let item = numbered(number, Lifecycle::Removed);
        assert_eq!(store.item(&user(), &item.item_id).await.unwrap(), None);
        assert_eq!(store.owner(&item.item_id).await.unwrap(), None);
        assert_eq!(store.exchange(&item.exchange).await.unwrap(), None);
    }
    for number in 0..60 {
        let link_id = new_session(number).link_id;
        let stored = store.session(&user(), &link_id).await.unwrap();
        assert_eq!(stored, None);
    }
    assert_eq!(due_ever(store).await, [RecordKey::erasure(&user())]);
}

/// However many that are; the rest is deleted all the same. It ends when they are removed.
pub async fn what_has_something_to_do_at_plaid_is_kept<S: Store>(store: &S) {
    let stages = [Lifecycle::Linking, Lifecycle::Linked, Lifecycle::Removing];
    let mut live = Vec::new();
    for number in 0..30 {
        let stage = stages.into_iter().cycle().nth(number as usize).unwrap();
        let item = numbered(number, stage);
        put_item(store, &item).await;
        live.push(item);
    }
    let gone = numbered(99, Lifecycle::Removed);
    put_item(store, &gone).await;
    let session = new_session(1);
    put_session(store, &session).await;
    let stray = stray();
    store.keep_stray(&stray).await.unwrap();
    erase_in_vain(store).await;
    assert_eq!(history(store, &user()).await, []);
    assert_eq!(store.item(&user(), &gone.item_id).await.unwrap(), None);
    let stored = store.session(&user(), &session.link_id).await.unwrap();
    assert_eq!(stored, None);
    for item in &live {
        assert_eq!(stored_item(store, &item.item_id).await, *item);
        let owner = store.owner(&item.item_id).await.unwrap();
        assert_eq!(owner, Some(user()));
        assert!(store.exchange(&item.exchange).await.unwrap().is_some());
        let removed = next(&item.removed());
        let outcome = store.replace(&removed, Alongside::default()).await;
        outcome.unwrap();
    }
    erase_everything(store).await;
    for item in live {
        assert_eq!(store.item(&user(), &item.item_id).await.unwrap(), None);
    }
    let stored = store.stray(&stray.key, &stray.item_id).await.unwrap();
    assert_eq!(stored, Some(stray));
}

/// Whoever works on the exchange still looks for its Item.
pub async fn an_item_with_an_unfinished_exchange_is_kept<S: Store>(store: &S) {
    let item = numbered(1, Lifecycle::Removed);
    let claim = Exchange {
        key: item.exchange.clone(),
        ..exchange()
    };
    put_exchange(store, &claim).await;
    let added = change("1", &item);
    store.record_item(&claim, &item, &added).await.unwrap();
    erase_in_vain(store).await;
    assert_eq!(stored_item(store, &item.item_id).await, item);
    let stored = store.exchange(&item.exchange).await.unwrap().unwrap();
    assert_eq!(stored.step, ExchangeStep::Exchanged);
    let end = ExchangeStep::Removed;
    store.advance(&stored, end).await.unwrap();
    erase_everything(store).await;
    assert_eq!(store.exchange(&item.exchange).await.unwrap(), None);
}

/// Not even what has the same names.
pub async fn others_are_not_touched<S: Store>(store: &S) {
    let theirs = Item {
        user_id: stranger(),
        ..numbered(1, Lifecycle::Removed)
    };
    put_item(store, &theirs).await;
    let session = LinkSession {
        user_id: stranger(),
        link_token_hash: Sha256::of(b"theirs"),
        ..update_session(1)
    };
    put_session(store, &session).await;
    let connection = AstraConnection {
        user_id: stranger(),
        ..astra_connection()
    };
    put_connection(store, &connection).await;
    store.wish_erasure(&stranger(), at(1)).await.unwrap();
    put_item(store, &numbered(2, Lifecycle::Removed)).await;
    put_session(store, &update_session(1)).await;
    erase_everything(store).await;
    let stored = store.item(&stranger(), &theirs.item_id).await.unwrap();
    assert_eq!(stored, Some(theirs.clone()));
    let owner = store.owner(&theirs.item_id).await.unwrap();
    assert_eq!(owner, Some(stranger()));
    assert!(store.exchange(&theirs.exchange).await.unwrap().is_some());
    let stored = store.session(&stranger(), &session.link_id).await.unwrap();
    assert_eq!(stored, Some(session.clone()));
    let stored = stored_connection(store, &stranger()).await;
    assert_eq!(stored, Some(connection));
    let changes = history(store, &stranger()).await;
    let changes: Vec<_> = changes.iter().map(|change| &change.change_id).collect();
    let added = ChangeId::new(format!("new-{}", theirs.item_id));
    assert_eq!(changes, [&added]);
    let due = due_ever(store).await;
    let expected = [
        RecordKey::erasure(&stranger()),
        RecordKey::change(&stranger(), &added),
        RecordKey::link_session(&stranger(), &session.link_id),
        RecordKey::astra_connection(&stranger()),
    ];
    assert_eq!(due, expected);
}

/// At once.
pub async fn a_receipt_replaces_the_wish<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(1)).await.unwrap();
    let receipt = Change::erased(&user(), at(2));
    store.confirm_erasure(&receipt).await.unwrap();
    let key = RecordKey::change(&user(), &receipt.change_id);
    assert_eq!(history(store, &user()).await, [receipt]);
    assert_eq!(due_ever(store).await, [key]);
}

/// Nobody forgets that a user was erased.
pub async fn a_receipt_outlives_later_erasures<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(1)).await.unwrap();
    let receipt = Change::erased(&user(), at(2));
    store.confirm_erasure(&receipt).await.unwrap();
    put_item(store, &numbered(1, Lifecycle::Removed)).await;
    store.wish_erasure(&user(), at(3)).await.unwrap();
    erase_everything(store).await;
    assert_eq!(history(store, &user()).await, [receipt]);
}

/// And nothing is written without.
pub async fn a_receipt_needs_a_wish<S: Store>(store: &S) {
    let receipt = Change::erased(&user(), at(2));
    let outcome = store.confirm_erasure(&receipt).await;
    assert_refused(outcome, "a receipt without a wish");
    assert_eq!(history(store, &user()).await, []);
}

/// As after a lost answer.
pub async fn a_receipt_that_is_sent_twice_counts_once<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(1)).await.unwrap();
    let receipt = Change::erased(&user(), at(2));
    for _ in 0..2 {
        store.confirm_erasure(&receipt).await.unwrap();
    }
    assert_eq!(history(store, &user()).await, [receipt]);
}
