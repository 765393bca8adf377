//! What can go wrong at Plaid, and what follows from it.

use serde_json::{Map, Value};

use super::PlaidRequestId;

/// Plaid's error object. Decisions rest on its type and code only; the messages may
/// change at any time (plaid.com/docs/errors).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlaidError {
    /// The broad category.
    pub error_type: String,
    /// The exact reason.
    pub error_code: String,
    /// For developers.
    pub error_message: Option<String>,
    /// The only text that is meant for users.
    pub display_message: Option<String>,
    /// Plaid's id of the answer.
    pub request_id: Option<PlaidRequestId>,
    /// The HTTP status of the answer.
    pub http_status: u16,
    /// Everything else that Plaid said.
    pub other: Map<String, Value>,
}

/// Who can do something about an error of Plaid's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// Time: the same call may succeed in seconds.
    Retry,
    /// Time: the institution is away, for hours perhaps.
    Institution,
    /// Time: a webhook will tell.
    NotReady,
    /// The user, in update mode.
    UpdateMode,
    /// The user, by linking again; this token or Item is over.
    LinkAgain,
    /// Nobody: the account is not, or no longer, part of the Item.
    StaleAccount,
    /// Our operator: keys, products, permissions, or a request that Plaid does not
    /// understand.
    Operator,
}

impl PlaidError {
    /// Who can act. Codes that we do not know are the operator's, because nothing that a
    /// user does is known to help; HTTP status alone decides nothing, since nearly every
    /// error of a user or an Item is a 400.
    pub fn class(&self) -> FailureClass {
        let is = |text: &str| self.error_type.eq_ignore_ascii_case(text);
        match self.error_code.to_ascii_uppercase().as_str() {
            "CREDITS_EXHAUSTED" => FailureClass::Operator,
            "INSTITUTION_NOT_RESPONDING" | "INSTITUTION_DOWN" | "INSTITUTION_NOT_AVAILABLE" => {
                FailureClass::Institution
            }
            "PRODUCT_NOT_READY" => FailureClass::NotReady,
            "ITEM_LOGIN_REQUIRED"
            | "ACCESS_NOT_GRANTED"
            | "NO_AUTH_ACCOUNTS"
            | "ADDITIONAL_CONSENT_REQUIRED" => FailureClass::UpdateMode,
            "INVALID_PUBLIC_TOKEN"
            | "ITEM_NOT_FOUND"
            | "USER_PERMISSION_REVOKED"
            | "TOO_MANY_VERIFICATION_ATTEMPTS" => FailureClass::LinkAgain,
            "INVALID_ACCOUNT_ID" => FailureClass::StaleAccount,
            _ if is("API_ERROR") || is("RATE_LIMIT_EXCEEDED") => FailureClass::Retry,
            _ if self.http_status == 429 || self.http_status >= 500 => FailureClass::Retry,
            _ => FailureClass::Operator,
        }
    }

    /// Whether this is that code.
    pub fn is(&self, error_code: &str) -> bool {
        self.error_code.eq_ignore_ascii_case(error_code)
    }
}

/// Why a call to Plaid brought nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlaidFailure {
    /// Plaid said no.
    #[error("Plaid answered {} {}", error.error_type, error.error_code)]
    Refused {
        /// What it said.
        error: Box<PlaidError>,
        /// Whether an earlier attempt of the same call got no answer, and so may have
        /// had its effect.
        after_lost_answer: bool,
    },
    /// Plaid answered, but not in its own terms.
    #[error("Plaid answered with HTTP status {http_status} and a body that is not understood")]
    Unintelligible {
        /// The HTTP status of the answer.
        http_status: u16,
    },
    /// No answer came in time.
    #[error("Plaid gave no answer: {reason}")]
    NoAnswer {
        /// What happened, without any content.
        reason: &'static str,
        /// Whether the call may have had its effect all the same.
        maybe_applied: bool,
    },
    /// Our own credentials could not be read.
    #[error("the Plaid credentials could not be read")]
    NoCredentials,
}

impl PlaidFailure {
    /// Plaid's error object, where there is one.
    pub fn plaid_error(&self) -> Option<&PlaidError> {
        match self {
            Self::Refused { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether Plaid was asked too often.
    pub fn is_rate_limit(&self) -> bool {
        self.plaid_error().is_some_and(|error| {
            let error_type = &error.error_type;
            error_type.eq_ignore_ascii_case("RATE_LIMIT_EXCEEDED")
        })
    }

    /// Who can act.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Refused { error, .. } => error.class(),
            Self::Unintelligible { .. } | Self::NoAnswer { .. } | Self::NoCredentials => {
                FailureClass::Retry
            }
        }
    }

    /// Whether this call may have changed something at Plaid.
    pub fn maybe_applied(&self) -> bool {
        match self {
            Self::Refused {
                error,
                after_lost_answer,
            } => *after_lost_answer || error.http_status >= 500,
            Self::Unintelligible { .. } => true,
            Self::NoAnswer { maybe_applied, .. } => *maybe_applied,
            Self::NoCredentials => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(error_type: &str, error_code: &str, http_status: u16) -> PlaidError {
        PlaidError {
            error_type: error_type.to_owned(),
            error_code: error_code.to_owned(),
            http_status,
            ..PlaidError::default()
        }
    }

    #[test]
    fn errors_are_classed_by_type_and_code_and_not_by_status() {
        let expected = [
            (
                "API_ERROR",
                "INTERNAL_SERVER_ERROR",
                500,
                FailureClass::Retry,
            ),
            (
                "RATE_LIMIT_EXCEEDED",
                "ACCOUNTS_LIMIT",
                429,
                FailureClass::Retry,
            ),
            (
                "RATE_LIMIT_EXCEEDED",
                "CREDITS_EXHAUSTED",
                429,
                FailureClass::Operator,
            ),
            (
                "INSTITUTION_ERROR",
                "INSTITUTION_DOWN",
                400,
                FailureClass::Institution,
            ),
            (
                "ITEM_ERROR",
                "ITEM_LOGIN_REQUIRED",
                400,
                FailureClass::UpdateMode,
            ),
            (
                "ITEM_ERROR",
                "PRODUCT_NOT_READY",
                400,
                FailureClass::NotReady,
            ),
            (
                "INVALID_INPUT",
                "INVALID_PUBLIC_TOKEN",
                400,
                FailureClass::LinkAgain,
            ),
            (
                "INVALID_INPUT",
                "invalid_account_id",
                400,
                FailureClass::StaleAccount,
            ),
            (
                "INVALID_INPUT",
                "INVALID_API_KEYS",
                400,
                FailureClass::Operator,
            ),
            ("A_TYPE_OF_NEXT_YEAR", "A_CODE", 400, FailureClass::Operator),
            ("A_TYPE_OF_NEXT_YEAR", "A_CODE", 502, FailureClass::Retry),
        ];
        for (error_type, code, status, class) in expected {
            assert_eq!(
                error(error_type, code, status).class(),
                class,
                "{error_type}/{code}"
            );
        }
    }

    #[test]
    fn only_answers_that_cannot_follow_an_effect_exclude_one() {
        let refused = |status, after_lost_answer| PlaidFailure::Refused {
            error: Box::new(error("X", "Y", status)),
            after_lost_answer,
        };
        assert!(!refused(400, false).maybe_applied());
        assert!(!refused(429, false).maybe_applied());
        assert!(refused(400, true).maybe_applied());
        assert!(refused(500, false).maybe_applied());
        assert!(PlaidFailure::Unintelligible { http_status: 200 }.maybe_applied());
        assert!(!PlaidFailure::NoCredentials.maybe_applied());
    }
}
