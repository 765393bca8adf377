//! Exchanges: one owner at a time, one step after another.

use super::samples::{STEPS, answer, at, at_step, change, exchange, item_of, linked, next, sealed};
use super::{
    Seen, Store, assert_refused, claimed, due_change, look, put_exchange, recorded, samples,
    stored_exchange,
};
use crate::domain::{Exchange, ExchangeKey, ExchangeStep, Item, ItemId, OwnerToken, RecordKey};
use crate::ports::{Claim, StoreError};

fn of_another_owner(exchange: &Exchange) -> Exchange {
    Exchange {
        owner: OwnerToken::stored("another owner"),
        lease_until: at(300),
        attempt: 2,
        ..exchange.clone()
    }
}

/// Every write after the claim, by its name, with what it answers.
async fn every_write<S: Store>(
    store: &S,
    mine: &Exchange,
    item: &Item,
) -> Vec<(&'static str, Result<(), StoreError>)> {
    let next_owner = Exchange {
        owner: OwnerToken::stored("next owner"),
        ..mine.clone()
    };
    let later = &next(item);
    let change = &change("every write", item);
    // Where its owner's exchange is already, a step counts as sent twice.
    let stored = stored_exchange(store, &mine.key).await;
    let onward = STEPS.into_iter().filter(|to| {
        let again = stored.owner == mine.owner && stored.step == *to;
        mine.step.may_become(*to) && !again
    });
    let mut outcomes = vec![
        ("take_over", store.take_over(mine, &next_owner).await),
        ("yield_lease", store.yield_lease(mine, at(1)).await),
        ("release", store.release(mine).await),
        ("record_item", store.record_item(mine, item, change).await),
        (
            "finish",
            store.finish(mine, later, change, &answer(9)).await,
        ),
        ("reject", store.reject(mine, later, change).await),
    ];
    for to in onward {
        outcomes.push(("advance", store.advance(mine, to).await));
    }
    outcomes
}

async fn assert_nothing_happens<S: Store>(store: &S, mine: &Exchange, item: &Item) {
    let before = look(store, item).await;
    for (name, outcome) in every_write(store, mine, item).await {
        assert_refused(outcome, name);
    }
    assert_eq!(look(store, item).await, before);
}

/// A claim is won once; whoever loses sees the record.
pub async fn a_claim_is_won_once<S: Store>(store: &S) {
    let mine = exchange();
    let won = store.claim(&mine).await.unwrap();
    assert!(matches!(won, Claim::Won), "{won:?}");
    let theirs = of_another_owner(&mine);
    match store.claim(&theirs).await.unwrap() {
        Claim::Held(held) => assert_eq!(*held, mine),
        won @ Claim::Won => panic!("{won:?}"),
    }
    assert_eq!(stored_exchange(store, &mine.key).await, mine);
}

/// A claim whose answer was lost is still its owner's.
pub async fn a_claim_that_is_sent_twice_is_won<S: Store>(store: &S) {
    let mine = claimed(store).await;
    let again = store.claim(&mine).await.unwrap();
    assert!(matches!(again, Claim::Won), "{again:?}");
}

/// Whoever outlived its lease writes nothing.
pub async fn a_foreign_owner_changes_nothing<S: Store>(store: &S) {
    let claim = claimed(store).await;
    let item = item_of(&claim);
    assert_nothing_happens(store, &of_another_owner(&claim), &item).await;
    let added = change("recorded", &item);
    store.record_item(&claim, &item, &added).await.unwrap();
    let mine = stored_exchange(store, &claim.key).await;
    let theirs = of_another_owner(&mine);
    assert_nothing_happens(store, &theirs, &item).await;
    let believed = at_step(&theirs, ExchangeStep::Claimed);
    assert_nothing_happens(store, &believed, &item).await;
}

