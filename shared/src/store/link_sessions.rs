//! The records of Link sessions.

use super::attributes::text;
use super::expressions::{Condition, Edit};
use super::query::Query;
use super::transaction::ClientToken;
use super::write::Write;
use super::{Table, rows};
use crate::domain::record_key::LINK_PREFIX;
use crate::domain::{ItemId, LinkExit, LinkId, LinkSession, RecordKey, UserId};
use crate::ports::{LinkReports, LinkSessions, StoreError, UpdateSessions};

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
