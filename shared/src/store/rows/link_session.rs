//! Sessions of Link.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::serde_forms::sealed;
use super::{MONTH, Record, Row, corrupt, expiry, from_row, to_row};
use crate::domain::{
    ItemId, LinkExit, LinkId, LinkResults, LinkSession, LinkSessionId, PlaidRequestId, RecordKey,
    Sealed, Sha256, UserId,
};
use crate::ports::StoreError;

#[derive(Serialize, Deserialize)]
struct LinkSessionRow {
    user_id: UserId,
    link_id: LinkId,
    #[serde(with = "sealed")]
    link_token: Sealed,
    link_token_sha256: String,
    #[serde(with = "millisecond::required")]
    link_token_expires_at: Timestamp,
    item_id: Option<ItemId>,
    hosted: bool,
    exit: Option<LinkExitRow>,
    #[serde(default, with = "millisecond::optional")]
    refreshed_at: Option<Timestamp>,
    results: Option<LinkResults>,
    #[serde(with = "millisecond::required")]
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct LinkExitRow {
    status: Option<String>,
    error_type: Option<String>,
    error_code: Option<String>,
    display_message: Option<String>,
    institution_id: Option<String>,
    link_session_id: Option<LinkSessionId>,
    request_id: Option<PlaidRequestId>,
}

pub(in super::super) fn link_session_row(session: &LinkSession) -> Result<Row, StoreError> {
    let key = RecordKey::link_session(&session.user_id, &session.link_id);
    let record = Record::new(key, &content(session))?
        .due(session.due_at())
        .expires(Some(session_expiry(session)));
    Ok(record.row)
}

fn content(session: &LinkSession) -> LinkSessionRow {
    let LinkSession {
        link_id,
        user_id,
        link_token_hash,
        link_token,
        item_id,
        hosted,
        exit,
        refreshed_at,
        results,
        expires_at,
        created_at,
    } = session;
    LinkSessionRow {
        user_id: user_id.clone(),
        link_id: link_id.clone(),
        link_token: link_token.clone(),
        link_token_sha256: link_token_hash.to_string(),
        link_token_expires_at: *expires_at,
        item_id: item_id.clone(),
        hosted: *hosted,
        exit: exit.as_ref().map(link_exit_row),
        refreshed_at: *refreshed_at,
        results: results.clone(),
        created_at: *created_at,
    }
}

pub(in super::super) fn read_link_session(row: Row) -> Result<LinkSession, StoreError> {
    let row: LinkSessionRow = from_row(row)?;
    let link_token_hash = Sha256::parse(&row.link_token_sha256);
    Ok(LinkSession {
        link_id: row.link_id,
        user_id: row.user_id,
        link_token_hash: link_token_hash.ok_or_else(|| corrupt("a link token's hash"))?,
        link_token: row.link_token,
        item_id: row.item_id,
        hosted: row.hosted,
        exit: row.exit.map(read_link_exit),
        refreshed_at: row.refreshed_at,
        results: row.results,
        expires_at: row.link_token_expires_at,
        created_at: row.created_at,
    })
}

/// A report as an attribute of its own, to be written alone.
pub(in super::super) fn link_exit_value(exit: &LinkExit) -> Result<AttributeValue, StoreError> {
    Ok(AttributeValue::M(to_row(&link_exit_row(exit))?))
}

/// Results as an attribute of their own, to be written alone.
pub(in super::super) fn link_results_value(
    results: &LinkResults,
) -> Result<AttributeValue, StoreError> {
    Ok(AttributeValue::M(to_row(results)?))
}

/// When the session and its pointer may be forgotten.
pub(super) fn session_expiry(session: &LinkSession) -> i64 {
    expiry(session.created_at, MONTH)
}

fn link_exit_row(exit: &LinkExit) -> LinkExitRow {
    let LinkExit {
        status,
        error_type,
        error_code,
        display_message,
        institution_id,
        link_session_id,
        request_id,
    } = exit;
    LinkExitRow {
        status: status.clone(),
        error_type: error_type.clone(),
        error_code: error_code.clone(),
        display_message: display_message.clone(),
        institution_id: institution_id.clone(),
        link_session_id: link_session_id.clone(),
        request_id: request_id.clone(),
    }
}

fn read_link_exit(row: LinkExitRow) -> LinkExit {
    LinkExit {
        status: row.status,
        error_type: row.error_type,
        error_code: row.error_code,
        display_message: row.display_message,
        institution_id: row.institution_id,
        link_session_id: row.link_session_id,
        request_id: row.request_id,
    }
}

#[cfg(test)]
mod tests {
    use super::super::keep;
    use super::*;
    use crate::test_util::store_contract::samples;

    /// What every session has had from the first. A new attribute never belongs here.
    const FIRST: &[&str] = &[
        "user_id",
        "link_id",
        "link_token",
        "link_token_sha256",
        "link_token_expires_at",
        "hosted",
        "created_at",
    ];

    #[test]
    fn a_record_from_before_a_new_attribute_is_read() {
        let session = samples::new_session(1);
        let mut row = link_session_row(&session).unwrap();
        keep(&mut row, FIRST);
        assert_eq!(read_link_session(row).unwrap(), session);
    }

    #[test]
    fn only_sessions_of_update_mode_that_are_not_settled_are_due() {
        let mut session = samples::full_session();
        session.refreshed_at = None;
        let is_due = |session: &LinkSession| {
            let row = link_session_row(session).unwrap();
            assert_eq!(row.contains_key("due"), row.contains_key("due_at"));
            row.contains_key("due")
        };
        assert!(is_due(&session));
        session.refreshed_at = Some(session.expires_at);
        assert!(!is_due(&session));
        session.refreshed_at = None;
        session.item_id = None;
        assert!(!is_due(&session));
    }
}
