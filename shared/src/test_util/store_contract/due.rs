//! Records that somebody must look after.

use jiff::{Timestamp, ToSpan};

use super::samples::{
    answer, astra_connection, at, at_step, change, connection_change, exchange, full_results,
    hosted_session, linked, new_session, next, plain_astra_connection, plain_item, renewed,
    stranger, stray, update_session, user, webhook,
};
use super::{
    Store, claimed, due_change, due_ever, finished, history, put_connection, put_exchange,
    put_item, put_results, put_session, recorded, stored_connection, stored_exchange, stored_item,
};
use crate::domain::{
    AstraConnection, Change, ConnectionState, Exchange, ExchangeKey, ExchangeStep, InboxEnd, Item,
    ItemId, LinkResults, LinkSession, OwnerToken, RecordKey, Stray,
};
use crate::ports::{Alongside, Lease};

/// Not before, and from then on.
async fn assert_due_at<S: Store>(store: &S, key: &RecordKey, moment: Timestamp) {
    let shortly_before = moment - 1.milliseconds();
    let before = store.due(shortly_before, 1000).await.unwrap().keys;
    assert!(!before.contains(key), "{key:?} is due too early");
    let then = store.due(moment, 1000).await.unwrap().keys;
    assert!(then.contains(key), "{key:?} must be due at {moment}");
    let once = then.iter().filter(|due| *due == key).count();
    assert_eq!(once, 1, "{key:?} is due once");
}

async fn assert_never_due<S: Store>(store: &S, key: &RecordKey) {
    assert!(!due_ever(store).await.contains(key), "{key:?} is due");
}

/// Nothing to do, and no failure.
pub async fn nothing_is_due_in_an_empty_store<S: Store>(store: &S) {
    assert_eq!(due_ever(store).await, []);
}

/// Across all kinds of records; a limit leaves out the latest.
pub async fn the_longest_waiting_come_first<S: Store>(store: &S) {
    let mut expected = Vec::new();
    for number in 0..60_i64 {
        // Neither in the order of the keys nor in that of the writes.
        let due_at = at(number * 37 % 60);
        let key = ExchangeKey::stored(format!("e{number}"));
        if number % 2 == 0 {
            let exchange = Exchange {
                key,
                lease_until: due_at,
                ..exchange()
            };
            put_exchange(store, &exchange).await;
            expected.push((due_at, RecordKey::exchange(&exchange.key)));
        } else {
            let stray = Stray {
                key,
                due_at,
                ..stray()
            };
            store.keep_stray(&stray).await.unwrap();
            expected.push((due_at, RecordKey::stray(&stray.key, &stray.item_id)));
        }
    }
    expected.sort_by_key(|(due_at, _)| *due_at);
    let expected: Vec<_> = expected.into_iter().map(|(_, key)| key).collect();
    assert_eq!(due_ever(store).await, expected);
    for limit in [1, 7, 59] {
        let found = store.due(at(100), limit).await.unwrap();
        let first: Vec<_> = expected.iter().take(limit as usize).cloned().collect();
        assert_eq!(found.keys, first, "the first {limit}");
        assert_eq!(found.since, Some(at(0)), "the first of them");
    }
    let found = store.due(at(9), 1000).await.unwrap();
    let first: Vec<_> = expected.into_iter().take(10).collect();
    assert_eq!(found.keys, first);
}

/// To the millisecond.
pub async fn records_are_due_from_their_moment_on<S: Store>(store: &S) {
    let stray = stray();
    store.keep_stray(&stray).await.unwrap();
    let key = RecordKey::stray(&stray.key, &stray.item_id);
    assert_due_at(store, &key, stray.due_at).await;
}

/// At the end of each lease.
pub async fn an_exchange_is_due_until_it_is_settled<S: Store>(store: &S) {
    let mine = claimed(store).await;
    let key = RecordKey::exchange(&mine.key);
    assert_due_at(store, &key, mine.lease_until).await;
    let theirs = Exchange {
        owner: OwnerToken::stored("another owner"),
        lease_until: at(300),
        ..mine.clone()
    };
    store.take_over(&mine, &theirs).await.unwrap();
    assert_due_at(store, &key, at(300)).await;
    store.yield_lease(&theirs, at(3)).await.unwrap();
    assert_due_at(store, &key, at(3)).await;
    let item = super::samples::item_of(&mine);
    let added = change("1", &item);
    store.record_item(&theirs, &item, &added).await.unwrap();
    assert_due_at(store, &key, at(3)).await;
    let theirs = stored_exchange(store, &mine.key).await;
    let (item, added) = (linked(&item), change("2", &item));
    let finished = store.finish(&theirs, &item, &added, &answer(1)).await;
    finished.unwrap();
    assert_never_due(store, &key).await;

    let compensating = Exchange {
        key: ExchangeKey::stored("e2"),
        ..exchange()
    };
    put_exchange(store, &compensating).await;
    let key = RecordKey::exchange(&compensating.key);
    let step = ExchangeStep::Compensating;
    store.advance(&compensating, step).await.unwrap();
    assert_due_at(store, &key, compensating.lease_until).await;
    let compensating = at_step(&compensating, step);
    let end = ExchangeStep::Lost;
    store.advance(&compensating, end).await.unwrap();
    assert_never_due(store, &key).await;
}

