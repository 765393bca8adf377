//! What a verified webhook asks us to do. It is a hint: the truth is read at Plaid, except
//! for what Plaid's API does not show.

use jiff::Timestamp;
use serde_json::Value;

use super::{AccountId, InboxRecord, Notice, NoticeCode, Sha256, WebhookType};

/// What a webhook asks for (plaid.com/docs/api/webhooks).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// To read the Item again.
    Reread,
    /// To read the Item again, and to keep this.
    Announce(Notice),
    /// To read the Item again, and to make new processor tokens for these accounts.
    Replace(Vec<Command>),
    /// To read the session's results.
    Session,
    /// Nothing that we do: unknown, or for somebody else.
    Nothing,
}

/// A processor token of an account is no longer good: its numbers changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The account.
    pub account_id: AccountId,
    /// Names the command: the hash of the webhook's body.
    pub name: Sha256,
    /// When Plaid signed it.
    pub issued_at: Timestamp,
}

impl Hint {
    /// What this webhook asks for. One whose signature was good but old commands nothing
    /// and announces nothing.
    pub fn of(record: &InboxRecord) -> Self {
        let body: Value = serde_json::from_str(&record.body).unwrap_or_default();
        let code = record.webhook.webhook_code.as_deref().unwrap_or_default();
        let hint = match &record.webhook.webhook_type {
            Some(WebhookType::Item) => of_item(code, &body, record.issued_at),
            Some(WebhookType::Auth) => of_auth(code, &body, record),
            Some(WebhookType::Link) => of_link(code),
            _ => Self::Nothing,
        };
        match hint {
            Self::Announce(_) | Self::Replace(_) if record.stale => Self::Reread,
            hint => hint,
        }
    }
}

fn of_item(code: &str, body: &Value, issued_at: Timestamp) -> Hint {
    let announce = |code, act_before: &str| {
        Hint::Announce(Notice {
            code,
            issued_at,
            reason: text(body, "reason"),
            act_before: text(body, act_before).and_then(|text| text.parse().ok()),
        })
    };
    match code {
        "ERROR" | "LOGIN_REPAIRED" | "USER_PERMISSION_REVOKED" | "USER_ACCOUNT_REVOKED" => {
            Hint::Reread
        }
        "PENDING_DISCONNECT" => announce(NoticeCode::PendingDisconnect, "disconnect_time"),
        "PENDING_EXPIRATION" => announce(NoticeCode::PendingExpiration, "consent_expiration_time"),
        "NEW_ACCOUNTS_AVAILABLE" => announce(NoticeCode::NewAccountsAvailable, ""),
        _ => Hint::Nothing,
    }
}

fn of_auth(code: &str, body: &Value, record: &InboxRecord) -> Hint {
    match code {
        "AUTOMATICALLY_VERIFIED" | "VERIFICATION_EXPIRED" | "SMS_MICRODEPOSITS_VERIFICATION" => {
            Hint::Reread
        }
        "DEFAULT_UPDATE" => Hint::Replace(commands(body, record)),
        "PRODUCT_PERMISSIONS_REQUIRED" => Hint::Announce(Notice {
            code: NoticeCode::ProductPermissionsRequired,
            issued_at: record.issued_at,
            reason: None,
            act_before: None,
        }),
        _ => Hint::Nothing,
    }
}

fn of_link(code: &str) -> Hint {
    match code {
        "SESSION_FINISHED" | "ITEM_ADD_RESULT" => Hint::Session,
        _ => Hint::Nothing,
    }
}

/// The accounts with new or changed numbers, each once.
fn commands(body: &Value, record: &InboxRecord) -> Vec<Command> {
    let new = body.get("account_ids_with_new_auth");
    let new = new.and_then(Value::as_array).into_iter().flatten();
    let new = new.filter_map(Value::as_str);
    let updated = body.get("account_ids_with_updated_auth");
    let updated = updated.and_then(Value::as_object).into_iter().flatten();
    let mut accounts: Vec<AccountId> = new
        .chain(updated.map(|(account_id, _)| account_id.as_str()))
        .map(AccountId::new)
        .collect();
    accounts.sort();
    accounts.dedup();
    let command = |account_id| Command {
        account_id,
        name: record.body_hash.clone(),
        issued_at: record.issued_at,
    };
    accounts.into_iter().map(command).collect()
}

