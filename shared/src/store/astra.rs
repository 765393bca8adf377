//! The records of connections to Astra. A lease is kept beside the connection's own
//! attributes, so that writing these leaves it alone.

use jiff::Timestamp;

use super::attributes::{moment, number, text};
use super::expressions::{Condition, Edit};
use super::item_writes::new_change;
use super::refusal::{Refused, tolerating};
use super::transaction::ClientToken;
use super::write::Write;
use super::{Table, rows};
use crate::domain::{
    AstraAuthorization, AstraConnection, Change, OwnerToken, RecordKey, Sha256, UserId,
};
use crate::ports::{AstraConnections, AstraLeases, Lease, PendingAuthorizations, StoreError};

const LEASE: &str = "lease_owner";
const LEASED_UNTIL: &str = "lease_until";
/// Attributes that not every version of a connection has.
const MAY_BE_ABSENT: [&str; 3] = ["refresh_token", "due", "due_at"];

impl PendingAuthorizations for Table {
    async fn keep_authorization(
        &self,
        authorization: &AstraAuthorization,
    ) -> Result<(), StoreError> {
        let row = rows::authorization_row(authorization)?;
        Ok(self.write(Write::put(row)).await?)
    }

    async fn use_authorization(
        &self,
        state_hash: &Sha256,
        user_id: &UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sent = Condition::default()
            .equals("user_id", text(user_id.as_str()))
            .above("until", moment(now));
        let key = RecordKey::astra_authorization(state_hash);
        match self.write(Write::delete(key).only_if(sent)).await {
            Err(Refused::Condition(_)) => Ok(false),
            outcome => Ok(outcome.map(|()| true)?),
        }
    }
}

impl AstraConnections for Table {
    async fn astra_connection(
        &self,
        user_id: &UserId,
    ) -> Result<Option<AstraConnection>, StoreError> {
        let row = self.get(&RecordKey::astra_connection(user_id)).await?;
        row.map(rows::read_astra_connection).transpose()
    }

    async fn put_astra_connection(
        &self,
        connection: &AstraConnection,
        change: Option<&Change>,
    ) -> Result<(), StoreError> {
        let mut writes = vec![replacement(connection)?];
        if let Some(change) = change {
            writes.push(new_change(change)?);
        }
        Ok(self.transact(ClientToken::unique(), writes).await?)
    }

    async fn delete_astra_connection(
        &self,
        connection: &AstraConnection,
        change: &Change,
    ) -> Result<(), StoreError> {
        let this = Condition::default().equals("version", number(connection.version));
        let key = RecordKey::astra_connection(&connection.user_id);
        let writes = vec![Write::delete(key).only_if(this), new_change(change)?];
        Ok(self.transact(ClientToken::unique(), writes).await?)
    }
}

impl AstraLeases for Table {
    async fn take_astra_lease(
        &self,
        user_id: &UserId,
        owner: &OwnerToken,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Lease, StoreError> {
        let free = Condition::present().below(LEASED_UNTIL, moment(now));
        let taken = Edit::default()
            .set(LEASE, text(owner.as_str()))
            .set(LEASED_UNTIL, moment(until));
        let key = RecordKey::astra_connection(user_id);
        match self.write(Write::update(key, taken).only_if(free)).await {
            Ok(()) => Ok(Lease::Taken),
            // An earlier send of this very write arrived.
            Err(Refused::Condition(Some(row))) if is_holder(&row, owner) => Ok(Lease::Taken),
            Err(Refused::Condition(Some(_))) => Ok(Lease::Busy),
            Err(Refused::Condition(None)) => Ok(Lease::NotConnected),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn return_astra_lease(
        &self,
        user_id: &UserId,
        owner: &OwnerToken,
    ) -> Result<(), StoreError> {
        let still = Condition::default().equals(LEASE, text(owner.as_str()));
        let key = RecordKey::astra_connection(user_id);
        let returned = Write::update(key, free_lease()).only_if(still);
        tolerating(self.write(returned).await)
    }
}

fn is_holder(row: &rows::Row, owner: &OwnerToken) -> bool {
    row.get(LEASE) == Some(&text(owner.as_str()))
}

/// A lease that everybody may take: it ended long ago.
fn free_lease() -> Edit {
    Edit::default().set(LEASED_UNTIL, number(0)).remove([LEASE])
}

fn replacement(connection: &AstraConnection) -> Result<Write, StoreError> {
    let before = connection.version.checked_sub(1);
    let before = before.ok_or(StoreError::Conflict)?;
    let mut row = rows::astra_connection_row(connection)?;
    let key = RecordKey::astra_connection(&connection.user_id);
    if before == 0 {
        row.insert(LEASED_UNTIL.to_owned(), number(0));
        return Ok(Write::put(row).only_if(Condition::absent()));
    }
    let gone = MAY_BE_ABSENT.map(|name| (!row.contains_key(name)).then_some(name));
    let attributes = row
        .into_iter()
        .filter(|(name, _)| !["pk", "sk"].contains(&name.as_str()));
    let edit = attributes.fold(Edit::default(), |edit, (name, value)| {
        edit.set(&name, value)
    });
    let edit = gone
        .into_iter()
        .flatten()
        .fold(edit, |edit, name| edit.remove([name]));
    let known = Condition::default().equals("version", number(before));
    Ok(Write::update(key, edit).only_if(known))
}
