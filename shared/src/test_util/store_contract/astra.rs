//! Connections to Astra, and users on the way to one.

use jiff::{Timestamp, ToSpan};

use super::samples::{
    astra_authorization, astra_connection, at, connection_change, plain_astra_connection, renewed,
    stranger, user,
};
use super::{Store, assert_refused, due_ever, history, put_connection, stored_connection};
use crate::domain::{
    AstraAuthorization, AstraConnection, ConnectionState, RecordKey, Sha256, UserId,
};

/// Whether the user may come back with it.
async fn comes_back<S: Store>(
    store: &S,
    sent: &AstraAuthorization,
    user_id: &UserId,
    now: Timestamp,
) -> bool {
    let used = store.use_authorization(&sent.state_hash, user_id, now);
    used.await.unwrap()
}

async fn sent<S: Store>(store: &S) -> AstraAuthorization {
    let sent = astra_authorization();
    store.keep_authorization(&sent).await.unwrap();
    sent
}

/// Another one of the same user is left.
pub async fn an_authorization_is_used_once<S: Store>(store: &S) {
    let first = sent(store).await;
    let second = AstraAuthorization {
        state_hash: Sha256::of(b"another state"),
        ..first.clone()
    };
    store.keep_authorization(&second).await.unwrap();
    for authorization in [first, second] {
        assert!(comes_back(store, &authorization, &user(), at(1)).await);
        assert!(!comes_back(store, &authorization, &user(), at(1)).await);
    }
}

/// And survives a stranger's try.
pub async fn an_authorization_is_its_users_alone<S: Store>(store: &S) {
    let sent = sent(store).await;
    assert!(!comes_back(store, &sent, &stranger(), at(1)).await);
    assert!(comes_back(store, &sent, &user(), at(1)).await);
}

/// To the millisecond.
pub async fn an_authorization_is_used_in_time<S: Store>(store: &S) {
    let sent = sent(store).await;
    let end = sent.expires_at;
    for late in [end + 1.second(), end] {
        assert!(!comes_back(store, &sent, &user(), late).await);
    }
    assert!(comes_back(store, &sent, &user(), end - 1.milliseconds()).await);
}

/// Anything else is nobody's state.
pub async fn only_an_authorization_that_was_kept_is_used<S: Store>(store: &S) {
    let unknown = astra_authorization();
    assert!(!comes_back(store, &unknown, &user(), at(1)).await);
    let known = AstraAuthorization {
        state_hash: Sha256::of(b"another state"),
        ..unknown.clone()
    };
    store.keep_authorization(&known).await.unwrap();
    assert!(!comes_back(store, &unknown, &user(), at(1)).await);
}

fn of_stranger(connection: &AstraConnection) -> AstraConnection {
    AstraConnection {
        user_id: stranger(),
        ..connection.clone()
    }
}

/// What one user's is, says nothing of another's.
pub async fn a_connection_is_its_users_alone<S: Store>(store: &S) {
    let mine = astra_connection();
    put_connection(store, &mine).await;
    assert_eq!(stored_connection(store, &stranger()).await, None);
    let next = of_stranger(&renewed(&mine));
    let outcome = store.put_astra_connection(&next, None).await;
    assert_refused(outcome, "the second version of a stranger's");
    let theirs = of_stranger(&mine);
    put_connection(store, &theirs).await;
    let ended = connection_change("ended");
    let deleted = store.delete_astra_connection(&mine, &ended).await;
    deleted.unwrap();
    assert_eq!(stored_connection(store, &user()).await, None);
    assert_eq!(stored_connection(store, &stranger()).await, Some(theirs));
}

/// What a store tells about the sample user's connection must not change.
async fn assert_not_written<S: Store>(store: &S, connection: &AstraConnection, what: &str) {
    let change = connection_change(what);
    let before = look(store).await;
    for change in [None, Some(&change)] {
        let outcome = store.put_astra_connection(connection, change).await;
        assert_refused(outcome, what);
        assert_eq!(look(store).await, before, "{what}");
    }
}

async fn look<S: Store>(store: &S) -> impl PartialEq + std::fmt::Debug {
    let connection = stored_connection(store, &user()).await;
    (
        connection,
        history(store, &user()).await,
        due_ever(store).await,
    )
}

/// No other.
pub async fn the_first_connection_has_version_1<S: Store>(store: &S) {
    for version in [0, 2, u64::MAX] {
        let wrong = AstraConnection {
            version,
            ..astra_connection()
        };
        assert_not_written(store, &wrong, &format!("version {version}")).await;
    }
    put_connection(store, &astra_connection()).await;
}