/// Its Item may be.
pub async fn a_rejected_exchange_is_no_longer_due<S: Store>(store: &S) {
    let (mine, item) = recorded(store).await;
    let removing = next(&item).removing(at(9));
    let gone = change("2", &removing);
    store.reject(&mine, &removing, &gone).await.unwrap();
    assert_never_due(store, &RecordKey::exchange(&mine.key)).await;
    let key = RecordKey::item(&item.user_id, &item.item_id);
    assert_due_at(store, &key, at(9)).await;
}

/// There is nothing any more.
pub async fn a_released_claim_is_no_longer_due<S: Store>(store: &S) {
    let mine = claimed(store).await;
    store.release(&mine).await.unwrap();
    assert_eq!(due_ever(store).await, []);
}

/// Each version says it anew.
pub async fn an_item_is_due_when_it_says_so<S: Store>(store: &S) {
    let item = plain_item();
    let key = RecordKey::item(&item.user_id, &item.item_id);
    put_item(store, &item).await;
    assert_never_due(store, &key).await;
    for due_at in [Some(at(5)), Some(at(50)), None] {
        let item = stored_item(store, &item.item_id).await;
        let later = Item {
            due_at,
            ..linked(&item)
        };
        let outcome = store.replace(&later, Alongside::default()).await;
        outcome.unwrap();
        match due_at {
            Some(moment) => assert_due_at(store, &key, moment).await,
            None => assert_never_due(store, &key).await,
        }
    }
}

/// A session that links a new Item never is.
pub async fn a_session_of_update_mode_is_due_until_it_is_settled<S: Store>(store: &S) {
    let (_, item) = recorded(store).await;
    let (to_link, update) = (new_session(1), update_session(2));
    put_session(store, &to_link).await;
    put_session(store, &update).await;
    let never = RecordKey::link_session(&user(), &to_link.link_id);
    assert_never_due(store, &never).await;
    let key = RecordKey::link_session(&user(), &update.link_id);
    assert_due_at(store, &key, update.due_at().unwrap()).await;
    let exit = super::samples::full_exit();
    let recorded = store.record_exit(&user(), &update.link_id, &exit).await;
    recorded.unwrap();
    assert_due_at(store, &key, update.due_at().unwrap()).await;
    let alongside = Alongside {
        refreshed: std::slice::from_ref(&update.link_id),
        ..Alongside::default()
    };
    store.replace(&linked(&item), alongside).await.unwrap();
    assert_never_due(store, &key).await;
}

/// One of update mode is due all the same, until its Item was read.
pub async fn a_session_on_plaids_page_is_due_until_it_is_finished<S: Store>(store: &S) {
    let hosted = hosted_session(1);
    let update = LinkSession {
        hosted: true,
        ..update_session(2)
    };
    let key = |session: &LinkSession| RecordKey::link_session(&user(), &session.link_id);
    let moment = hosted.due_at().unwrap();
    assert_eq!(update.due_at(), Some(moment));
    let unfinished = LinkResults {
        finished: false,
        ..full_results()
    };
    for session in [&hosted, &update] {
        put_session(store, session).await;
        assert_due_at(store, &key(session), moment).await;
        put_results(store, session, &unfinished).await;
        assert_due_at(store, &key(session), moment).await;
    }
    for _ in 0..2 {
        for session in [&hosted, &update] {
            put_results(store, session, &full_results()).await;
        }
        assert_never_due(store, &key(&hosted)).await;
        assert_due_at(store, &key(&update), moment).await;
    }
    store.postpone(&key(&hosted), at(1)).await.unwrap();
    assert_never_due(store, &key(&hosted)).await;
}

/// One that is kept again is due anew.
pub async fn a_stray_is_due_until_it_is_dropped<S: Store>(store: &S) {
    let stray = stray();
    let key = RecordKey::stray(&stray.key, &stray.item_id);
    for due_at in [at(1), at(10)] {
        let stray = Stray {
            due_at,
            ..stray.clone()
        };
        store.keep_stray(&stray).await.unwrap();
        assert_due_at(store, &key, due_at).await;
    }
    for _ in 0..2 {
        store.drop_stray(&stray).await.unwrap();
        assert_never_due(store, &key).await;
    }
}

