//! The table, as it goes wrong. That a write is sent twice is up to the table's own rules.

use jiff::Timestamp;

use super::{Faulty, Kind, Service};
use crate::domain::{
    AstraAuthorization, AstraConnection, Change, ChangeId, Exchange, ExchangeKey, ExchangeStep,
    InboxEnd, InboxRecord, Item, ItemId, LinkExit, LinkId, LinkResults, LinkSession, OwnerToken,
    RecordKey, Sha256, Stray, UserId,
};
use crate::ports::{
    Alongside, AstraConnections, AstraLeases, ChangePage, Changes, Claim, Due, DueRecords, Erased,
    Erasures, ExchangeRecords, Inbox, InboxRecords, ItemChanges, ItemOwners, ItemPage, ItemRecords,
    Kept, Lease, LinkOwners, LinkReports, LinkSessions, Outbox, PendingAuthorizations,
    ReplayableAnswer, StoreError, Strays, UpdateSessions,
};

macro_rules! delegate {
    ($port:ident { $($kind:ident $name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)+ }) => {
        impl<T: $port> $port for Faulty<T> {$(
            async fn $name(&self, $($argument: $of),*) -> Result<$answer, StoreError> {
                let call = (Service::Table, Kind::$kind, stringify!($name));
                self.call(call, None, || self.inner.$name($($argument),*)).await
            }
        )+}
    };
}

delegate!(ExchangeRecords {
    Write claim(exchange: &Exchange) -> Claim;
    Read exchange(key: &ExchangeKey) -> Option<Exchange>;
    Write take_over(previous: &Exchange, next: &Exchange) -> ();
    Write yield_lease(exchange: &Exchange, now: Timestamp) -> ();
    Write release(exchange: &Exchange) -> ();
    Write advance(exchange: &Exchange, next: ExchangeStep) -> ();
    Write record_item(exchange: &Exchange, item: &Item, change: &Change) -> ();
    Write finish(
        exchange: &Exchange,
        item: &Item,
        change: &Change,
        answer: &ReplayableAnswer
    ) -> ();
    Write reject(exchange: &Exchange, item: &Item, change: &Change) -> ();
    Write forget_answer(key: &ExchangeKey) -> ();
});

delegate!(Strays {
    Write keep_stray(stray: &Stray) -> ();
    Read stray(key: &ExchangeKey, item_id: &ItemId) -> Option<Stray>;
    Write drop_stray(stray: &Stray) -> ();
});

delegate!(ItemRecords {
    Read item(user_id: &UserId, item_id: &ItemId) -> Option<Item>;
    Read items(user_id: &UserId, after: Option<&ItemId>, limit: u32) -> ItemPage;
});

delegate!(ItemOwners {
    Read owner(item_id: &ItemId) -> Option<UserId>;
});

delegate!(ItemChanges {
    Named replace(item: &Item, alongside: Alongside<'_>) -> ();
});

delegate!(Changes {
    Read changes(user_id: &UserId, after: Option<&ChangeId>, limit: u32) -> ChangePage;
});

delegate!(LinkSessions {
    Write record_session(session: &LinkSession) -> ();
});

delegate!(UpdateSessions {
    Read open_update_sessions(user_id: &UserId, item_id: &ItemId) -> Vec<LinkSession>;
});

delegate!(LinkReports {
    Read session(user_id: &UserId, link_id: &LinkId) -> Option<LinkSession>;
    Write record_exit(user_id: &UserId, link_id: &LinkId, exit: &LinkExit) -> ();
});

delegate!(LinkOwners {
    Read link_owner(link_token_hash: &Sha256) -> Option<(UserId, LinkId)>;
    Write record_results(user_id: &UserId, link_id: &LinkId, results: &LinkResults) -> ();
});

delegate!(Inbox {
    Write keep(record: &InboxRecord) -> Kept;
});

delegate!(InboxRecords {
    Read waiting(partition: &str, limit: u32) -> Vec<InboxRecord>;
    Write end(record: &InboxRecord, end: InboxEnd) -> ();
});

delegate!(Outbox {
    Read unpublished(user_id: &UserId, change_id: &ChangeId) -> Option<Change>;
    Write published(change: &Change) -> ();
});

delegate!(PendingAuthorizations {
    Write keep_authorization(authorization: &AstraAuthorization) -> ();
    Write use_authorization(state_hash: &Sha256, user_id: &UserId, now: Timestamp) -> bool;
});

delegate!(AstraConnections {
    Read astra_connection(user_id: &UserId) -> Option<AstraConnection>;
    Named put_astra_connection(connection: &AstraConnection, change: Option<&Change>) -> ();
    Named delete_astra_connection(connection: &AstraConnection, change: &Change) -> ();
});

delegate!(AstraLeases {
    Write take_astra_lease(
        user_id: &UserId,
        owner: &OwnerToken,
        now: Timestamp,
        until: Timestamp
    ) -> Lease;
    Write return_astra_lease(user_id: &UserId, owner: &OwnerToken) -> ();
});

delegate!(Erasures {
    Write wish_erasure(user_id: &UserId, now: Timestamp) -> ();
    Write erase(user_id: &UserId) -> Erased;
    Write confirm_erasure(receipt: &Change) -> ();
});

impl<T: DueRecords> DueRecords for Faulty<T> {
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Due, StoreError> {
        let call = (Service::Table, Kind::Index, "due");
        self.call(call, None, || async {
            Ok(self.plan.index(self.inner.due(now, limit).await?))
        })
        .await
    }

    async fn postpone(&self, key: &RecordKey, until: Timestamp) -> Result<(), StoreError> {
        let call = (Service::Table, Kind::Write, "postpone");
        self.call(call, None, || self.inner.postpone(key, until))
            .await
    }
}
