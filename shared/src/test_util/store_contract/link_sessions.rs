//! Sessions of Link.

use super::samples::{
    full_exit, full_results, hosted_session, linked, new_session, stranger, update_session, user,
};
use super::{Store, assert_refused, due_ever, put_results, put_session, recorded};
use crate::domain::{ItemId, LinkExit, LinkId, LinkResults, LinkSession, Sha256};
use crate::ports::Alongside;

/// Somebody else's is not there.
pub async fn a_session_is_its_users_alone<S: Store>(store: &S) {
    let session = new_session(1);
    put_session(store, &session).await;
    let theirs = store.session(&stranger(), &session.link_id).await.unwrap();
    assert_eq!(theirs, None);
    let mine = store.session(&user(), &session.link_id).await.unwrap();
    assert_eq!(mine, Some(session));
}

/// As after a lost answer.
pub async fn a_session_that_is_recorded_twice_is_there_once<S: Store>(store: &S) {
    let session = update_session(1);
    for _ in 0..2 {
        put_session(store, &session).await;
    }
    assert_eq!(open_sessions(store).await, [session]);
}

/// Another session with the same id, or the same link token, is not recorded.
pub async fn a_session_is_recorded_with_its_pointer_or_not_at_all<S: Store>(store: &S) {
    let (session, other) = (new_session(1), new_session(2));
    put_session(store, &session).await;
    let with_its_id = LinkSession {
        link_id: session.link_id.clone(),
        ..other.clone()
    };
    let with_its_token = LinkSession {
        link_token_hash: session.link_token_hash.clone(),
        ..other.clone()
    };
    for (what, refused) in [
        ("a session with a known id", with_its_id),
        ("a session with a known link token", with_its_token),
    ] {
        assert_refused(store.record_session(&refused).await, what);
        let first = store.session(&user(), &session.link_id).await.unwrap();
        assert_eq!(first.as_ref(), Some(&session), "{what}");
        let second = store.session(&user(), &other.link_id).await.unwrap();
        assert_eq!(second, None, "{what}");
    }
    put_session(store, &other).await;
}

/// Nothing else of the session changes.
pub async fn a_report_replaces_an_earlier_one_alone<S: Store>(store: &S) {
    let session = update_session(1);
    put_session(store, &session).await;
    for exit in [full_exit(), LinkExit::default()] {
        let recorded = store.record_exit(&user(), &session.link_id, &exit).await;
        recorded.unwrap();
        let expected = LinkSession {
            exit: Some(exit),
            ..session.clone()
        };
        let stored = store.session(&user(), &session.link_id).await.unwrap();
        assert_eq!(stored, Some(expected));
    }
}

/// Neither a missing session nor somebody else's gets one.
pub async fn a_report_needs_its_session<S: Store>(store: &S) {
    let session = new_session(1);
    put_session(store, &session).await;
    let exit = full_exit();
    for (user_id, link_id) in [
        (user(), LinkId::new("missing")),
        (stranger(), session.link_id.clone()),
    ] {
        let outcome = store.record_exit(&user_id, &link_id, &exit).await;
        assert_refused(outcome, "a report without its session");
        assert_eq!(store.session(&user_id, &link_id).await.unwrap(), None);
    }
    let stored = store.session(&user(), &session.link_id).await.unwrap();
    assert_eq!(stored, Some(session));
}

/// In any order.
async fn open_sessions<S: Store>(store: &S) -> Vec<LinkSession> {
    let item_id = ItemId::new("item");
    let sessions = store.open_update_sessions(&user(), &item_id).await;
    let mut sessions = sessions.unwrap();
    sessions.sort_by(|a, b| a.link_id.cmp(&b.link_id));
    sessions
}

/// The user's own, for this Item, and not settled yet.
pub async fn open_sessions_of_update_mode_are_found_by_item<S: Store>(store: &S) {
    assert_eq!(open_sessions(store).await, []);
    let (_, item) = recorded(store).await;
    let (first, second) = (update_session(1), update_session(2));
    let of_another_item = LinkSession {
        item_id: Some(ItemId::new("another")),
        ..update_session(3)
    };
    let of_somebody_else = LinkSession {
        user_id: stranger(),
        ..update_session(4)
    };
    let to_link = new_session(5);
    for session in [
        &first,
        &second,
        &of_another_item,
        &of_somebody_else,
        &to_link,
    ] {
        put_session(store, session).await;
    }
    assert_eq!(open_sessions(store).await, [first.clone(), second.clone()]);
    let refreshed = [first.link_id];
    let alongside = Alongside {
        refreshed: &refreshed,
        ..Alongside::default()
    };
    store.replace(&linked(&item), alongside).await.unwrap();
    assert_eq!(open_sessions(store).await, [second]);
}

/// Whosever it is.
pub async fn a_link_token_leads_to_its_session<S: Store>(store: &S) {
    let of_somebody_else = LinkSession {
        user_id: stranger(),
        ..new_session(3)
    };
    for session in [new_session(1), update_session(2), of_somebody_else] {
        let hash = &session.link_token_hash;
        assert_eq!(store.link_owner(hash).await.unwrap(), None);
        put_session(store, &session).await;
        let owner = store.link_owner(hash).await.unwrap();
        assert_eq!(owner, Some((session.user_id, session.link_id)));
    }
    let unknown = Sha256::of(b"unknown");
    assert_eq!(store.link_owner(&unknown).await.unwrap(), None);
}

/// Nothing else of the session changes; nor does it need to run on Plaid's page.
pub async fn results_replace_earlier_ones_alone<S: Store>(store: &S) {
    for session in [hosted_session(1), new_session(2), update_session(3)] {
        let session = LinkSession {
            exit: Some(full_exit()),
            ..session
        };
        put_session(store, &session).await;
        for results in [
            LinkResults::default(),
            full_results(),
            LinkResults {
                item_ids: vec![ItemId::new("another")],
                ..full_results()
            },
        ] {
            put_results(store, &session, &results).await;
            let expected = LinkSession {
                results: Some(results),
                ..session.clone()
            };
            let stored = store.session(&user(), &session.link_id).await.unwrap();
            assert_eq!(stored, Some(expected));
        }
    }
}

/// Neither a missing session nor somebody else's gets some.
pub async fn results_need_their_session<S: Store>(store: &S) {
    let session = hosted_session(1);
    put_session(store, &session).await;
    let due = due_ever(store).await;
    for results in [LinkResults::default(), full_results()] {
        for (user_id, link_id) in [
            (user(), LinkId::new("missing")),
            (stranger(), session.link_id.clone()),
        ] {
            let outcome = store.record_results(&user_id, &link_id, &results).await;
            assert_refused(outcome, "results without their session");
            assert_eq!(store.session(&user_id, &link_id).await.unwrap(), None);
        }
    }
    let stored = store.session(&user(), &session.link_id).await.unwrap();
    assert_eq!(stored, Some(session));
    assert_eq!(due_ever(store).await, due);
}
