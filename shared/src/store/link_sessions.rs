//! The records of Link sessions.

use super::attributes::text;
use super::expressions::{Condition, Edit};
use super::query::Query;
use super::refusal::Refused;
use super::transaction::ClientToken;
use super::write::Write;
use super::{Table, rows};
use crate::domain::record_key::LINK_PREFIX;
use crate::domain::{
    ItemId, LinkExit, LinkId, LinkResults, LinkSession, RecordKey, Sha256, UserId,
};
use crate::ports::{LinkOwners, LinkReports, LinkSessions, StoreError, UpdateSessions};

/// How many sessions are looked at for those that are not settled; earlier ones have long
/// been looked after, or forgotten.
const LATEST: u32 = 25;

impl LinkSessions for Table {
    async fn record_session(&self, session: &LinkSession) -> Result<(), StoreError> {
        let new = |row| Write::put(row).only_if(Condition::absent());
        let writes = vec![
            new(rows::link_session_row(session)?),
            new(rows::link_token_owner_row(session)?),
        ];
        let token = session_token(session);
        Ok(self.transact(token, writes).await?)
    }
}

impl UpdateSessions for Table {
    async fn open_update_sessions(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> Result<Vec<LinkSession>, StoreError> {
        let open = Condition::default()
            .equals("item_id", text(item_id.as_str()))
            .lacks("refreshed_at");
        let query = Query::of(user_id, LATEST)
            .beginning(LINK_PREFIX)
            .newest_first()
            .only_if(open);
        let sessions = self.query(query).await?.rows.into_iter();
        sessions.map(rows::read_link_session).collect()
    }
}

impl LinkOwners for Table {
    async fn link_owner(
        &self,
        link_token_hash: &Sha256,
    ) -> Result<Option<(UserId, LinkId)>, StoreError> {
        let row = self
            .get(&RecordKey::link_token_owner(link_token_hash))
            .await?;
        row.map(rows::read_link_owner).transpose()
    }

    async fn record_results(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        results: &LinkResults,
    ) -> Result<(), StoreError> {
        let key = RecordKey::link_session(user_id, link_id);
        let told = Edit::default().set("results", rows::link_results_value(results)?);
        let record = |edit, condition| Write::update(key.clone(), edit).only_if(condition);
        if results.finished {
            // The Item of update mode must still be read, so only that settles its session.
            let settled = told.clone().remove(["due", "due_at"]);
            let links = Condition::present().lacks("item_id");
            match self.write(record(settled, links)).await {
                Err(Refused::Condition(Some(_))) => {}
                outcome => return Ok(outcome?),
            }
        }
        Ok(self.write(record(told, Condition::present())).await?)
    }
}

impl LinkReports for Table {
    async fn session(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
    ) -> Result<Option<LinkSession>, StoreError> {
        let row = self.get(&RecordKey::link_session(user_id, link_id)).await?;
        row.map(rows::read_link_session).transpose()
    }

    async fn record_exit(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        exit: &LinkExit,
    ) -> Result<(), StoreError> {
        let key = RecordKey::link_session(user_id, link_id);
        let told = Edit::default().set("exit", rows::link_exit_value(exit)?);
        let report = Write::update(key, told).only_if(Condition::present());
        Ok(self.write(report).await?)
    }
}

/// The same for a session that is recorded again, different for every other one.
fn session_token(session: &LinkSession) -> ClientToken {
    let (user_id, link_id) = (&session.user_id, &session.link_id);
    let link_token = &session.link_token_hash;
    ClientToken::named(&format!("{user_id}/{link_id}/{link_token}"))
}
