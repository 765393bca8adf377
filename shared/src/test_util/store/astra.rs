//! The records of connections to Astra.

use jiff::Timestamp;

use super::{MemoryStore, Records};
use crate::domain::{
    AstraAuthorization, AstraConnection, Change, OwnerToken, RecordKey, Sha256, UserId,
};
use crate::ports::{AstraConnections, AstraLeases, Lease, PendingAuthorizations, StoreError};

impl PendingAuthorizations for MemoryStore {
    async fn keep_authorization(
        &self,
        authorization: &AstraAuthorization,
    ) -> Result<(), StoreError> {
        self.begin()?.authorizations.push(authorization.clone());
        Ok(())
    }

    async fn use_authorization(
        &self,
        state_hash: &Sha256,
        user_id: &UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut records = self.begin()?;
        let before = records.authorizations.len();
        records.authorizations.retain(|kept| {
            kept.state_hash != *state_hash || kept.user_id != *user_id || kept.expires_at <= now
        });
        Ok(records.authorizations.len() < before)
    }
}

impl Records {
    fn is_next(&self, connection: &AstraConnection) -> bool {
        let stored = self.connections.get(&connection.user_id);
        let version = stored.map_or(0, |stored| stored.version);
        version.checked_add(1) == Some(connection.version)
    }

    /// The lease is a part of the connection's record.
    pub(super) fn disconnect(&mut self, user_id: &UserId) {
        self.connections.remove(user_id);
        self.leases.remove(user_id);
    }
}

impl AstraConnections for MemoryStore {
    async fn astra_connection(
        &self,
        user_id: &UserId,
    ) -> Result<Option<AstraConnection>, StoreError> {
        Ok(self.begin()?.connections.get(user_id).cloned())
    }

    async fn put_astra_connection(
        &self,
        connection: &AstraConnection,
        change: Option<&Change>,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let known = change.is_some_and(|change| records.has_change(change));
        if known || !records.is_next(connection) {
            return Err(StoreError::Conflict);
        }
        let user_id = connection.user_id.clone();
        records.no_longer_postponed(RecordKey::astra_connection(&user_id));
        records.connections.insert(user_id, connection.clone());
        records.changes.extend(change.cloned());
        Ok(())
    }

    async fn delete_astra_connection(
        &self,
        connection: &AstraConnection,
        change: &Change,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let stored = records.connections.get(&connection.user_id);
        let this = stored.is_some_and(|stored| stored.version == connection.version);
        if !this || records.has_change(change) {
            return Err(StoreError::Conflict);
        }
        records.disconnect(&connection.user_id);
        records.changes.push(change.clone());
        Ok(())
    }
}

impl AstraLeases for MemoryStore {
    async fn take_astra_lease(
        &self,
        user_id: &UserId,
        owner: &OwnerToken,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Lease, StoreError> {
        let mut records = self.begin()?;
        if !records.connections.contains_key(user_id) {
            return Ok(Lease::NotConnected);
        }
        let held = records.leases.get(user_id);
        if let Some((holder, _)) = held.filter(|(_, held_until)| *held_until >= now) {
            return Ok(if holder == owner {
                Lease::Taken
            } else {
                Lease::Busy
            });
        }
        records
            .leases
            .insert(user_id.clone(), (owner.clone(), until));
        Ok(Lease::Taken)
    }

    async fn return_astra_lease(
        &self,
        user_id: &UserId,
        owner: &OwnerToken,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let held = records.leases.get(user_id);
        if held.is_some_and(|(held_by, _)| held_by == owner) {
            records.leases.remove(user_id);
        }
        Ok(())
    }
}
