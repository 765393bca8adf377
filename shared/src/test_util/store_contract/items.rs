//! Items: one version after another, and everything that is written with them.

use super::samples::{
    answer, at, at_step, change, exchange, linked, next, plain_item, stranger, update_session, user,
};
use super::{
    Store, assert_refused, finished, history, look, put_exchange, put_item, put_session, recorded,
    stored_exchange, stored_item,
};
use crate::domain::{ExchangeKey, ExchangeStep, Item, ItemId, Lifecycle, LinkId, LinkSession};
use crate::ports::Alongside;

const STAGES: [Lifecycle; 4] = [
    Lifecycle::Linking,
    Lifecycle::Linked,
    Lifecycle::Removing,
    Lifecycle::Removed,
];

fn numbered(number: usize, lifecycle: Lifecycle) -> Item {
    Item {
        item_id: ItemId::new(format!("{number:03}")),
        exchange: ExchangeKey::stored(format!("of {number}")),
        lifecycle,
        ..plain_item()
    }
}

/// Somebody else's is not there; the pointer says whose it is.
pub async fn an_item_is_its_users_alone<S: Store>(store: &S) {
    let item = plain_item();
    assert_eq!(store.owner(&item.item_id).await.unwrap(), None);
    put_item(store, &item).await;
    assert_eq!(store.item(&stranger(), &item.item_id).await.unwrap(), None);
    let theirs = store.items(&stranger(), None, 10).await.unwrap();
    assert_eq!((theirs.items, theirs.next), (Vec::new(), None));
    let owner = store.owner(&item.item_id).await.unwrap();
    assert_eq!(owner, Some(user()));
}

/// Lowest id first, to the last one, whatever the size of a page is.
pub async fn pages_leave_out_what_is_removed<S: Store>(store: &S) {
    let stages = STAGES.into_iter().cycle().take(10);
    let items: Vec<_> = stages
        .enumerate()
        .map(|(number, stage)| numbered(number, stage))
        .collect();
    for item in items.iter().rev() {
        put_item(store, item).await;
    }
    let live: Vec<_> = items
        .into_iter()
        .filter(|item| item.lifecycle != Lifecycle::Removed)
        .collect();
    for limit in [1, 2, 3, 7, 100] {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = store.items(&user(), after.as_ref(), limit).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            found.extend(page.items);
            if page.next.is_none() {
                break;
            }
            assert!(page.next > after, "a page leads on");
            after = page.next;
        }
        assert_eq!(found, live, "in pages of {limit}");
    }
}

/// Whoever read an older version writes nothing.
pub async fn an_item_is_replaced_only_on_the_version_before<S: Store>(store: &S) {
    let item = plain_item();
    put_item(store, &item).await;
    let before = look(store, &item).await;
    for version in [0, 1, 3, u64::MAX] {
        let wrong = Item {
            version,
            ..linked(&item)
        };
        let outcome = store.replace(&wrong, Alongside::default()).await;
        assert_refused(outcome, &format!("version {version}"));
        assert_eq!(look(store, &item).await, before);
    }
    let right = linked(&item);
    let outcome = store.replace(&right, Alongside::default()).await;
    outcome.unwrap();
    assert_eq!(stored_item(store, &item.item_id).await, right);
}

/// Nothing comes back from a removal, and nothing is linked twice; neither when an
/// exchange ends.
pub async fn stages_follow_one_another_as_designed<S: Store>(store: &S) {
    let pairs = STAGES
        .into_iter()
        .flat_map(|from| STAGES.map(|to| (from, to)));
    for (n, (from, to)) in pairs.enumerate() {
        let item = numbered(n, from);
        put_item(store, &item).await;
        let ends = [ExchangeStep::Finished, ExchangeStep::Removed];
        let later = Item {
            lifecycle: to,
            ..next(&item)
        };
        let what = format!("{from:?} to {to:?}");
        if !from.may_become(to) {
            for end in ends {
                let outcome = end_exchange(store, &later, end).await;
                assert_refused(outcome, &what);
                assert_eq!(stored_item(store, &item.item_id).await, item, "{what}");
            }
        }
        let outcome = store.replace(&later, Alongside::default()).await;
        let stored = stored_item(store, &item.item_id).await;
        if from.may_become(to) {
            outcome.unwrap();
            assert_eq!(stored, later, "{what}");
        } else {
            assert_refused(outcome, &what);
            assert_eq!(stored, item, "{what}");
        }
    }
}

