//! The records of Link sessions.

use super::{Table, rows};
use crate::domain::LinkSession;
use crate::ports::{LinkSessions, StoreError};

impl LinkSessions for Table {
    async fn record_session(&self, session: &LinkSession) -> Result<(), StoreError> {
        let writes = vec![
            self.put_new(rows::link_session_row(session)?)?,
            self.put_new(rows::link_token_owner_row(session)?)?,
        ];
        self.transact(&format!("link/{}", session.link_id), writes)
            .await
    }
}
