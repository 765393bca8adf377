//! What every store promises, as tests over the ports: the one in memory and DynamoDB must
//! pass the same. Each promise begins with a store that has nothing in it.
//!
//! [`store_contract!`](crate::store_contract) makes a test of each.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a broken promise is a panic, and there is nothing else to say about it"
)]

pub mod astra;
pub mod astra_leases;
pub mod changes;
pub mod due;
pub mod erasures;
pub mod exchange_ends;
pub mod exchanges;
pub mod inbox;
pub mod items;
pub mod link_sessions;
pub mod round_trips;
pub mod samples;

use jiff::Timestamp;

use crate::domain::{
    AstraConnection, Change, ChangeId, Exchange, ExchangeKey, ExchangeStep, Item, ItemId,
    LinkResults, LinkSession, RecordKey, UserId,
};
use crate::ports::{
    AstraConnections, AstraLeases, Changes, DueRecords, Erasures, ExchangeRecords, Inbox,
    InboxRecords, ItemChanges, ItemOwners, ItemRecords, LinkOwners, LinkReports, LinkSessions,
    Outbox, PendingAuthorizations, StoreError, Strays, UpdateSessions,
};

/// Everything that a store does.
pub trait Store:
    ExchangeRecords
    + Strays
    + ItemRecords
    + ItemOwners
    + ItemChanges
    + Changes
    + Outbox
    + LinkSessions
    + UpdateSessions
    + LinkOwners
    + LinkReports
    + PendingAuthorizations
    + AstraConnections
    + AstraLeases
    + DueRecords
    + Erasures
    + Inbox
    + InboxRecords
{
}

impl<T> Store for T where
    T: ExchangeRecords
        + Strays
        + ItemRecords
        + ItemOwners
        + ItemChanges
        + Changes
        + Outbox
        + LinkSessions
        + UpdateSessions
        + LinkOwners
        + LinkReports
        + PendingAuthorizations
        + AstraConnections
        + AstraLeases
        + DueRecords
        + Erasures
        + Inbox
        + InboxRecords
{
}

