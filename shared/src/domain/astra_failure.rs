//! What can go wrong at Astra, and what follows from it.

use super::AstraRequestId;

/// In whose name Astra was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AstraCaller {
    /// In our own, for tokens.
    Us,
    /// In that of a user, with an access token.
    User,
}

/// What Astra says with a refusal. Decisions rest on the HTTP status
/// (docs.astra.finance/reference/errors), at the token endpoint also on the code of
/// RFC 6749; on words only where Astra documents the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AstraError {
    /// The HTTP status of the answer.
    pub http_status: u16,
    /// In whose name the call was made.
    pub caller: AstraCaller,
    /// The token endpoint's code, such as `invalid_grant`.
    pub code: Option<String>,
    /// Astra's reason: bounded, and without tokens.
    pub description: Option<String>,
    /// Astra's id of the answer.
    pub request_id: Option<AstraRequestId>,
}

/// Who can do something about a failure of Astra's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AstraFailureClass {
    /// Time: the same call may succeed in seconds. [`AstraFailure::maybe_applied`] tells
    /// whether it may have done so already.
    Retry,
    /// The user, by authorising us anew.
    Reauthorize,
    /// Nobody has to: the account is there.
    AlreadyThere,
    /// Nobody can: what was asked for does not exist, or no longer.
    Gone,
    /// Our operator: the client's keys.
    Operator,
    /// Nobody: Astra says no, and would say so again.
    Refused,
}

/// Astra's words for an account that was handed over before
/// (docs.astra.finance/reference/common-errors-responses).
const ALREADY_THERE: &str = "account already exists";
/// Its words for keys that it does not know, from the same page.
const WRONG_CLIENT: &str = "invalid client_id";

impl AstraError {
    /// Who can act.
    pub fn class(&self) -> AstraFailureClass {
        match (self.http_status, self.caller) {
            (429 | 500.., _) => AstraFailureClass::Retry,
            (_, AstraCaller::Us) if self.refuses_our_keys() => AstraFailureClass::Operator,
            (_, AstraCaller::Us) if self.is("unauthorized_client") => AstraFailureClass::Operator,
            (_, AstraCaller::Us) if self.is("invalid_grant") => AstraFailureClass::Reauthorize,
            (401, AstraCaller::User) => AstraFailureClass::Reauthorize,
            (404 | 410, AstraCaller::User) => AstraFailureClass::Gone,
            (_, AstraCaller::User) if self.says(ALREADY_THERE) => AstraFailureClass::AlreadyThere,
            _ => AstraFailureClass::Refused,
        }
    }

    /// Whether Astra does not take the client's keys. It did not look at the rest then.
    pub fn refuses_our_keys(&self) -> bool {
        let said = self.is("invalid_client") || self.says(WRONG_CLIENT);
        let says_nothing_else = self.http_status == 401 && self.code.is_none();
        self.caller == AstraCaller::Us
            && (400..429).contains(&self.http_status)
            && (said || says_nothing_else)
    }

    fn is(&self, code: &str) -> bool {
        let own = self.code.as_deref();
        own.is_some_and(|own| own.eq_ignore_ascii_case(code))
    }

    fn says(&self, words: &str) -> bool {
        let own = self.description.as_deref();
        own.is_some_and(|own| own.to_ascii_lowercase().contains(words))
    }
}

/// Why a call to Astra brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AstraFailure {
    /// Astra said no.
    #[error("Astra answered {}{}", error.http_status, spaced(error.code.as_deref()))]
    Refused {
        /// What it said.
        error: Box<AstraError>,
        /// Whether an earlier attempt of the same call got no answer, and so may have
        /// had its effect.
        after_lost_answer: bool,
    },
    /// An answer came, but not in Astra's terms.
    #[error("Astra answered with HTTP status {http_status} and a body that is not understood")]
    Unintelligible {
        /// The HTTP status of the answer.
        http_status: u16,
        /// Astra's id of the answer, if it has one.
        request_id: Option<AstraRequestId>,
    },
    /// No answer came in time.
    #[error("Astra gave no answer: {reason}")]
    NoAnswer {
        /// What happened, without any content.
        reason: &'static str,
        /// Whether the call may have had its effect all the same.
        maybe_applied: bool,
    },
    /// The client's keys could not be read.
    #[error("the Astra credentials could not be read")]
    NoCredentials,
}

fn spaced(code: Option<&str>) -> String {
    code.map(|code| format!(" {code}")).unwrap_or_default()
}

