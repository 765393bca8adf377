//! Working for a user at Astra: one at a time.

use jiff::{Timestamp, ToSpan};

use super::erasures::erase_everything;
use super::samples::{astra_connection, at, connection_change, renewed, stranger, user};
use super::{Store, due_ever, put_connection, stored_connection};
use crate::domain::{AstraConnection, OwnerToken, UserId};
use crate::ports::Lease;

async fn connected<S: Store>(store: &S) -> AstraConnection {
    let connection = astra_connection();
    put_connection(store, &connection).await;
    connection
}

async fn take<S: Store>(store: &S, owner: &str, now: Timestamp, until: Timestamp) -> Lease {
    take_for(store, &user(), owner, now, until).await
}

async fn take_for<S: Store>(
    store: &S,
    user_id: &UserId,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Lease {
    let owner = OwnerToken::stored(owner);
    let taken = store.take_astra_lease(user_id, &owner, now, until).await;
    taken.unwrap()
}

async fn give_back<S: Store>(store: &S, owner: &str) {
    let owner = OwnerToken::stored(owner);
    store.return_astra_lease(&user(), &owner).await.unwrap();
}

/// The first one who comes, and then the first one who comes after.
pub async fn a_lease_is_had_by_one_at_a_time<S: Store>(store: &S) {
    connected(store).await;
    assert_eq!(take(store, "first", at(0), at(30)).await, Lease::Taken);
    for later in ["second", "third"] {
        assert_eq!(take(store, later, at(1), at(60)).await, Lease::Busy);
    }
    give_back(store, "first").await;
    assert_eq!(take(store, "third", at(2), at(60)).await, Lease::Taken);
    for other in ["first", "second"] {
        assert_eq!(take(store, other, at(3), at(90)).await, Lease::Busy);
    }
}

/// As after a lost answer; nobody has it for longer by asking again.
pub async fn a_lease_that_is_taken_twice_is_had<S: Store>(store: &S) {
    connected(store).await;
    assert_eq!(take(store, "mine", at(0), at(30)).await, Lease::Taken);
    assert_eq!(take(store, "mine", at(0), at(30)).await, Lease::Taken);
    assert_eq!(take(store, "mine", at(1), at(90)).await, Lease::Taken);
    assert_eq!(take(store, "theirs", at(30), at(60)).await, Lease::Busy);
    assert_eq!(take(store, "theirs", at(31), at(60)).await, Lease::Taken);
    assert_eq!(take(store, "mine", at(32), at(90)).await, Lease::Busy);
}

/// To the millisecond.
pub async fn a_lease_ends_by_itself<S: Store>(store: &S) {
    connected(store).await;
    let (end, later) = (at(30), at(30) + 1.milliseconds());
    assert_eq!(take(store, "first", at(0), end).await, Lease::Taken);
    assert_eq!(take(store, "second", end, at(60)).await, Lease::Busy);
    assert_eq!(take(store, "second", later, at(60)).await, Lease::Taken);
    assert_eq!(take(store, "third", at(60), at(90)).await, Lease::Busy);
    assert_eq!(take(store, "first", at(61), at(90)).await, Lease::Taken);
}

/// Whoever had it before, or never had it, does not give it back.
pub async fn a_lease_is_given_back_by_its_holder_alone<S: Store>(store: &S) {
    connected(store).await;
    give_back(store, "nobody").await;
    assert_eq!(take(store, "before", at(0), at(10)).await, Lease::Taken);
    assert_eq!(take(store, "holder", at(11), at(30)).await, Lease::Taken);
    for other in ["before", "stranger"] {
        give_back(store, other).await;
        assert_eq!(take(store, other, at(12), at(60)).await, Lease::Busy);
    }
    for _ in 0..2 {
        give_back(store, "holder").await;
    }
    assert_eq!(take(store, "next", at(12), at(60)).await, Lease::Taken);
    give_back(store, "holder").await;
    assert_eq!(take(store, "holder", at(13), at(60)).await, Lease::Busy);
}

/// And makes none.
pub async fn a_lease_needs_a_connection<S: Store>(store: &S) {
    for _ in 0..2 {
        let taken = take(store, "mine", at(0), at(30)).await;
        assert_eq!(taken, Lease::NotConnected);
        give_back(store, "mine").await;
        assert_eq!(stored_connection(store, &user()).await, None);
    }
    assert_eq!(due_ever(store).await, []);
    connected(store).await;
    assert_eq!(take(store, "theirs", at(1), at(30)).await, Lease::Taken);
}

/// Another user's is another.
pub async fn a_lease_is_of_one_user<S: Store>(store: &S) {
    let theirs = AstraConnection {
        user_id: stranger(),
        ..astra_connection()
    };
    put_connection(store, &theirs).await;
    let taken = take_for(store, &stranger(), "one", at(0), at(30)).await;
    assert_eq!(taken, Lease::Taken);
    assert_eq!(take(store, "one", at(0), at(30)).await, Lease::NotConnected);
    connected(store).await;
    assert_eq!(take(store, "another", at(0), at(30)).await, Lease::Taken);
    for owner in ["one", "another"] {
        give_back(store, owner).await;
    }
    let taken = take_for(store, &stranger(), "another", at(1), at(30)).await;
    assert_eq!(taken, Lease::Busy);
}

/// Held, it is still its holder's; free, it is still free.
pub async fn a_renewal_leaves_the_lease_alone<S: Store>(store: &S) {
    let first = connected(store).await;
    assert_eq!(take(store, "mine", at(0), at(30)).await, Lease::Taken);
    let second = renewed(&first);
    put_connection(store, &second).await;
    assert_eq!(take(store, "theirs", at(30), at(60)).await, Lease::Busy);
    give_back(store, "mine").await;
    put_connection(store, &renewed(&second)).await;
    assert_eq!(take(store, "theirs", at(1), at(60)).await, Lease::Taken);
}

/// Neither its version nor when it is due, so that its holder can write it.
pub async fn a_lease_changes_nothing_of_the_connection<S: Store>(store: &S) {
    let first = connected(store).await;
    let due = due_ever(store).await;
    assert_eq!(take(store, "mine", at(0), at(30)).await, Lease::Taken);
    assert_eq!(
        stored_connection(store, &user()).await.as_ref(),
        Some(&first)
    );
    assert_eq!(due_ever(store).await, due);
    give_back(store, "mine").await;
    assert_eq!(
        stored_connection(store, &user()).await.as_ref(),
        Some(&first)
    );
    assert_eq!(due_ever(store).await, due);
    put_connection(store, &renewed(&first)).await;
}

async fn assert_no_lease<S: Store>(store: &S) {
    let taken = take(store, "mine", at(1), at(30)).await;
    assert_eq!(taken, Lease::NotConnected);
    connected(store).await;
    assert_eq!(take(store, "theirs", at(1), at(30)).await, Lease::Taken);
    give_back(store, "mine").await;
    assert_eq!(take(store, "mine", at(2), at(60)).await, Lease::Busy);
}

/// Not even for its holder; nor has one that is made anew.
pub async fn a_deleted_connection_has_no_lease<S: Store>(store: &S) {
    let connection = connected(store).await;
    assert_eq!(take(store, "mine", at(0), at(30)).await, Lease::Taken);
    let gone = connection_change("gone");
    let deleted = store.delete_astra_connection(&connection, &gone).await;
    deleted.unwrap();
    assert_no_lease(store).await;
}

/// No more than a deleted one.
pub async fn an_erased_connection_has_no_lease<S: Store>(store: &S) {
    connected(store).await;
    assert_eq!(take(store, "mine", at(0), at(30)).await, Lease::Taken);
    erase_everything(store).await;
    assert_no_lease(store).await;
}