/// Whoever read an older version writes nothing.
pub async fn a_connection_is_written_only_on_the_version_before<S: Store>(store: &S) {
    let first = astra_connection();
    put_connection(store, &first).await;
    for version in [0, 1, 3, u64::MAX] {
        let wrong = AstraConnection {
            version,
            ..renewed(&first)
        };
        assert_not_written(store, &wrong, &format!("version {version}")).await;
    }
    let second = renewed(&first);
    put_connection(store, &second).await;
    assert_not_written(store, &second, "the same version again").await;
    put_connection(store, &renewed(&second)).await;
}

/// The first one as well as later ones. History is never rewritten.
pub async fn a_connection_is_written_with_its_change_or_not_at_all<S: Store>(store: &S) {
    let known = connection_change("known");
    let gone = connection_change("known, too");
    let (first, second) = (astra_connection(), renewed(&astra_connection()));
    let written = store.put_astra_connection(&first, Some(&known)).await;
    written.unwrap();
    let deleted = store.delete_astra_connection(&first, &gone).await;
    deleted.unwrap();
    for connection in [&first, &second] {
        let before = look(store).await;
        let outcome = store.put_astra_connection(connection, Some(&known)).await;
        assert_refused(outcome, "a known change");
        assert_eq!(look(store).await, before);
        let new = connection_change(&format!("of version {}", connection.version));
        let written = store.put_astra_connection(connection, Some(&new)).await;
        written.unwrap();
        let stored = stored_connection(store, &user()).await;
        assert_eq!(stored.as_ref(), Some(connection));
        assert!(history(store, &user()).await.contains(&new));
    }
    assert_eq!(history(store, &user()).await.len(), 4);
}

/// A refresh token, and a time at which it is due; a later version may have both again.
pub async fn a_renewal_takes_out_what_the_new_version_lacks<S: Store>(store: &S) {
    let due = [RecordKey::astra_connection(&user())];
    let full = astra_connection();
    put_connection(store, &full).await;
    let without = AstraConnection {
        refresh_token: None,
        ..renewed(&full)
    };
    put_connection(store, &without).await;
    assert_eq!(due_ever(store).await, due);
    let plain = AstraConnection {
        state: ConnectionState::ReauthorizationRequired,
        ..renewed(&without)
    };
    put_connection(store, &plain).await;
    assert_eq!(due_ever(store).await, []);
    let again = AstraConnection {
        version: plain.version + 1,
        ..full
    };
    put_connection(store, &again).await;
    assert_eq!(due_ever(store).await, due);
}

/// Whoever read another version deletes nothing; nor does anybody what is not there.
pub async fn a_connection_is_deleted_only_at_its_version<S: Store>(store: &S) {
    let gone = connection_change("gone");
    let first = plain_astra_connection();
    let outcome = store.delete_astra_connection(&first, &gone).await;
    assert_refused(outcome, "deleting what is not there");
    assert_eq!(history(store, &user()).await, []);
    put_connection(store, &first).await;
    let second = renewed(&first);
    put_connection(store, &second).await;
    let before = look(store).await;
    for version in [0, 1, 3, u64::MAX] {
        let wrong = AstraConnection {
            version,
            ..second.clone()
        };
        let outcome = store.delete_astra_connection(&wrong, &gone).await;
        assert_refused(outcome, &format!("version {version}"));
        assert_eq!(look(store).await, before);
    }
    store.delete_astra_connection(&second, &gone).await.unwrap();
    assert_eq!(stored_connection(store, &user()).await, None);
    assert_eq!(history(store, &user()).await, [gone]);
}

/// History is never rewritten.
pub async fn a_connection_is_deleted_with_its_change_or_not_at_all<S: Store>(store: &S) {
    let (known, gone) = (connection_change("1"), connection_change("2"));
    let connection = astra_connection();
    let written = store.put_astra_connection(&connection, Some(&known)).await;
    written.unwrap();
    let before = look(store).await;
    let outcome = store.delete_astra_connection(&connection, &known).await;
    assert_refused(outcome, "a known change");
    assert_eq!(look(store).await, before);
    let deleted = store.delete_astra_connection(&connection, &gone).await;
    deleted.unwrap();
    assert_eq!(stored_connection(store, &user()).await, None);
    assert_eq!(history(store, &user()).await, [known, gone]);
}

/// From version 1 on.
pub async fn a_deleted_connection_is_made_anew<S: Store>(store: &S) {
    let first = astra_connection();
    put_connection(store, &first).await;
    let gone = connection_change("gone");
    store.delete_astra_connection(&first, &gone).await.unwrap();
    assert_not_written(store, &renewed(&first), "the version after the deleted").await;
    put_connection(store, &plain_astra_connection()).await;
}
