//! Faults that a test arms: they strike chosen calls of chosen endpoints.

use sandbox_kit::faults::{self, Details, status};
use sandbox_kit::play::OwnKind;
use serde::{Deserialize, Serialize};

use crate::error::{AstraError, meaning};

/// An armed fault.
pub(crate) type Fault = faults::Fault<Own>;
/// What a fault does.
pub(crate) type Kind = faults::Kind<Own>;

/// What only Astra answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Own {
    /// Answers with an error of Astra's.
    AstraError {
        /// The error.
        error: AstraError,
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
    /// The call takes effect, and half of the answer's body is not there.
    MalformedBody,
}

impl OwnKind for Own {
    fn takes_effect(&self) -> bool {
        match self {
            Self::AstraError { after_effect, .. } => *after_effect,
            Self::MalformedBody => true,
        }
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
    description: Option<String>,
    error: Option<String>,
    body: Option<String>,
    delay_ms: Option<u64>,
    #[serde(default)]
    after_effect: bool,
}

impl NewFault {
    /// The fault.
    ///
    /// # Errors
    ///
    /// What makes no sense about it.
    pub(crate) fn arm(self) -> Result<Fault, String> {
        let (endpoint, call, times) = (self.endpoint.clone(), self.call, self.times);
        Fault::arm(endpoint, call, times, self.kind()?)
    }

    fn kind(self) -> Result<Kind, String> {
        let after_effect = self.after_effect;
        let own = match self.kind.as_str() {
            "astra_error" => Own::AstraError {
                error: self.astra_error()?,
                after_effect,
            },
            "malformed_body" => Own::MalformedBody,
            common => {
                let details = Details {
                    status: self.status,
                    body: self.body,
                    delay_ms: self.delay_ms,
                    after_effect,
                };
                return Kind::named(common, details);
            }
        };
        Ok(Kind::Own(own))
    }

    fn astra_error(self) -> Result<AstraError, String> {
        let said = self.description;
        if let Some(code) = &self.error {
            let mut error = AstraError::oauth(code, said.unwrap_or_else(|| code.clone()));
            if self.status.is_some() {
                error.status = status(self.status, 400, "astra_error")?;
            }
            return Ok(error);
        }
        let status = status(self.status, 400, "astra_error")?;
        Ok(AstraError::of(
            status,
            said.unwrap_or_else(|| meaning(status).to_owned()),
        ))
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
        let fault = json!({"endpoint": "GET /a", "call": 2, "times": 2, "kind": "lose_answer"});
        world.faults.insert(1, arm(fault).unwrap());
        assert!(world.take_fault("GET /b").is_none());
        let struck: Vec<bool> = (0..4)
            .map(|_| world.take_fault("GET /a").is_some())
            .collect();
        assert_eq!(struck, [false, true, true, false]);
        assert!(world.faults.is_empty());
    }

    #[test]
    fn fault_that_makes_no_sense_is_refused() {
        for fault in [
            json!({"endpoint": "*", "kind": "explode"}),
            json!({"endpoint": "*", "kind": "astra_error"}),
            json!({"endpoint": "*", "kind": "astra_error", "status": 200}),
            json!({"endpoint": "*", "kind": "astra_error", "error": "e", "status": 200}),
            json!({"endpoint": "*", "kind": "lose_answer", "times": 0}),
        ] {
            assert!(arm(fault.clone()).is_err(), "{fault}");
        }
    }

    #[test]
    fn an_errors_status_says_what_is_wrong_unless_the_test_does() {
        let error = |fault| match arm(fault).unwrap().kind() {
            Kind::Own(Own::AstraError { error, .. }) => error.clone(),
            other => panic!("{other:?}"),
        };
        let slow = error(json!({"endpoint": "*", "kind": "astra_error", "status": 429}));
        assert_eq!(slow.description, "too many requests: slow down");
        let said = error(json!({
            "endpoint": "*", "kind": "astra_error", "status": 429, "description": "wait",
        }));
        assert_eq!(said.description, "wait");
        let oauth = error(json!({
            "endpoint": "*", "kind": "astra_error", "error": "invalid_grant",
        }));
        assert_eq!(oauth, AstraError::oauth("invalid_grant", "invalid_grant"));
    }
}