/// Makes a test of every promise. The argument names a function without arguments whose
/// future is a new store, behind a pointer that keeps alive what the store needs.
#[macro_export]
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store_contract! { $fresh;
            exchanges {
                a_claim_is_won_once
                a_claim_that_is_sent_twice_is_won
                a_foreign_owner_changes_nothing
                a_wrong_step_changes_nothing
                an_item_that_is_being_removed_is_not_recorded
                no_step_is_written_but_a_legal_one
                an_item_is_recorded_only_for_a_claim
                only_a_claim_is_released
                a_released_claim_is_free_again
                taking_over_changes_owner_lease_and_attempt
                yielding_ends_the_lease_alone
                single_writes_that_are_sent_twice_count_once
                a_token_that_could_not_be_recorded_is_kept_until_the_end
                an_item_is_recorded_with_everything_or_not_at_all
            }
            exchange_ends {
                only_an_exchange_with_its_item_is_finished_or_rejected
                transactions_that_are_sent_twice_count_once
                no_token_is_kept_of_what_is_settled
                an_exchange_is_finished_with_everything_or_not_at_all
                an_exchange_is_rejected_with_everything_or_not_at_all
                a_rejected_exchange_names_the_item_that_was_there
                only_a_finished_answer_is_forgotten
            }
            items {
                an_item_is_its_users_alone
                pages_leave_out_what_is_removed
                an_item_is_replaced_only_on_the_version_before
                stages_follow_one_another_as_designed
                only_an_item_that_is_there_is_replaced
                a_replacement_that_is_sent_twice_counts_once
                everything_alongside_is_written
                a_change_that_is_there_already_stops_the_replacement
                an_answer_is_replaced_only_where_one_was_given
                only_open_sessions_are_settled
                a_removed_item_still_has_its_owner
            }
            changes {
                changes_are_told_in_the_order_of_time
                changes_are_told_page_by_page
                changes_are_their_users_alone
                a_change_is_found_by_its_id
                what_is_published_stays_as_it_is
                publishing_makes_no_change
            }
            link_sessions {
                a_session_is_its_users_alone
                a_session_that_is_recorded_twice_is_there_once
                a_session_is_recorded_with_its_pointer_or_not_at_all
                a_report_replaces_an_earlier_one_alone
                a_report_needs_its_session
                open_sessions_of_update_mode_are_found_by_item
                a_link_token_leads_to_its_session
                results_replace_earlier_ones_alone
                results_need_their_session
            }
            astra {
                an_authorization_is_used_once
                an_authorization_is_its_users_alone
                an_authorization_is_used_in_time
                only_an_authorization_that_was_kept_is_used
                a_connection_is_its_users_alone
                the_first_connection_has_version_1
                a_connection_is_written_only_on_the_version_before
                a_connection_is_written_with_its_change_or_not_at_all
                a_renewal_takes_out_what_the_new_version_lacks
                a_connection_is_deleted_only_at_its_version
                a_connection_is_deleted_with_its_change_or_not_at_all
                a_deleted_connection_is_made_anew
            }
            astra_leases {
                a_lease_is_had_by_one_at_a_time
                a_lease_that_is_taken_twice_is_had
                a_lease_ends_by_itself
                a_lease_is_given_back_by_its_holder_alone
                a_lease_needs_a_connection
                a_lease_is_of_one_user
                a_renewal_leaves_the_lease_alone
                a_lease_changes_nothing_of_the_connection
                a_deleted_connection_has_no_lease
                an_erased_connection_has_no_lease
            }
            due {
                nothing_is_due_in_an_empty_store
                the_longest_waiting_come_first
                records_are_due_from_their_moment_on
                an_exchange_is_due_until_it_is_settled
                a_rejected_exchange_is_no_longer_due
                a_released_claim_is_no_longer_due
                an_item_is_due_when_it_says_so
                a_session_of_update_mode_is_due_until_it_is_settled
                a_session_on_plaids_page_is_due_until_it_is_finished
                a_stray_is_due_until_it_is_dropped
                a_connection_is_due_until_only_its_user_can_mend_it
                a_wish_is_due_until_it_is_confirmed
                a_webhook_is_due_until_it_has_ended
                a_change_is_due_until_it_is_published
                every_change_is_due
                a_receipt_is_due_until_it_is_published
                what_is_postponed_is_due_later
                postponing_changes_nothing_else
                what_is_not_due_cannot_be_postponed
            }
            inbox {
                webhooks_wait_in_the_order_of_their_signatures
                an_old_signature_waits_before_newer_ones
                webhooks_wait_by_their_subject
                a_limit_leaves_out_the_latest_signatures
                what_has_ended_waits_no_more
                a_webhook_waits_behind_many_that_have_ended
                a_webhook_may_end_twice
                an_end_makes_no_webhook
                an_ended_webhook_that_is_sent_again_stays_ended
                what_is_postponed_still_waits
            }
            erasures {
                an_earlier_wish_stays
                everything_of_a_user_is_erased
                an_erased_change_cannot_be_published
                much_is_erased_in_several_calls
                what_has_something_to_do_at_plaid_is_kept
                an_item_with_an_unfinished_exchange_is_kept
                others_are_not_touched
                a_receipt_replaces_the_wish
                a_receipt_outlives_later_erasures
                a_receipt_needs_a_wish
                a_receipt_that_is_sent_twice_counts_once
            }
            round_trips {
                exchanges_are_read_as_they_were_written
                strays_are_read_as_they_were_written
                items_are_read_as_they_were_written
                hand_overs_are_read_as_they_were_written
                connections_are_read_as_they_were_written
                link_sessions_are_read_as_they_were_written
                reports_are_read_as_they_were_written
                changes_are_read_as_they_were_written
                results_are_read_as_they_were_written
                a_webhook_is_kept_once
                webhooks_are_read_as_they_were_written
            }
        }
    };
    ($fresh:path; $($about:ident { $($promise:ident)+ })+) => {
        $(mod $about {
            $(#[tokio::test]
            async fn $promise() {
                let fresh = $fresh().await;
                $crate::test_util::store_contract::$about::$promise(&*fresh).await;
            })+
        })+
    };
}

/// What a store tells about one exchange and its Item.
#[derive(Debug, PartialEq)]
struct Seen {
    exchange: Option<Exchange>,
    item: Option<Item>,
    owner: Option<UserId>,
    changes: Vec<Change>,
    due: Vec<RecordKey>,
}

