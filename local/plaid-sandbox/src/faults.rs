//! Faults that a test arms: they strike chosen calls of chosen endpoints.

use sandbox_kit::faults::{self, Details};
use sandbox_kit::play::OwnKind;
use serde::{Deserialize, Serialize};

use crate::wire::error::PlaidError;

/// An armed fault.
pub(crate) type Fault = faults::Fault<Own>;
/// What a fault does.
pub(crate) type Kind = faults::Kind<Own>;

/// What only Plaid answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Own {
    /// Answers with an error of Plaid's.
    PlaidError {
        /// The error.
        error: PlaidError,
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
}

impl OwnKind for Own {
    fn takes_effect(&self) -> bool {
        let Self::PlaidError { after_effect, .. } = self;
        *after_effect
    }
}

/// A fault as a test writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFault {
    endpoint: String,
    call: Option<u32>,
    times: Option<u32>,
    kind: String,
    status: Option<u16>,
    error_type: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    display_message: Option<String>,
    body: Option<String>,
    delay_ms: Option<u64>,
    #[serde(default)]
    after_effect: bool,
}

impl NewFault {
    /// The fault, or what is wrong with it.
    pub(crate) fn arm(self) -> Result<Fault, String> {
        let (endpoint, call, times) = (self.endpoint.clone(), self.call, self.times);
        Fault::arm(endpoint, call, times, self.kind()?)
    }

    fn kind(self) -> Result<Kind, String> {
        let after_effect = self.after_effect;
        if self.kind == "plaid_error" {
            let error = self.plaid_error()?;
            return Ok(Kind::Own(Own::PlaidError {
                error,
                after_effect,
            }));
        }
        let details = Details {
            status: self.status,
            body: self.body,
            delay_ms: self.delay_ms,
            after_effect,
        };
        Kind::named(&self.kind, details)
    }

    fn plaid_error(self) -> Result<PlaidError, String> {
        let code = self.error_code.ok_or("plaid_error needs an error_code")?;
        if self.error_type.is_none() && !PlaidError::knows(&code) {
            return Err(format!(
                "{code} is not known here: give its error_type as well"
            ));
        }
        let mut error = PlaidError::of(&code);
        error.error_type = self.error_type.unwrap_or(error.error_type);
        let status = self.status.or(Some(error.status));
        error.status = faults::status(status, 400, "plaid_error")?;
        error.error_message = self.error_message.unwrap_or(error.error_message);
        error.display_message = self.display_message.or(error.display_message);
        Ok(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use serde_json::{Value, json};

    fn arm(fault: Value) -> Result<Fault, String> {
        serde_json::from_value::<NewFault>(fault).unwrap().arm()
    }

    #[test]
    fn fault_strikes_the_chosen_calls_and_no_others() {
        let mut world = World::default();
        let fault = arm(json!({"endpoint": "/a", "call": 2, "times": 2, "kind": "lose_answer"}));
        world.faults.insert("1".to_owned(), fault.unwrap());
        assert!(world.take_fault("/b").is_none());
        let struck: Vec<bool> = (0..4).map(|_| world.take_fault("/a").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
        assert_eq!(world.faults.len(), 0);
    }

    #[test]
    fn fault_that_makes_no_sense_is_refused() {
        for fault in [
            json!({"endpoint": "/a", "kind": "explode"}),
            json!({"endpoint": "/a", "kind": "plaid_error"}),
            json!({"endpoint": "/a", "kind": "plaid_error", "error_code": "SOMETHING"}),
            json!({
                "endpoint": "/a", "kind": "plaid_error", "error_code": "RATE_LIMIT",
                "status": 200,
            }),
            json!({"endpoint": "/a", "kind": "lose_answer", "times": 0}),
        ] {
            assert!(arm(fault.clone()).is_err(), "{fault}");
        }
    }

    #[test]
    fn known_error_code_brings_its_type_and_status() {
        let fault =
            arm(json!({"endpoint": "*", "kind": "plaid_error", "error_code": "RATE_LIMIT"}));
        let fault = fault.unwrap();
        let Kind::Own(Own::PlaidError { error, .. }) = fault.kind() else {
            panic!()
        };
        assert_eq!(
            (error.error_type.as_str(), error.status),
            ("RATE_LIMIT_EXCEEDED", 429)
        );
    }
}
