//! How exchanges end: finished, rejected, settled without an Item; all or nothing.

use super::samples::{STEPS, answer, at, at_step, change, exchange, item_of, linked, next, sealed};
use super::{
    Seen, Store, assert_refused, claimed, due_change, finished, history, look, put_exchange,
    recorded, stored_exchange, stored_item,
};
use crate::domain::{
    Change, Exchange, ExchangeKey, ExchangeStep, Item, ItemId, Lifecycle, RecordKey,
};

/// Whatever became of its Item otherwise, an exchange ends only at a legal step.
pub async fn only_an_exchange_with_its_item_is_finished_or_rejected<S: Store>(store: &S) {
    let (_, item) = recorded(store).await;
    for (n, step) in STEPS.into_iter().enumerate() {
        let mine = Exchange {
            key: ExchangeKey::stored(n.to_string()),
            ..at_step(&exchange(), step)
        };
        put_exchange(store, &mine).await;
        let before = (look(store, &item).await, mine.clone());
        let later = next(&item);
        let added = change("end", &item);
        if !step.may_become(ExchangeStep::Finished) {
            let outcome = store.finish(&mine, &later, &added, &answer(1)).await;
            assert_refused(outcome, &format!("finish at {step:?}"));
        }
        if !step.may_become(ExchangeStep::Removed) {
            let outcome = store.reject(&mine, &later, &added).await;
            assert_refused(outcome, &format!("reject at {step:?}"));
        }
        let after = stored_exchange(store, &mine.key).await;
        assert_eq!((look(store, &item).await, after), before);
    }
}

/// The same holds for writes of several records.
pub async fn transactions_that_are_sent_twice_count_once<S: Store>(store: &S) {
    let mine = claimed(store).await;
    let item = item_of(&mine);
    let added = change("1", &item);
    for _ in 0..2 {
        store.record_item(&mine, &item, &added).await.unwrap();
    }
    let mine = stored_exchange(store, &mine.key).await;
    let item = linked(&item);
    let finished = change("2", &item);
    for _ in 0..2 {
        let outcome = store.finish(&mine, &item, &finished, &answer(1)).await;
        outcome.unwrap();
    }
    assert_eq!(stored_item(store, &item.item_id).await, item);
    let rejected = Exchange {
        key: ExchangeKey::stored("e2"),
        step: ExchangeStep::Exchanged,
        ..mine
    };
    put_exchange(store, &rejected).await;
    let removed = next(&item).removed();
    let gone = change("3", &removed);
    for _ in 0..2 {
        store.reject(&rejected, &removed, &gone).await.unwrap();
    }
    assert_eq!(stored_item(store, &item.item_id).await, removed);
    let told = history(store, &item.user_id).await;
    assert_eq!(told, [added, finished, gone]);
}

/// Whatever the end is.
pub async fn no_token_is_kept_of_what_is_settled<S: Store>(store: &S) {
    for (n, (from, to)) in [
        (ExchangeStep::Claimed, ExchangeStep::Lost),
        (ExchangeStep::Claimed, ExchangeStep::Refused),
        (ExchangeStep::Compensating, ExchangeStep::Lost),
        (ExchangeStep::Exchanged, ExchangeStep::Removed),
    ]
    .into_iter()
    .enumerate()
    {
        let mine = Exchange {
            key: ExchangeKey::stored(n.to_string()),
            access_token: Some(sealed(1)),
            ..at_step(&exchange(), from)
        };
        put_exchange(store, &mine).await;
        store.advance(&mine, to).await.unwrap();
        let expected = Exchange {
            access_token: None,
            public_token: None,
            ..at_step(&mine, to)
        };
        assert_eq!(stored_exchange(store, &mine.key).await, expected);
    }
    let (finished, _) = finished(store).await;
    assert_eq!((finished.public_token, finished.access_token), (None, None));
}

