//! What goes wrong at Astra, as callers see it.

use super::{Code, LATER, Problem, SOON, WITHIN_A_MINUTE};
use crate::domain::{AstraFailure, AstraFailureClass};
use crate::use_cases::astra::AstraError;
use crate::use_cases::astra::connect::ConnectError;
use crate::use_cases::astra::take_off::Objection;

impl From<AstraFailure> for Problem {
    fn from(failure: AstraFailure) -> Self {
        use AstraFailureClass::{AlreadyThere, Gone, Operator, Reauthorize, Refused, Retry};
        let problem = match failure.class() {
            Operator => Self::new(
                Code::AstraNotConfigured,
                "Astra refuses how this service is set up. Its operator has to mend that.",
            )
            .retry_after(LATER),
            Retry if failure.is_rate_limit() => Self::new(
                Code::AstraUnavailable,
                "Astra asks for patience. Try again.",
            )
            .retry_after(WITHIN_A_MINUTE),
            Retry | AlreadyThere | Gone | Refused | Reauthorize => Self::new(
                Code::AstraUnavailable,
                "Astra did not do its part. Try again.",
            )
            .retry_after(SOON),
        };
        problem.caused_by(&failure)
    }
}

impl From<AstraError> for Problem {
    fn from(error: AstraError) -> Self {
        match error {
            AstraError::NotConnected | AstraError::Reauthorize => not_connected(),
            AstraError::Busy | AstraError::Waits => {
                let detail = "Something else is being done for this user at Astra. Try again.";
                Self::new(Code::AstraUnavailable, detail).retry_after(SOON)
            }
            AstraError::Astra(failure) => failure.into(),
            AstraError::Store(error) => error.into(),
            AstraError::Vault(error) => error.into(),
        }
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::UnknownState => Self::new(
                Code::AstraStateUnknown,
                "This state is unknown, used up, too old, or somebody else's. Begin again.",
            ),
            ConnectError::AnotherUser => Self::new(
                Code::AstraUserDiffers,
                "At Astra, the user signed in as somebody else than before. Disconnect first.",
            ),
            ConnectError::Astra(failure) if is_of_the_code(&failure) => Self::new(
                Code::AstraCodeRefused,
                "Astra does not accept this code. Begin again.",
            )
            .caused_by(&failure),
            // The code is good once, so asking again is of no use.
            ConnectError::Astra(failure) if failure.class() == AstraFailureClass::Retry => {
                let detail = "Astra did not do its part. Begin again.";
                Self::new(Code::AstraUnavailable, detail).caused_by(&failure)
            }
            ConnectError::Astra(failure) => failure.into(),
            ConnectError::Store(error) => error.into(),
            ConnectError::Vault(error) => error.into(),
        }
    }
}

impl From<Objection> for Problem {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Kept(reason) => Self::new(
                Code::AstraKeepsAccount,
                format!("Astra says: {reason}. With ?force=true the Item goes all the same."),
            ),
            Objection::NotConnected => Self::new(
                Code::AstraNotConnected,
                "Its accounts are at Astra, and the user is not connected any more. \
                 Connect Astra first, or send ?force=true.",
            ),
            Objection::Later(error) => error.into(),
        }
    }
}

fn is_of_the_code(failure: &AstraFailure) -> bool {
    use AstraFailureClass::{Reauthorize, Refused};
    matches!(failure.class(), Reauthorize | Refused)
}

fn not_connected() -> Problem {
    Problem::new(Code::AstraNotConnected, "Connect the user to Astra first.")
}
