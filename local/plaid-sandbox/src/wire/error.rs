//! Plaid's error object. Types, codes and statuses are Plaid's; the sentences are ours.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::known_errors::{ITEM, KNOWN};

/// An error as Plaid reports it: answered over HTTP, or kept on an Item.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct PlaidError {
    pub(crate) status: u16,
    pub(crate) error_type: String,
    pub(crate) error_code: String,
    pub(crate) error_message: String,
    pub(crate) display_message: Option<String>,
}

impl PlaidError {
    /// The error with this code. A code that Plaid has and this program does
    /// not know becomes an `ITEM_ERROR`, which most of them are.
    pub(crate) fn of(code: &str) -> Self {
        let known = KNOWN.iter().find(|known| known.code == code);
        Self {
            status: known.map_or(400, |known| known.status),
            error_type: known.map_or(ITEM, |known| known.error_type).to_owned(),
            error_code: code.to_owned(),
            error_message: known
                .map_or("an error that a test asked for", |known| known.message)
                .to_owned(),
            display_message: known.and_then(|known| known.display).map(str::to_owned),
        }
    }

    /// Whether this program knows the type and status of `code`.
    pub(crate) fn knows(code: &str) -> bool {
        KNOWN.iter().any(|known| known.code == code)
    }

    /// The same error with another `error_message`.
    pub(crate) fn saying(mut self, message: impl Into<String>) -> Self {
        self.error_message = message.into();
        self
    }

    /// The body of an HTTP answer.
    pub(crate) fn answer(&self, request_id: &str) -> Value {
        self.with("request_id", json!(request_id))
    }

    /// The error as it stands in an Item.
    pub(crate) fn on_item(&self) -> Value {
        self.with("error_code_reason", Value::Null)
    }

    /// The error as it stands in a webhook: with the status, without a `request_id`.
    pub(crate) fn in_webhook(&self) -> Value {
        self.with("status", json!(self.status))
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let section = self.error_type.to_lowercase().replace('_', "-");
        let section = section.trim_end_matches("-error");
        let mut body = json!({
            "display_message": self.display_message,
            "documentation_url": format!("https://plaid.com/docs/?ref=error#{section}-errors"),
            "error_code": self.error_code,
            "error_message": self.error_message,
            "error_type": self.error_type,
            "suggested_action": null,
        });
        if let Some(body) = body.as_object_mut() {
            body.insert(name.to_owned(), value);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_errors_are_400_and_only_plaids_own_faults_are_5xx() {
        assert_eq!(PlaidError::of("INSTITUTION_DOWN").status, 400);
        assert_eq!(PlaidError::of("ITEM_LOGIN_REQUIRED").status, 400);
        assert_eq!(PlaidError::of("INTERNAL_SERVER_ERROR").status, 500);
        assert_eq!(PlaidError::of("PLANNED_MAINTENANCE").status, 503);
    }

    #[test]
    fn error_in_a_webhook_has_a_status_and_no_request_id() {
        let error = PlaidError::of("ITEM_LOGIN_REQUIRED").in_webhook();
        assert_eq!(error["status"], 400);
        assert!(error.get("request_id").is_none());
    }
}