impl AstraFailure {
    /// What Astra said, where it said something.
    pub fn astra_error(&self) -> Option<&AstraError> {
        match self {
            Self::Refused { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Astra's reason for people: bounded, and without tokens.
    pub fn description(&self) -> Option<&str> {
        self.astra_error()?.description.as_deref()
    }

    /// Astra's id of the answer, which its support asks for.
    pub fn request_id(&self) -> Option<&AstraRequestId> {
        match self {
            Self::Refused { error, .. } => error.request_id.as_ref(),
            Self::Unintelligible { request_id, .. } => request_id.as_ref(),
            Self::NoAnswer { .. } | Self::NoCredentials => None,
        }
    }

    /// Whether Astra was asked too often.
    pub fn is_rate_limit(&self) -> bool {
        self.astra_error()
            .is_some_and(|error| error.http_status == 429)
    }

    /// Who can act.
    pub fn class(&self) -> AstraFailureClass {
        match self {
            Self::Refused { error, .. } => error.class(),
            Self::Unintelligible { .. } | Self::NoAnswer { .. } => AstraFailureClass::Retry,
            Self::NoCredentials => AstraFailureClass::Operator,
        }
    }

    /// Whether this call may have changed something at Astra.
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

    /// The same failure after an earlier attempt of the same call that may have had its
    /// effect, or not.
    #[must_use]
    pub fn after(self, earlier_maybe_applied: bool) -> Self {
        match self {
            Self::Refused {
                error,
                after_lost_answer,
            } => Self::Refused {
                error,
                after_lost_answer: after_lost_answer || earlier_maybe_applied,
            },
            Self::NoAnswer {
                reason,
                maybe_applied,
            } => Self::NoAnswer {
                reason,
                maybe_applied: maybe_applied || earlier_maybe_applied,
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(caller: AstraCaller, http_status: u16, code: &str, said: &str) -> AstraError {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        AstraError {
            http_status,
            caller,
            code: filled(code),
            description: filled(said),
            request_id: None,
        }
    }

    #[test]
    fn a_users_call_is_classed_by_its_status() {
        use AstraFailureClass::{AlreadyThere, Gone, Reauthorize, Refused, Retry};
        let expected = [
            (400, "", Refused),
            (400, "ACCOUNT already exists.", AlreadyThere),
            (409, "Account Already Exists", AlreadyThere),
            (500, "Account Already Exists", Retry),
            (401, "", Reauthorize),
            (401, "Invalid client_id", Reauthorize),
            (403, "", Refused),
            (404, "", Gone),
            (410, "", Gone),
            (418, "", Refused),
            (429, "Account Already Exists", Retry),
            (503, "", Retry),
        ];
        for (status, said, class) in expected {
            let error = error(AstraCaller::User, status, "", said);
            assert_eq!(error.class(), class, "{error:?}");
            assert!(!error.refuses_our_keys(), "{error:?}");
        }
    }

    #[test]
    fn a_call_for_tokens_is_classed_by_its_code() {
        use AstraFailureClass::{Operator, Reauthorize, Refused, Retry};
        let expected = [
            (401, "invalid_client", "", Operator, true),
            (400, "Invalid_Client", "", Operator, true),
            (400, "", "Invalid client_id", Operator, true),
            (401, "", "", Operator, true),
            (400, "unauthorized_client", "", Operator, false),
            (400, "invalid_grant", "", Reauthorize, false),
            (401, "invalid_grant", "", Reauthorize, false),
            (400, "invalid_request", "", Refused, false),
            (404, "", "", Refused, false),
            (400, "", "Account Already Exists", Refused, false),
            (429, "invalid_client", "", Retry, false),
            (500, "invalid_client", "", Retry, false),
        ];
        for (status, code, said, class, keys) in expected {
            let error = error(AstraCaller::Us, status, code, said);
            assert_eq!(error.class(), class, "{error:?}");
            assert_eq!(error.refuses_our_keys(), keys, "{error:?}");
        }
    }

    #[test]
    fn only_answers_that_cannot_follow_an_effect_exclude_one() {
        let refused = |status| AstraFailure::Refused {
            error: Box::new(error(AstraCaller::User, status, "", "")),
            after_lost_answer: false,
        };
        let silence = |maybe_applied| AstraFailure::NoAnswer {
            reason: "r",
            maybe_applied,
        };
        let unintelligible = AstraFailure::Unintelligible {
            http_status: 200,
            request_id: None,
        };
        for (failure, maybe_applied) in [
            (refused(400), false),
            (refused(429), false),
            (refused(500), true),
            (silence(false), false),
            (silence(true), true),
            (unintelligible, true),
            (AstraFailure::NoCredentials, false),
        ] {
            assert_eq!(failure.maybe_applied(), maybe_applied, "{failure}");
            let later = failure.clone().after(false);
            assert_eq!(later.maybe_applied(), maybe_applied, "{failure}");
        }
        assert!(refused(400).after(true).maybe_applied());
        assert!(refused(400).after(true).after(false).maybe_applied());
        assert!(silence(false).after(true).maybe_applied());
    }
}