async fn end_exchange<S: Store>(
    store: &S,
    item: &Item,
    end: ExchangeStep,
) -> Result<(), crate::ports::StoreError> {
    let mut mine = at_step(&exchange(), ExchangeStep::Exchanged);
    mine.key = ExchangeKey::stored(format!("{} {end:?}", item.item_id));
    put_exchange(store, &mine).await;
    let added = change(&format!("{} {end:?}", item.item_id), item);
    match end {
        ExchangeStep::Finished => store.finish(&mine, item, &added, &answer(1)).await,
        _ => store.reject(&mine, item, &added).await,
    }
}

/// Neither one that never was, nor somebody else's.
pub async fn only_an_item_that_is_there_is_replaced<S: Store>(store: &S) {
    let item = plain_item();
    let missing = linked(&item);
    let outcome = store.replace(&missing, Alongside::default()).await;
    assert_refused(outcome, "a missing Item");
    assert_eq!(store.item(&user(), &item.item_id).await.unwrap(), None);
    put_item(store, &item).await;
    let of_somebody_else = Item {
        user_id: stranger(),
        ..linked(&item)
    };
    let outcome = store.replace(&of_somebody_else, Alongside::default()).await;
    assert_refused(outcome, "somebody else's Item");
    assert_eq!(stored_item(store, &item.item_id).await, item);
    assert_eq!(store.item(&stranger(), &item.item_id).await.unwrap(), None);
}

/// The second one meets the first one's version.
pub async fn a_replacement_that_is_sent_twice_counts_once<S: Store>(store: &S) {
    let (_, item) = finished(store).await;
    let later = linked(&item);
    let changed = change("later", &later);
    let alongside = Alongside {
        change: Some(&changed),
        answer: Some(&answer(5)),
        ..Alongside::default()
    };
    store.replace(&later, alongside).await.unwrap();
    let once = look(store, &item).await;
    let again = store.replace(&later, alongside).await;
    assert_refused(again, "the same replacement");
    assert_eq!(look(store, &item).await, once);
}

/// The change, the answer, and the sessions that are settled.
pub async fn everything_alongside_is_written<S: Store>(store: &S) {
    let (exchange, item) = finished(store).await;
    let sessions = [update_session(1), update_session(2)];
    for session in &sessions {
        put_session(store, session).await;
    }
    let (later, answer) = (linked(&item), answer(5));
    let changed = change("later", &later);
    let refreshed = sessions.clone().map(|session| session.link_id);
    let alongside = Alongside {
        change: Some(&changed),
        answer: Some(&answer),
        refreshed: &refreshed,
    };
    store.replace(&later, alongside).await.unwrap();
    assert_eq!(stored_item(store, &item.item_id).await, later);
    assert!(history(store, &user()).await.contains(&changed));
    let stored = stored_exchange(store, &exchange.key).await;
    assert_eq!(stored.answer, Some(answer.sealed));
    assert_eq!(stored.answer_until, Some(answer.until));
    assert_eq!(stored.step, ExchangeStep::Finished);
    for session in sessions {
        let settled = LinkSession {
            refreshed_at: Some(later.updated_at),
            ..session
        };
        let stored = store.session(&user(), &settled.link_id).await.unwrap();
        assert_eq!(stored, Some(settled));
    }
}

