//! The records of Link sessions.

use super::MemoryStore;
use crate::domain::{ItemId, LinkExit, LinkId, LinkResults, LinkSession, Sha256, UserId};
use crate::ports::{LinkOwners, LinkReports, LinkSessions, StoreError, UpdateSessions};

/// As many as the real store reads.
const LATEST: usize = 25;

impl LinkSessions for MemoryStore {
    async fn record_session(&self, session: &LinkSession) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let known = records.sessions.iter().find_map(|stored| {
            let id = (&stored.user_id, &stored.link_id) == (&session.user_id, &session.link_id);
            let link_token = stored.link_token_hash == session.link_token_hash;
            (id || link_token).then_some(id && link_token)
        });
        match known {
            Some(true) => Ok(()),
            Some(false) => Err(StoreError::Conflict),
            None => {
                records.sessions.push(session.clone());
                Ok(())
            }
        }
    }
}

impl UpdateSessions for MemoryStore {
    async fn open_update_sessions(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> Result<Vec<LinkSession>, StoreError> {
        let records = self.begin()?;
        let latest = records.sessions.iter().rev();
        let of_user = latest
            .filter(|session| session.user_id == *user_id)
            .take(LATEST);
        Ok(of_user
            .filter(|s| s.item_id.as_ref() == Some(item_id) && s.refreshed_at.is_none())
            .cloned()
            .collect())
    }
}

impl LinkOwners for MemoryStore {
    async fn link_owner(
        &self,
        link_token_hash: &Sha256,
    ) -> Result<Option<(UserId, LinkId)>, StoreError> {
        let records = self.begin()?;
        let mut sessions = records.sessions.iter();
        let session = sessions.find(|s| s.link_token_hash == *link_token_hash);
        Ok(session.map(|s| (s.user_id.clone(), s.link_id.clone())))
    }

    async fn record_results(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        results: &LinkResults,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let mut sessions = records.sessions.iter_mut();
        let session = sessions.find(|s| s.user_id == *user_id && s.link_id == *link_id);
        session.ok_or(StoreError::Conflict)?.results = Some(results.clone());
        Ok(())
    }
}

impl LinkReports for MemoryStore {
    async fn session(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
    ) -> Result<Option<LinkSession>, StoreError> {
        let records = self.begin()?;
        let mut sessions = records.sessions.iter();
        Ok(sessions
            .find(|s| s.user_id == *user_id && s.link_id == *link_id)
            .cloned())
    }

    async fn record_exit(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        exit: &LinkExit,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let mut sessions = records.sessions.iter_mut();
        let session = sessions.find(|s| s.user_id == *user_id && s.link_id == *link_id);
        session.ok_or(StoreError::Conflict)?.exit = Some(exit.clone());
        Ok(())
    }
}
