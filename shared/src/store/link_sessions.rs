//! The records of Link sessions.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::conditions::unavailable;
use super::exchanges::text;
use super::{Table, rows};
use crate::domain::{LinkExit, LinkId, LinkSession, RecordKey, UserId};
use crate::ports::{LinkReports, LinkSessions, StoreError};

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
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET #exit = :exit")
            .expression_attribute_names("#exit", "exit")
            .expression_attribute_values(":exit", rows::link_exit_value(exit)?)
            .send()
            .await;
        let Err(error) = update else { return Ok(()) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Err(StoreError::Conflict),
            _ => Err(unavailable(&error)),
        }
    }
}