/// Whoever believes another step writes nothing.
pub async fn a_wrong_step_changes_nothing<S: Store>(store: &S) {
    let (mine, item) = recorded(store).await;
    for step in STEPS {
        if step != mine.step {
            assert_nothing_happens(store, &at_step(&mine, step), &item).await;
        }
    }
    let (finished, item) = {
        let (item, added) = (linked(&item), change("finished", &item));
        let outcome = store.finish(&mine, &item, &added, &answer(1)).await;
        outcome.unwrap();
        (at_step(&mine, ExchangeStep::Finished), item)
    };
    let believed = at_step(&finished, ExchangeStep::Exchanged);
    assert_nothing_happens(store, &believed, &item).await;
}

/// Nothing is recorded once its removal has begun.
pub async fn an_item_that_is_being_removed_is_not_recorded<S: Store>(store: &S) {
    let mine = claimed(store).await;
    let next = ExchangeStep::Compensating;
    store.advance(&mine, next).await.unwrap();
    assert_nothing_happens(store, &mine, &item_of(&mine)).await;
}

/// `advance` goes where the domain allows, and nowhere else.
pub async fn no_step_is_written_but_a_legal_one<S: Store>(store: &S) {
    for (n, from) in STEPS.into_iter().enumerate() {
        for (m, to) in STEPS.into_iter().enumerate() {
            let mine = Exchange {
                key: ExchangeKey::stored(format!("{n}-{m}")),
                ..at_step(&exchange(), from)
            };
            put_exchange(store, &mine).await;
            let outcome = store.advance(&mine, to).await;
            let stored = stored_exchange(store, &mine.key).await;
            if from.may_become(to) {
                outcome.unwrap();
                assert_eq!(stored.step, to);
            } else {
                assert_refused(outcome, &format!("{from:?} to {to:?}"));
                assert_eq!(stored, mine);
            }
        }
    }
}

/// An Item is recorded for a claim, and for no other step.
pub async fn an_item_is_recorded_only_for_a_claim<S: Store>(store: &S) {
    for (n, step) in STEPS.into_iter().enumerate() {
        if step == ExchangeStep::Claimed {
            continue;
        }
        let mine = Exchange {
            key: ExchangeKey::stored(n.to_string()),
            ..at_step(&exchange(), step)
        };
        put_exchange(store, &mine).await;
        let item = item_of(&mine);
        let before = look(store, &item).await;
        let outcome = store.record_item(&mine, &item, &change("new", &item)).await;
        assert_refused(outcome, &format!("an Item at {step:?}"));
        assert_eq!(look(store, &item).await, before);
    }
}

/// An exchange that got further must not be begun anew.
pub async fn only_a_claim_is_released<S: Store>(store: &S) {
    for (n, step) in STEPS.into_iter().enumerate() {
        let mine = Exchange {
            key: ExchangeKey::stored(n.to_string()),
            ..at_step(&exchange(), step)
        };
        put_exchange(store, &mine).await;
        let outcome = store.release(&mine).await;
        let stored = store.exchange(&mine.key).await.unwrap();
        if step == ExchangeStep::Claimed {
            outcome.unwrap();
            assert_eq!(stored, None);
        } else {
            assert_refused(outcome, &format!("release at {step:?}"));
            assert_eq!(stored, Some(mine));
        }
    }
}

/// A released claim can be won by anybody.
pub async fn a_released_claim_is_free_again<S: Store>(store: &S) {
    let mine = claimed(store).await;
    store.release(&mine).await.unwrap();
    assert_eq!(store.exchange(&mine.key).await.unwrap(), None);
    let won = store.claim(&of_another_owner(&mine)).await.unwrap();
    assert!(matches!(won, Claim::Won), "{won:?}");
}

/// Only these three change hands.
pub async fn taking_over_changes_owner_lease_and_attempt<S: Store>(store: &S) {
    let mine = claimed(store).await;
    let theirs = of_another_owner(&mine);
    let told = Exchange {
        public_token: None,
        account_id: None,
        ..theirs.clone()
    };
    store.take_over(&mine, &told).await.unwrap();
    assert_eq!(stored_exchange(store, &mine.key).await, theirs);
    assert_refused(store.take_over(&mine, &mine).await, "the former owner");
}