async fn look<S: Store>(store: &S, item: &Item) -> Seen {
    let mut due = due_ever(store).await;
    due.sort_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
    Seen {
        exchange: store.exchange(&item.exchange).await.unwrap(),
        item: store.item(&item.user_id, &item.item_id).await.unwrap(),
        owner: store.owner(&item.item_id).await.unwrap(),
        changes: history(store, &item.user_id).await,
        due,
    }
}

/// All changes of a user.
async fn history<S: Store>(store: &S, user_id: &UserId) -> Vec<Change> {
    let page = store.changes(user_id, None, 1000).await.unwrap();
    assert_eq!(page.next, None, "no test has that many changes");
    page.changes
}

/// Whatever is due at any time, the longest waiting first.
async fn due_ever<S: Store>(store: &S) -> Vec<RecordKey> {
    let end_of_time = Timestamp::from_second(9_000_000_000).unwrap();
    store.due(end_of_time, 1000).await.unwrap().keys
}

/// The key of the sample user's change with this id.
fn due_change(id: &str) -> RecordKey {
    RecordKey::change(&samples::user(), &ChangeId::new(id))
}

#[track_caller]
fn assert_refused(outcome: Result<(), StoreError>, what: &str) {
    match outcome {
        Err(StoreError::Conflict) => {}
        other => panic!("{what} must be refused, but: {other:?}"),
    }
}

/// A claimed exchange.
async fn claimed<S: Store>(store: &S) -> Exchange {
    let exchange = samples::exchange();
    put_exchange(store, &exchange).await;
    exchange
}

/// An exchange with its Item.
async fn recorded<S: Store>(store: &S) -> (Exchange, Item) {
    let exchange = claimed(store).await;
    let item = samples::item_of(&exchange);
    let change = samples::change("recorded", &item);
    store.record_item(&exchange, &item, &change).await.unwrap();
    (stored_exchange(store, &exchange.key).await, item)
}

/// A finished exchange with its Item.
async fn finished<S: Store>(store: &S) -> (Exchange, Item) {
    let (exchange, item) = recorded(store).await;
    let item = samples::next(&item);
    let change = samples::change("finished", &item);
    let answer = samples::answer(1);
    let finished = store.finish(&exchange, &item, &change, &answer).await;
    finished.unwrap();
    (stored_exchange(store, &exchange.key).await, item)
}

/// Any exchange, at whatever step.
async fn put_exchange<S: Store>(store: &S, exchange: &Exchange) {
    store.claim(exchange).await.unwrap();
    let stored = store.exchange(&exchange.key).await.unwrap();
    assert_eq!(stored.as_ref(), Some(exchange));
}

/// Any Item, by way of an exchange of its own.
async fn put_item<S: Store>(store: &S, item: &Item) {
    let exchange = Exchange {
        key: item.exchange.clone(),
        user_id: item.user_id.clone(),
        ..samples::exchange()
    };
    put_exchange(store, &exchange).await;
    let change = samples::change(&format!("new-{}", item.item_id), item);
    store.record_item(&exchange, item, &change).await.unwrap();
    let ended = Exchange {
        step: ExchangeStep::Exchanged,
        ..exchange
    };
    let removed = store.advance(&ended, ExchangeStep::Removed).await;
    removed.unwrap();
}

async fn put_session<S: Store>(store: &S, session: &LinkSession) {
    store.record_session(session).await.unwrap();
}

/// A connection as this version or, if it is a later one, in place of the one before.
async fn put_connection<S: Store>(store: &S, connection: &AstraConnection) {
    let written = store.put_astra_connection(connection, None).await;
    written.unwrap();
    let stored = stored_connection(store, &connection.user_id).await;
    assert_eq!(stored.as_ref(), Some(connection));
}

async fn stored_connection<S: Store>(store: &S, user_id: &UserId) -> Option<AstraConnection> {
    store.astra_connection(user_id).await.unwrap()
}

async fn put_results<S: Store>(store: &S, session: &LinkSession, results: &LinkResults) {
    let (user_id, link_id) = (&session.user_id, &session.link_id);
    let recorded = store.record_results(user_id, link_id, results).await;
    recorded.unwrap();
}

async fn stored_exchange<S: Store>(store: &S, key: &ExchangeKey) -> Exchange {
    store.exchange(key).await.unwrap().unwrap()
}

async fn stored_item<S: Store>(store: &S, item_id: &ItemId) -> Item {
    let user_id = samples::user();
    store.item(&user_id, item_id).await.unwrap().unwrap()
}
