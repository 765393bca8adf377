//! Verified webhooks that wait to be processed.

use std::slice::from_ref;

use super::samples::{at, session_webhook, stale_webhook, strange_webhook, webhook, webhook_about};
use super::{Store, due_ever};
use crate::domain::{InboxEnd, InboxRecord, RecordKey, Sha256};
use crate::ports::Kept;

/// How a webhook may end.
const ENDS: [InboxEnd; 3] = [InboxEnd::Applied, InboxEnd::Ignored, InboxEnd::Unclaimed];

/// A webhook about the sample Item, signed at that second. Neither the hash of its body nor
/// the moment when it arrived is in the order of signatures.
fn signed_at(second: i64) -> InboxRecord {
    InboxRecord {
        issued_at: at(second),
        received_at: at(1000 - second),
        body_hash: Sha256::of(&second.to_be_bytes()),
        ..webhook()
    }
}

async fn keep<S: Store>(store: &S, records: &[InboxRecord]) {
    for record in records {
        assert_eq!(store.keep(record).await.unwrap(), Kept::New);
    }
}

async fn end<S: Store>(store: &S, records: &[InboxRecord]) {
    for record in records {
        store.end(record, InboxEnd::Applied).await.unwrap();
    }
}

/// What waits for the sample Item.
async fn waiting<S: Store>(store: &S, limit: u32) -> Vec<InboxRecord> {
    let partition = RecordKey::inbox(&webhook()).pk;
    store.waiting(&partition, limit).await.unwrap()
}

fn first(records: &[InboxRecord], limit: u32) -> Vec<InboxRecord> {
    records.iter().take(limit as usize).cloned().collect()
}

/// Not of their arrival.
pub async fn webhooks_wait_in_the_order_of_their_signatures<S: Store>(store: &S) {
    let mut kept: Vec<_> = (0..20).map(|n| signed_at(n * 7 % 20)).collect();
    keep(store, &kept).await;
    kept.sort_by_key(|record| record.issued_at);
    assert_eq!(waiting(store, 100).await, kept);
}

/// However late it came.
pub async fn an_old_signature_waits_before_newer_ones<S: Store>(store: &S) {
    let old = |signed, arrived| InboxRecord {
        issued_at: at(signed),
        received_at: at(arrived),
        ..stale_webhook()
    };
    // They arrive hours apart, and not in the order of their signatures.
    let (second, first_of_all) = (old(200, 3600), old(0, 7200));
    let (between, last) = (signed_at(100), signed_at(400));
    let expected = [first_of_all, between, second, last];
    keep(store, &expected).await;
    for limit in 0..=5 {
        let found = waiting(store, limit).await;
        assert_eq!(found, first(&expected, limit), "the first {limit}");
    }
}

/// An Item, a session, or the body itself; not one whose name only begins like another's.
pub async fn webhooks_wait_by_their_subject<S: Store>(store: &S) {
    let subjects = [
        webhook(),
        webhook_about("item2"),
        session_webhook(),
        strange_webhook(),
    ];
    for record in &subjects {
        let partition = RecordKey::inbox(record).pk;
        assert_eq!(store.waiting(&partition, 100).await.unwrap(), []);
    }
    keep(store, &subjects).await;
    for record in &subjects {
        let partition = RecordKey::inbox(record).pk;
        let found = store.waiting(&partition, 100).await.unwrap();
        assert_eq!(found, from_ref(record));
    }
}

/// Whatever has ended does not count.
pub async fn a_limit_leaves_out_the_latest_signatures<S: Store>(store: &S) {
    let kept: Vec<_> = (0..9).map(signed_at).collect();
    keep(store, &kept).await;
    let (ended, rest) = kept.split_at(4);
    end(store, ended).await;
    for limit in [0, 1, 2, 5, 6] {
        let found = waiting(store, limit).await;
        assert_eq!(found, first(rest, limit), "the first {limit}");
    }
}

/// However it ended; the others still do.
pub async fn what_has_ended_waits_no_more<S: Store>(store: &S) {
    let mut kept: Vec<_> = (0..4).map(signed_at).collect();
    kept.push(stale_webhook());
    keep(store, &kept).await;
    for end in ENDS {
        let ended = kept.remove(1);
        store.end(&ended, end).await.unwrap();
        assert_eq!(waiting(store, 100).await, kept, "{end:?}");
    }
    end(store, &kept).await;
    assert_eq!(waiting(store, 100).await, []);
}

/// More than a store looks at in one go; the oldest signature of all came last.
pub async fn a_webhook_waits_behind_many_that_have_ended<S: Store>(store: &S) {
    let oldest = InboxRecord {
        issued_at: at(0),
        ..stale_webhook()
    };
    let mut kept = vec![oldest];
    kept.extend((1..231).map(signed_at));
    keep(store, &kept).await;
    let ended: Vec<_> = kept.drain(11..211).collect();
    end(store, &ended).await;
    for limit in [1, 2, 12, 31, 1000] {
        let found = waiting(store, limit).await;
        assert_eq!(found, first(&kept, limit), "the first {limit}");
    }
    end(store, &kept).await;
    assert_eq!(waiting(store, 1).await, []);
}

/// As after a lost answer, or when two looked after it.
pub async fn a_webhook_may_end_twice<S: Store>(store: &S) {
    let webhook = webhook();
    keep(store, from_ref(&webhook)).await;
    for end in ENDS.into_iter().chain(ENDS) {
        store.end(&webhook, end).await.unwrap();
        assert_eq!(waiting(store, 100).await, []);
        assert_eq!(due_ever(store).await, []);
    }
}

/// As when it was forgotten meanwhile.
pub async fn an_end_makes_no_webhook<S: Store>(store: &S) {
    let webhook = webhook();
    end(store, from_ref(&webhook)).await;
    assert_eq!(waiting(store, 100).await, []);
    keep(store, from_ref(&webhook)).await;
    assert_eq!(waiting(store, 100).await, [webhook]);
}

/// Plaid repeats what it takes for lost.
pub async fn an_ended_webhook_that_is_sent_again_stays_ended<S: Store>(store: &S) {
    let webhook = webhook();
    keep(store, from_ref(&webhook)).await;
    end(store, from_ref(&webhook)).await;
    assert_eq!(store.keep(&webhook).await.unwrap(), Kept::Before);
    assert_eq!(waiting(store, 100).await, []);
    assert_eq!(due_ever(store).await, []);
}

/// And what has ended cannot be postponed.
pub async fn what_is_postponed_still_waits<S: Store>(store: &S) {
    let webhook = webhook();
    keep(store, from_ref(&webhook)).await;
    let key = RecordKey::inbox(&webhook);
    store.postpone(&key, at(100_000)).await.unwrap();
    assert_eq!(waiting(store, 100).await, from_ref(&webhook));
    end(store, from_ref(&webhook)).await;
    store.postpone(&key, at(200_000)).await.unwrap();
    assert_eq!(waiting(store, 100).await, []);
    assert_eq!(due_ever(store).await, []);
}