/// The Item, the change, the step and its answer.
pub async fn an_exchange_is_finished_with_everything_or_not_at_all<S: Store>(store: &S) {
    let (mine, item) = recorded(store).await;
    let before = look(store, &item).await;
    let answer = answer(1);
    for (what, item, added) in unwritable_ends(&item) {
        let outcome = store.finish(&mine, &item, &added, &answer).await;
        assert_refused(outcome, what);
        assert_eq!(look(store, &item).await, before);
    }
    let item = linked(&item);
    let added = change("z", &item);
    let outcome = store.finish(&mine, &item, &added, &answer).await;
    outcome.unwrap();
    let expected = Exchange {
        public_token: None,
        answer: Some(answer.sealed),
        answer_until: Some(answer.until),
        ..at_step(&mine, ExchangeStep::Finished)
    };
    assert_eq!(
        look(store, &item).await,
        Seen {
            exchange: Some(expected),
            item: Some(item.clone()),
            owner: Some(item.user_id.clone()),
            due: vec![due_change("recorded"), due_change("z")],
            changes: vec![change("recorded", &item), added],
        }
    );
}

/// The Item, the change and the step.
pub async fn an_exchange_is_rejected_with_everything_or_not_at_all<S: Store>(store: &S) {
    let (mine, item) = recorded(store).await;
    let before = look(store, &item).await;
    for (what, item, added) in unwritable_ends(&item) {
        let outcome = store.reject(&mine, &item, &added).await;
        assert_refused(outcome, what);
        assert_eq!(look(store, &item).await, before);
    }
    let item = next(&item).removing(at(77));
    let added = change("z", &item);
    store.reject(&mine, &item, &added).await.unwrap();
    let expected = Exchange {
        public_token: None,
        ..at_step(&mine, ExchangeStep::Removed)
    };
    assert_eq!(
        look(store, &item).await,
        Seen {
            exchange: Some(expected),
            item: Some(item.clone()),
            owner: Some(item.user_id.clone()),
            due: vec![
                due_change("recorded"),
                due_change("z"),
                RecordKey::item(&item.user_id, &item.item_id),
            ],
            changes: vec![change("recorded", &item), added],
        }
    );
}

/// Ends of an exchange that must not be written, because of the Item or of the change.
fn unwritable_ends(item: &Item) -> Vec<(&'static str, Item, Change)> {
    let later = next(item);
    vec![
        ("the same version", item.clone(), change("a", item)),
        ("a version too far", next(&later), change("b", item)),
        ("a known change", later, change("recorded", item)),
    ]
}

/// It says which Item the caller has already.
pub async fn a_rejected_exchange_names_the_item_that_was_there<S: Store>(store: &S) {
    let (recorded, item) = recorded(store).await;
    let mine = Exchange {
        duplicate_of: Some(ItemId::new("first")),
        ..recorded
    };
    let removed = next(&item).removed();
    let gone = change("z", &removed);
    store.reject(&mine, &removed, &gone).await.unwrap();
    let stored = stored_exchange(store, &mine.key).await;
    assert_eq!(stored.duplicate_of, mine.duplicate_of);
    assert_eq!(stored.step, ExchangeStep::Removed);
    let item = stored_item(store, &item.item_id).await;
    assert_eq!(item.lifecycle, Lifecycle::Removed);
    let changes = [due_change("recorded"), due_change("z")];
    assert_eq!(look(store, &item).await.due, changes);
}

/// And nothing else is touched, or made.
pub async fn only_a_finished_answer_is_forgotten<S: Store>(store: &S) {
    let missing = ExchangeKey::stored("missing");
    store.forget_answer(&missing).await.unwrap();
    assert_eq!(store.exchange(&missing).await.unwrap(), None);
    for (n, step) in STEPS.into_iter().enumerate() {
        let mine = Exchange {
            key: ExchangeKey::stored(n.to_string()),
            answer: Some(sealed(1)),
            answer_until: Some(at(9)),
            ..at_step(&exchange(), step)
        };
        put_exchange(store, &mine).await;
        let expected = match step {
            ExchangeStep::Finished => Exchange {
                answer: None,
                answer_until: None,
                ..at_step(&mine, ExchangeStep::Removed)
            },
            _ => mine.clone(),
        };
        for _ in 0..2 {
            store.forget_answer(&mine.key).await.unwrap();
            let stored = stored_exchange(store, &mine.key).await;
            assert_eq!(stored, expected, "{step:?}");
        }
    }
}
