//! Connections to Astra, and users on the way to one.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::serde_forms::{optional_sealed, sealed};
use super::{Record, Row, from_row};
use crate::domain::{
    AstraAuthorization, AstraConnection, AstraUserId, ConnectionState, RecordKey, Sealed, UserId,
};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct ConnectionRow {
    user_id: UserId,
    astra_user_id: AstraUserId,
    #[serde(with = "sealed")]
    access_token: Sealed,
    #[serde(default, with = "optional_sealed")]
    refresh_token: Option<Sealed>,
    #[serde(with = "millisecond::required")]
    token_expires_at: Timestamp,
    #[serde(with = "millisecond::required")]
    refresh_at: Timestamp,
    redirect_uri: String,
    state: ConnectionState,
    version: u64,
    #[serde(with = "millisecond::required")]
    connected_at: Timestamp,
    #[serde(with = "millisecond::required")]
    updated_at: Timestamp,
}

#[derive(Serialize)]
struct AuthorizationRow<'a> {
    user_id: &'a UserId,
    #[serde(with = "millisecond::required")]
    until: Timestamp,
}

pub(in super::super) fn astra_connection_row(
    connection: &AstraConnection,
) -> Result<Row, StoreError> {
    let AstraConnection {
        user_id,
        astra_user_id,
        access_token,
        refresh_token,
        expires_at,
        refresh_at,
        redirect_uri,
        state,
        version,
        connected_at,
        updated_at,
    } = connection;
    let content = ConnectionRow {
        user_id: user_id.clone(),
        astra_user_id: astra_user_id.clone(),
        access_token: access_token.clone(),
        refresh_token: refresh_token.clone(),
        token_expires_at: *expires_at,
        refresh_at: *refresh_at,
        redirect_uri: redirect_uri.clone(),
        state: *state,
        version: *version,
        connected_at: *connected_at,
        updated_at: *updated_at,
    };
    let record = Record::new(RecordKey::astra_connection(user_id), &content)?;
    Ok(record.due(connection.due_at()).row)
}

pub(in super::super) fn read_astra_connection(row: Row) -> Result<AstraConnection, StoreError> {
    let row: ConnectionRow = from_row(row)?;
    Ok(AstraConnection {
        user_id: row.user_id,
        astra_user_id: row.astra_user_id,
        access_token: row.access_token,
        refresh_token: row.refresh_token,
        expires_at: row.token_expires_at,
        refresh_at: row.refresh_at,
        redirect_uri: row.redirect_uri,
        state: row.state,
        version: row.version,
        connected_at: row.connected_at,
        updated_at: row.updated_at,
    })
}

/// DynamoDB deletes expired records when it likes, so `until` is what counts.
pub(in super::super) fn authorization_row(
    authorization: &AstraAuthorization,
) -> Result<Row, StoreError> {
    let content = AuthorizationRow {
        user_id: &authorization.user_id,
        until: authorization.expires_at,
    };
    let key = RecordKey::astra_authorization(&authorization.state_hash);
    let record = Record::new(key, &content)?;
    Ok(record
        .expires(Some(authorization.expires_at.as_second()))
        .row)
}

#[cfg(test)]
mod tests {
    use super::super::keep;
    use super::*;
    use crate::test_util::store_contract::samples;

    /// What every connection has had from the first. A new attribute never belongs here.
    const FIRST: &[&str] = &[
        "user_id",
        "astra_user_id",
        "access_token",
        "token_expires_at",
        "refresh_at",
        "redirect_uri",
        "state",
        "version",
        "connected_at",
        "updated_at",
    ];

    #[test]
    fn a_connection_does_not_expire_as_a_record() {
        let row = astra_connection_row(&samples::astra_connection()).unwrap();
        assert!(!row.contains_key("expires_at"));
    }

    #[test]
    fn an_authorization_is_forgotten_after_its_time() {
        let authorization = samples::astra_authorization();
        let row = authorization_row(&authorization).unwrap();
        let expires_at = row["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(expires_at, authorization.expires_at.as_second());
    }

    #[test]
    fn a_record_from_before_a_new_attribute_is_read() {
        let connection = AstraConnection {
            refresh_token: None,
            ..samples::astra_connection()
        };
        let mut row = astra_connection_row(&connection).unwrap();
        keep(&mut row, FIRST);
        assert_eq!(read_astra_connection(row).unwrap(), connection);
    }
}