/// A yielded exchange is still its owner's, at its step.
pub async fn yielding_ends_the_lease_alone<S: Store>(store: &S) {
    let mine = claimed(store).await;
    store.yield_lease(&mine, at(5)).await.unwrap();
    let expected = Exchange {
        lease_until: at(5),
        ..mine
    };
    assert_eq!(stored_exchange(store, &expected.key).await, expected);
}

/// After a lost answer the same write is sent again, and is a success.
pub async fn single_writes_that_are_sent_twice_count_once<S: Store>(store: &S) {
    let mine = claimed(store).await;
    let theirs = of_another_owner(&mine);
    for _ in 0..2 {
        store.take_over(&mine, &theirs).await.unwrap();
    }
    for _ in 0..2 {
        store.yield_lease(&theirs, at(5)).await.unwrap();
    }
    for _ in 0..2 {
        let next = ExchangeStep::Compensating;
        store.advance(&theirs, next).await.unwrap();
    }
    let expected = Exchange {
        lease_until: at(5),
        step: ExchangeStep::Compensating,
        ..theirs
    };
    assert_eq!(stored_exchange(store, &mine.key).await, expected);
    for _ in 0..2 {
        let next = ExchangeStep::Removed;
        store.advance(&expected, next).await.unwrap();
    }
    let other = Exchange {
        key: ExchangeKey::stored("e2"),
        ..mine
    };
    put_exchange(store, &other).await;
    for _ in 0..2 {
        store.release(&other).await.unwrap();
    }
}

/// While an Item is being removed unrecorded, its token is with the exchange.
pub async fn a_token_that_could_not_be_recorded_is_kept_until_the_end<S: Store>(store: &S) {
    let mine = Exchange {
        access_token: Some(sealed(8)),
        item_id: Some(ItemId::new("unrecorded")),
        ..claimed(store).await
    };
    let next = ExchangeStep::Compensating;
    store.advance(&mine, next).await.unwrap();
    let compensating = at_step(&mine, next);
    assert_eq!(stored_exchange(store, &mine.key).await, compensating);
    let end = ExchangeStep::Removed;
    store.advance(&compensating, end).await.unwrap();
    let removed = Exchange {
        access_token: None,
        public_token: None,
        ..at_step(&mine, end)
    };
    assert_eq!(stored_exchange(store, &mine.key).await, removed);
}

/// The Item, its pointer, the change and the step.
pub async fn an_item_is_recorded_with_everything_or_not_at_all<S: Store>(store: &S) {
    let (first, item) = recorded(store).await;
    assert_eq!(first.step, ExchangeStep::Exchanged);
    assert_eq!(first.item_id.as_ref(), Some(&item.item_id));
    let added = change("recorded", &item);
    let expected = Seen {
        exchange: Some(first.clone()),
        item: Some(item.clone()),
        owner: Some(item.user_id.clone()),
        changes: vec![added.clone()],
        due: vec![RecordKey::exchange(&first.key), due_change("recorded")],
    };
    assert_eq!(look(store, &item).await, expected);

    let mine = Exchange {
        key: ExchangeKey::stored("e2"),
        ..exchange()
    };
    put_exchange(store, &mine).await;
    let known = item_of(&mine);
    let another = Item {
        item_id: ItemId::new("another"),
        ..known.clone()
    };
    let of_somebody_else = Item {
        user_id: samples::stranger(),
        ..known.clone()
    };
    for (what, item, added) in [
        ("a known Item", &known, change("2", &known)),
        ("a known pointer", &of_somebody_else, change("2", &known)),
        ("a known change", &another, added),
    ] {
        let before = look(store, item).await;
        assert_refused(store.record_item(&mine, item, &added).await, what);
        assert_eq!(look(store, item).await, before);
    }
    assert_eq!(stored_exchange(store, &mine.key).await, mine);
}