/// Each version says anew when its tokens should be renewed, whatever was postponed before.
pub async fn a_connection_is_due_until_only_its_user_can_mend_it<S: Store>(store: &S) {
    let key = RecordKey::astra_connection(&user());
    let first = astra_connection();
    put_connection(store, &first).await;
    assert_due_at(store, &key, first.refresh_at).await;
    store.postpone(&key, at(2_000_000)).await.unwrap();
    let second = AstraConnection {
        refresh_at: at(1_000_000),
        ..renewed(&first)
    };
    put_connection(store, &second).await;
    assert_due_at(store, &key, second.refresh_at).await;
    let refused = AstraConnection {
        state: ConnectionState::ReauthorizationRequired,
        ..renewed(&second)
    };
    put_connection(store, &refused).await;
    assert_never_due(store, &key).await;
    let again = AstraConnection {
        state: ConnectionState::Connected,
        ..renewed(&refused)
    };
    put_connection(store, &again).await;
    assert_due_at(store, &key, again.refresh_at).await;
    let gone = connection_change("gone");
    store.delete_astra_connection(&again, &gone).await.unwrap();
    assert_never_due(store, &key).await;
}

/// At once.
pub async fn a_wish_is_due_until_it_is_confirmed<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(4)).await.unwrap();
    let key = RecordKey::erasure(&user());
    assert_due_at(store, &key, at(4)).await;
    let receipt = Change::erased(&user(), at(5));
    store.confirm_erasure(&receipt).await.unwrap();
    assert_never_due(store, &key).await;
}

/// At once: when it arrived.
pub async fn a_webhook_is_due_until_it_has_ended<S: Store>(store: &S) {
    let webhook = webhook();
    let key = RecordKey::inbox(&webhook);
    store.keep(&webhook).await.unwrap();
    assert_due_at(store, &key, webhook.received_at).await;
    store.end(&webhook, InboxEnd::Applied).await.unwrap();
    assert_never_due(store, &key).await;
}

/// After two minutes, in which a stream publishes it. Others stay due.
pub async fn a_change_is_due_until_it_is_published<S: Store>(store: &S) {
    let item = plain_item();
    put_item(store, &item).await;
    let later = next(&item);
    let [first, second] = [("1", at(20)), ("2", at(10))].map(|(id, at)| Change {
        at,
        ..change(id, &later)
    });
    let replacements = [(later.clone(), &first), (next(&later), &second)];
    for (item, change) in replacements {
        let alongside = Alongside {
            change: Some(change),
            ..Alongside::default()
        };
        store.replace(&item, alongside).await.unwrap();
    }
    let (key, other) = (due_change("1"), due_change("2"));
    assert_due_at(store, &key, first.at + 2.minutes()).await;
    assert_due_at(store, &other, second.at + 2.minutes()).await;
    for _ in 0..2 {
        store.published(&first).await.unwrap();
        assert_never_due(store, &key).await;
        assert_due_at(store, &other, second.at + 2.minutes()).await;
    }
    store.postpone(&key, at(1000)).await.unwrap();
    assert_never_due(store, &key).await;
}

/// Whatever it was written with.
pub async fn every_change_is_due<S: Store>(store: &S) {
    let (mine, item) = finished(store).await;
    let alongside = change("replaced", &item);
    let alongside = Alongside {
        change: Some(&alongside),
        ..Alongside::default()
    };
    store.replace(&next(&item), alongside).await.unwrap();
    let rejected = Exchange {
        key: ExchangeKey::stored("e2"),
        ..exchange()
    };
    put_exchange(store, &rejected).await;
    let second = Item {
        item_id: ItemId::new("second"),
        ..super::samples::item_of(&rejected)
    };
    let added = change("second", &second);
    store.record_item(&rejected, &second, &added).await.unwrap();
    let rejected = at_step(&rejected, ExchangeStep::Exchanged);
    let gone = change("rejected", &second);
    let removed = next(&second).removed();
    store.reject(&rejected, &removed, &gone).await.unwrap();
    assert_never_due(store, &RecordKey::exchange(&mine.key)).await;
    let (connection, made) = (plain_astra_connection(), connection_change("connected"));
    let written = store.put_astra_connection(&connection, Some(&made)).await;
    written.unwrap();
    let ended = connection_change("ended");
    let deleted = store.delete_astra_connection(&connection, &ended).await;
    deleted.unwrap();
    let ids = [
        "recorded",
        "finished",
        "replaced",
        "second",
        "rejected",
        "connected",
        "ended",
    ];
    assert_eq!(history(store, &user()).await.len(), ids.len());
    let due = due_ever(store).await;
    assert_eq!(due.len(), ids.len());
    for id in ids {
        assert!(due.contains(&due_change(id)), "{id} is not in {due:?}");
    }
}

