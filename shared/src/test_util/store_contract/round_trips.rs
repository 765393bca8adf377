//! Records are read as they were written, with every field and with as few as may be.

use super::samples::{
    astra_connection, full_change, full_exchange, full_exit, full_item, full_results, full_session,
    new_session, plain_account, plain_astra_connection, plain_change, plain_exchange, plain_item,
    sealed, session_webhook, stale_webhook, strange_webhook, stranger, stray, user, webhook,
};
use super::{Store, history, put_connection, put_exchange, put_results, put_session};
use crate::domain::{
    Account, AstraConnection, AstraUserId, AtAstra, Change, Exchange, ExchangeKey, HandOver,
    Health, InboxRecord, Item, ItemId, LinkExit, LinkResults, RecordKey, Sealed, Stray,
};
use crate::ports::{Alongside, Kept};

/// At any step.
pub async fn exchanges_are_read_as_they_were_written<S: Store>(store: &S) {
    for exchange in [full_exchange(), plain_exchange()] {
        put_exchange(store, &exchange).await;
    }
}

/// The earlier record of a stray is replaced.
pub async fn strays_are_read_as_they_were_written<S: Store>(store: &S) {
    let stray = stray();
    let found = store.stray(&stray.key, &stray.item_id).await.unwrap();
    assert_eq!(found, None);
    let another = Stray {
        item_id: ItemId::new("another"),
        ..stray.clone()
    };
    let newer = Stray {
        access_token: sealed(9),
        ..stray.clone()
    };
    for stray in [&stray, &another, &newer] {
        store.keep_stray(stray).await.unwrap();
    }
    for stray in [newer, another] {
        let found = store.stray(&stray.key, &stray.item_id).await.unwrap();
        assert_eq!(found, Some(stray));
    }
    store.drop_stray(&stray).await.unwrap();
    let found = store.stray(&stray.key, &stray.item_id).await.unwrap();
    assert_eq!(found, None);
}

/// Whatever their health.
pub async fn items_are_read_as_they_were_written<S: Store>(store: &S) {
    let mut items = vec![full_item(), plain_item()];
    let healths = [
        Health::LoginRequired,
        Health::Revoked,
        Health::NeedsUser(String::new()),
    ];
    for (number, health) in healths.into_iter().enumerate() {
        items.push(Item {
            item_id: ItemId::new(number.to_string()),
            exchange: ExchangeKey::stored(format!("of {number}")),
            access_token: Some(Sealed::from_bytes(Vec::new())),
            health,
            ..plain_item()
        });
    }
    for item in &items {
        super::put_item(store, item).await;
        assert_eq!(super::stored_item(store, &item.item_id).await, *item);
    }
    items.sort_by(|a, b| a.item_id.cmp(&b.item_id));
    let page = store.items(&user(), None, 100).await.unwrap();
    assert_eq!(page.items, items);
}

/// However far they are; nothing else is known of an account that Astra has not answered for.
pub async fn hand_overs_are_read_as_they_were_written<S: Store>(store: &S) {
    let hand_overs = [
        HandOver::Sending { known: Vec::new() },
        HandOver::Done,
        HandOver::Refused {
            reason: "Kein \u{1f3e6}".to_owned(),
        },
        HandOver::Unclear,
        HandOver::Leaving,
    ];
    let accounts = hand_overs.map(|hand_over| Account {
        at_astra: Some(AtAstra {
            astra_user_id: AstraUserId::new("ada"),
            astra_account_id: None,
            generation: 0,
            hand_over,
            superseded: Vec::new(),
            stuck: Vec::new(),
        }),
        ..plain_account()
    });
    let item = Item {
        accounts: accounts.to_vec(),
        ..plain_item()
    };
    super::put_item(store, &item).await;
    assert_eq!(super::stored_item(store, &item.item_id).await, item);
}

/// One with every field, and one that the user must mend.
pub async fn connections_are_read_as_they_were_written<S: Store>(store: &S) {
    put_connection(store, &astra_connection()).await;
    let plain = AstraConnection {
        user_id: stranger(),
        ..plain_astra_connection()
    };
    put_connection(store, &plain).await;
}

/// In each way of reading them.
pub async fn link_sessions_are_read_as_they_were_written<S: Store>(store: &S) {
    for session in [full_session(), new_session(2)] {
        put_session(store, &session).await;
        let stored = store.session(&user(), &session.link_id).await.unwrap();
        assert_eq!(stored, Some(session));
    }
}

/// One with every field, and one that says nothing.
pub async fn reports_are_read_as_they_were_written<S: Store>(store: &S) {
    let link_id = new_session(1).link_id;
    put_session(store, &new_session(1)).await;
    for exit in [full_exit(), LinkExit::default()] {
        let recorded = store.record_exit(&user(), &link_id, &exit).await;
        recorded.unwrap();
        let stored = store.session(&user(), &link_id).await.unwrap().unwrap();
        assert_eq!(stored.exit, Some(exit));
    }
}

/// Those that say nothing, too.
pub async fn results_are_read_as_they_were_written<S: Store>(store: &S) {
    let session = new_session(1);
    put_session(store, &session).await;
    for results in [full_results(), LinkResults::default()] {
        put_results(store, &session, &results).await;
        let stored = store.session(&user(), &session.link_id).await.unwrap();
        let stored = stored.unwrap();
        assert_eq!(stored.results, Some(results));
    }
}

/// Those without an Item, too.
pub async fn changes_are_read_as_they_were_written<S: Store>(store: &S) {
    let item = plain_item();
    let exchange = Exchange {
        key: item.exchange.clone(),
        ..plain_exchange()
    };
    put_exchange(store, &exchange).await;
    let written: [Change; 2] = [full_change(), plain_change()];
    let [full, plain] = &written;
    store.record_item(&exchange, &item, full).await.unwrap();
    let alongside = Alongside {
        change: Some(plain),
        ..Alongside::default()
    };
    let later = super::samples::next(&item);
    store.replace(&later, alongside).await.unwrap();
    assert_eq!(history(store, &user()).await, written);
}

/// The same body signed at another moment is another webhook.
pub async fn a_webhook_is_kept_once<S: Store>(store: &S) {
    let webhook = webhook();
    assert_eq!(store.keep(&webhook).await.unwrap(), Kept::New);
    assert_eq!(store.keep(&webhook).await.unwrap(), Kept::Before);
    let later = InboxRecord {
        issued_at: super::samples::at(60),
        ..webhook
    };
    assert_eq!(store.keep(&later).await.unwrap(), Kept::New);
}

/// Whatever they are about.
pub async fn webhooks_are_read_as_they_were_written<S: Store>(store: &S) {
    for webhook in [
        webhook(),
        stale_webhook(),
        session_webhook(),
        strange_webhook(),
    ] {
        store.keep(&webhook).await.unwrap();
        let partition = RecordKey::inbox(&webhook).pk;
        let waiting = store.waiting(&partition, 100).await.unwrap();
        assert!(waiting.contains(&webhook), "{webhook:?} in {waiting:?}");
    }
}