fn text(body: &Value, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{ItemId, Webhook, WebhookSubject};

    /// This file, and the one that names the types.
    const SOURCES: [&str; 2] = [include_str!("hint.rs"), include_str!("webhook.rs")];
    const PAGE: &str = include_str!("../../../docs/webhooks.md");

    fn record(webhook_type: &str, code: &str, more: &str) -> InboxRecord {
        let body =
            format!(r#"{{"webhook_type": "{webhook_type}", "webhook_code": "{code}"{more}}}"#);
        InboxRecord {
            subject: WebhookSubject::Item(ItemId::new("I")),
            webhook: Webhook {
                webhook_type: Some(webhook_type.into()),
                webhook_code: Some(code.to_owned()),
                item_id: Some(ItemId::new("I")),
                link_session_id: None,
                link_token_hash: None,
            },
            body_hash: Sha256::of(body.as_bytes()),
            body,
            issued_at: Timestamp::UNIX_EPOCH,
            received_at: Timestamp::UNIX_EPOCH,
            stale: false,
        }
    }

    fn hint(webhook_type: &str, code: &str) -> Hint {
        Hint::of(&record(webhook_type, code, ""))
    }

    #[test]
    fn what_plaids_api_shows_is_only_read_again() {
        for (webhook_type, code) in [
            ("ITEM", "ERROR"),
            ("ITEM", "LOGIN_REPAIRED"),
            ("ITEM", "USER_PERMISSION_REVOKED"),
            ("ITEM", "USER_ACCOUNT_REVOKED"),
            ("AUTH", "AUTOMATICALLY_VERIFIED"),
            ("AUTH", "VERIFICATION_EXPIRED"),
            ("AUTH", "SMS_MICRODEPOSITS_VERIFICATION"),
        ] {
            assert_eq!(hint(webhook_type, code), Hint::Reread, "{code}");
        }
    }

    #[test]
    fn what_plaids_api_does_not_show_is_kept_with_its_date() {
        let more =
            r#", "reason": "INSTITUTION_MIGRATION", "disconnect_time": "2026-12-01T00:00:00Z""#;
        let Hint::Announce(notice) = Hint::of(&record("ITEM", "PENDING_DISCONNECT", more)) else {
            panic!("no announcement");
        };
        assert_eq!(notice.code, NoticeCode::PendingDisconnect);
        assert_eq!(notice.reason.as_deref(), Some("INSTITUTION_MIGRATION"));
        assert_eq!(
            notice.act_before,
            Some("2026-12-01T00:00:00Z".parse().unwrap())
        );
        for (webhook_type, code) in [
            ("ITEM", "NEW_ACCOUNTS_AVAILABLE"),
            ("ITEM", "PENDING_EXPIRATION"),
            ("AUTH", "PRODUCT_PERMISSIONS_REQUIRED"),
        ] {
            assert!(
                matches!(hint(webhook_type, code), Hint::Announce(_)),
                "{code}"
            );
        }
    }

    #[test]
    fn changed_numbers_command_a_new_token_for_each_account_once() {
        let more = r#", "account_ids_with_new_auth": ["b", "a"],
            "account_ids_with_updated_auth": {"a": ["ACCOUNT_NUMBER"], "c": ["ROUTING_NUMBER"]}"#;
        let Hint::Replace(commands) = Hint::of(&record("AUTH", "DEFAULT_UPDATE", more)) else {
            panic!("no commands");
        };
        let accounts: Vec<_> = commands.iter().map(|c| c.account_id.as_str()).collect();
        assert_eq!(accounts, ["a", "b", "c"]);
        let strange = record(
            "AUTH",
            "DEFAULT_UPDATE",
            r#", "account_ids_with_new_auth": 5"#,
        );
        assert_eq!(Hint::of(&strange), Hint::Replace(vec![]));
    }

    #[test]
    fn an_old_signature_is_a_reason_to_look_and_no_command() {
        for (webhook_type, code) in [("ITEM", "PENDING_DISCONNECT"), ("AUTH", "DEFAULT_UPDATE")] {
            let mut old = record(webhook_type, code, "");
            old.stale = true;
            assert_eq!(Hint::of(&old), Hint::Reread);
        }
    }

    /// Whatever the code may mean by a type or a code: its words in capitals.
    fn words() -> BTreeSet<&'static str> {
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let above_tests = |source: &'static str| source.split("#[cfg(test)]").next();
        let texts = SOURCES.into_iter().filter_map(above_tests);
        let texts = texts.flat_map(|source| source.split('"'));
        texts
            .filter(|text| !text.is_empty() && text.chars().all(is_part))
            .collect()
    }

    /// The first column of the page's table, but for its last row: `ITEM / ERROR`.
    fn documented() -> BTreeSet<String> {
        let (_, section) = PAGE.split_once("\n## What each webhook does\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
        let cells = rows.filter_map(|row| row.split(" |").next());
        cells
            .filter(|cell| !cell.starts_with("anything else"))
            .flat_map(|cell| cell.split(", "))
            .filter(|kind| kind.contains(" / ") && !kind.starts_with("type"))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_page_about_webhooks_has_those_that_ask_for_something() {
        let words = words();
        let kinds = words
            .iter()
            .flat_map(|kind| words.iter().map(move |code| (kind, code)));
        let heeded = kinds.filter(|(kind, code)| hint(kind, code) != Hint::Nothing);
        let heeded: BTreeSet<_> = heeded
            .map(|(kind, code)| format!("{kind} / {code}"))
            .collect();
        let documented = documented();
        let unwritten: Vec<_> = heeded.difference(&documented).collect();
        let unheeded: Vec<_> = documented.difference(&heeded).collect();
        assert!(
            unwritten.is_empty() && unheeded.is_empty(),
            "the table of docs/webhooks.md lacks {unwritten:?}, and has too many: {unheeded:?}"
        );
    }

    #[test]
    fn what_is_unknown_or_not_ours_asks_for_nothing() {
        for (webhook_type, code) in [
            ("ITEM", "NEXT_YEAR"),
            ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED"),
            ("LINK", "EVENTS"),
            ("NEXT_YEAR", "ERROR"),
            ("PROCESSOR_TOKEN", "WEBHOOK_UPDATE_ACKNOWLEDGED"),
        ] {
            assert_eq!(hint(webhook_type, code), Hint::Nothing, "{code}");
        }
        assert_eq!(hint("LINK", "SESSION_FINISHED"), Hint::Session);
    }
}