/// Although everything else of the user is gone.
pub async fn a_receipt_is_due_until_it_is_published<S: Store>(store: &S) {
    store.wish_erasure(&user(), at(4)).await.unwrap();
    let receipt = Change::erased(&user(), at(5));
    store.confirm_erasure(&receipt).await.unwrap();
    store.erase(&user()).await.unwrap();
    let key = RecordKey::change(&user(), &receipt.change_id);
    assert_due_at(store, &key, at(5) + 2.minutes()).await;
    store.published(&receipt).await.unwrap();
    assert_eq!(due_ever(store).await, []);
    assert_eq!(history(store, &user()).await, [receipt]);
}

/// One record of each kind, each due at its own moment.
async fn one_of_each<S: Store>(store: &S) -> Vec<RecordKey> {
    let (mine, item) = recorded(store).await;
    let due = Item {
        due_at: Some(at(2)),
        ..linked(&item)
    };
    store.replace(&due, Alongside::default()).await.unwrap();
    let (session, stray, webhook) = (update_session(1), stray(), webhook());
    put_session(store, &session).await;
    store.keep_stray(&stray).await.unwrap();
    store.keep(&webhook).await.unwrap();
    store.wish_erasure(&user(), at(4)).await.unwrap();
    put_connection(store, &astra_connection()).await;
    vec![
        RecordKey::exchange(&mine.key),
        RecordKey::item(&user(), &item.item_id),
        RecordKey::link_session(&user(), &session.link_id),
        RecordKey::stray(&stray.key, &stray.item_id),
        RecordKey::inbox(&webhook),
        RecordKey::erasure(&user()),
        RecordKey::astra_connection(&user()),
        due_change("recorded"),
    ]
}

/// Each kind of record.
pub async fn what_is_postponed_is_due_later<S: Store>(store: &S) {
    for (number, key) in one_of_each(store).await.into_iter().enumerate() {
        let until = at(100_000 + i64::try_from(number).unwrap());
        store.postpone(&key, until).await.unwrap();
        assert_due_at(store, &key, until).await;
    }
}

/// Neither a lease nor a version, nor any other record.
pub async fn postponing_changes_nothing_else<S: Store>(store: &S) {
    let keys = one_of_each(store).await;
    let (session, stray) = (update_session(1), stray());
    let exchange = stored_exchange(store, &exchange().key).await;
    let item = stored_item(store, &ItemId::new("item")).await;
    let (mine, theirs) = (OwnerToken::stored("mine"), OwnerToken::stored("theirs"));
    let taken = store.take_astra_lease(&user(), &mine, at(0), at(9)).await;
    assert_eq!(taken.unwrap(), Lease::Taken);
    for key in keys {
        store.postpone(&key, at(1000)).await.unwrap();
    }
    let stored = stored_connection(store, &user()).await;
    assert_eq!(stored, Some(astra_connection()));
    let taken = store
        .take_astra_lease(&user(), &theirs, at(9), at(20))
        .await;
    assert_eq!(taken.unwrap(), Lease::Busy);
    assert_eq!(stored_exchange(store, &exchange.key).await, exchange);
    let expected = Item {
        due_at: Some(at(1000)),
        ..item
    };
    assert_eq!(stored_item(store, &expected.item_id).await, expected);
    let stored = store.session(&user(), &session.link_id).await.unwrap();
    assert_eq!(stored, Some(session));
    let expected = Stray {
        due_at: at(1000),
        ..stray
    };
    let stored = store.stray(&expected.key, &expected.item_id).await.unwrap();
    assert_eq!(stored, Some(expected));
}

/// Not even into being.
pub async fn what_is_not_due_cannot_be_postponed<S: Store>(store: &S) {
    let item = plain_item();
    put_item(store, &item).await;
    let settled = LinkSession {
        refreshed_at: Some(at(1)),
        ..update_session(1)
    };
    put_session(store, &settled).await;
    put_connection(store, &plain_astra_connection()).await;
    let missing = ExchangeKey::stored("missing");
    for key in [
        RecordKey::item(&user(), &item.item_id),
        RecordKey::exchange(&item.exchange),
        RecordKey::link_session(&user(), &settled.link_id),
        RecordKey::exchange(&missing),
        RecordKey::erasure(&user()),
        RecordKey::astra_connection(&user()),
        RecordKey::astra_connection(&stranger()),
        due_change("missing"),
    ] {
        store.postpone(&key, at(1)).await.unwrap();
    }
    let added = due_change(&format!("new-{}", item.item_id));
    assert_eq!(due_ever(store).await, [added]);
    assert_eq!(store.exchange(&missing).await.unwrap(), None);
    assert_eq!(stored_connection(store, &stranger()).await, None);
    assert_eq!(stored_item(store, &item.item_id).await, item);
}