async fn assert_nothing_is_replaced<S: Store>(
    store: &S,
    item: &Item,
    alongside: Alongside<'_>,
    what: &str,
) {
    let before = look(store, item).await;
    let outcome = store.replace(&linked(item), alongside).await;
    assert_refused(outcome, what);
    assert_eq!(look(store, item).await, before, "{what}");
}

/// History is never rewritten.
pub async fn a_change_that_is_there_already_stops_the_replacement<S: Store>(store: &S) {
    let (_, item) = finished(store).await;
    let known = change("recorded", &item);
    let alongside = Alongside {
        change: Some(&known),
        ..Alongside::default()
    };
    assert_nothing_is_replaced(store, &item, alongside, "a known change").await;
}

/// An exchange that is not finished, or not there, gets none.
pub async fn an_answer_is_replaced_only_where_one_was_given<S: Store>(store: &S) {
    let (exchange, item) = recorded(store).await;
    let (answer, changed) = (answer(5), change("later", &item));
    let alongside = Alongside {
        change: Some(&changed),
        answer: Some(&answer),
        ..Alongside::default()
    };
    assert_nothing_is_replaced(store, &item, alongside, "an unfinished exchange").await;
    store
        .advance(&exchange, ExchangeStep::Removed)
        .await
        .unwrap();
    assert_nothing_is_replaced(store, &item, alongside, "a removed exchange").await;
    let without = Item {
        item_id: ItemId::new("without"),
        exchange: ExchangeKey::stored("e2"),
        ..item
    };
    put_item(store, &without).await;
    let of_another = Item {
        exchange: ExchangeKey::stored("missing"),
        ..without
    };
    assert_nothing_is_replaced(store, &of_another, alongside, "a missing exchange").await;
    let missing = ExchangeKey::stored("missing");
    assert_eq!(store.exchange(&missing).await.unwrap(), None);
}

/// A session that is missing, somebody else's or settled stops everything.
pub async fn only_open_sessions_are_settled<S: Store>(store: &S) {
    let (_, item) = finished(store).await;
    let (open, settled) = (update_session(1), update_session(2));
    let of_somebody_else = LinkSession {
        user_id: stranger(),
        ..update_session(3)
    };
    for session in [&open, &settled, &of_somebody_else] {
        put_session(store, session).await;
    }
    let first = Alongside {
        refreshed: std::slice::from_ref(&settled.link_id),
        ..Alongside::default()
    };
    let item = {
        let later = linked(&item);
        store.replace(&later, first).await.unwrap();
        later
    };
    let changed = change("later", &item);
    for (what, link_id) in [
        ("a settled session", settled.link_id),
        ("somebody else's session", of_somebody_else.link_id),
        ("a missing session", LinkId::new("missing")),
    ] {
        let refreshed = [open.link_id.clone(), link_id.clone()];
        let alongside = Alongside {
            change: Some(&changed),
            refreshed: &refreshed,
            ..Alongside::default()
        };
        let before = store.session(&user(), &link_id).await.unwrap();
        assert_nothing_is_replaced(store, &item, alongside, what).await;
        let after = store.session(&user(), &link_id).await.unwrap();
        assert_eq!(after, before, "{what}");
    }
    let stored = store.session(&user(), &open.link_id).await.unwrap();
    assert_eq!(stored, Some(open));
}

/// Webhooks about it may still come.
pub async fn a_removed_item_still_has_its_owner<S: Store>(store: &S) {
    let item = plain_item();
    put_item(store, &item).await;
    for _ in 0..2 {
        let item = stored_item(store, &item.item_id).await;
        let removed = next(&item.removed());
        let outcome = store.replace(&removed, Alongside::default()).await;
        outcome.unwrap();
        assert_eq!(stored_item(store, &item.item_id).await, removed);
        let owner = store.owner(&item.item_id).await.unwrap();
        assert_eq!(owner, Some(user()));
    }
    let removing = next(&next(&next(&item))).removing(at(1));
    let outcome = store.replace(&removing, Alongside::default()).await;
    assert_refused(outcome, "removing what is removed");
}
