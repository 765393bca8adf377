//! Faults that a test arms: they strike chosen calls of chosen endpoints.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{AstraError, meaning};

/// An armed fault.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Fault {
    pub(crate) endpoint: String,
    /// How many calls go well before it strikes.
    pub(crate) calls_before: u32,
    /// How many calls it strikes; at least one.
    pub(crate) times: u32,
    pub(crate) kind: Kind,
}

/// What a fault does.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Answers with an error of Astra's.
    AstraError {
        /// The error.
        error: AstraError,
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
    /// Answers with something that is not Astra's, as a proxy in between would.
    HttpStatus {
        /// The status.
        status: u16,
        /// The body, as it is.
        body: String,
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
    /// The call takes effect, the answer comes late.
    DelayMs {
        /// How late, in milliseconds.
        delay_ms: u64,
    },
    /// The call takes effect, then the connection is cut.
    LoseAnswer,
    /// The connection is cut before the call takes effect.
    CutConnection,
    /// The call takes effect, and half of the answer's body is not there.
    MalformedBody,
}

impl Kind {
    /// Whether it strikes before the call takes effect.
    pub(crate) fn is_early(&self) -> bool {
        match self {
            Self::CutConnection => true,
            Self::AstraError { after_effect, .. } | Self::HttpStatus { after_effect, .. } => {
                !after_effect
            }
            Self::DelayMs { .. } | Self::LoseAnswer | Self::MalformedBody => false,
        }
    }
}

impl Fault {
    pub(crate) fn is_for(&self, endpoint: &str) -> bool {
        self.endpoint == "*" || self.endpoint == endpoint
    }

    pub(crate) fn view(&self, id: u64) -> Value {
        let mut view = json!({
            "id": id,
            "endpoint": self.endpoint,
            "call": self.calls_before + 1,
            "times": self.times,
        });
        let kind = serde_json::to_value(&self.kind).unwrap_or_default();
        if let (Some(view), Value::Object(kind)) = (view.as_object_mut(), kind) {
            view.extend(kind);
        }
        view
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
        if self.call == Some(0) || self.times == Some(0) {
            return Err("call and times count from 1".to_owned());
        }
        Ok(Fault {
            endpoint: self.endpoint.clone(),
            calls_before: self.call.unwrap_or(1) - 1,
            times: self.times.unwrap_or(1),
            kind: self.kind()?,
        })
    }

    fn kind(self) -> Result<Kind, String> {
        let after_effect = self.after_effect;
        Ok(match self.kind.as_str() {
            "astra_error" => Kind::AstraError {
                error: self.astra_error()?,
                after_effect,
            },
            "http_status" => Kind::HttpStatus {
                status: status(self.status, 200, "http_status")?,
                body: self.body.unwrap_or_default(),
                after_effect,
            },
            "delay_ms" => Kind::DelayMs {
                delay_ms: self.delay_ms.ok_or("delay_ms needs delay_ms")?,
            },
            "lose_answer" => Kind::LoseAnswer,
            "cut_connection" => Kind::CutConnection,
            "malformed_body" => Kind::MalformedBody,
            other => return Err(format!("unknown kind: {other}")),
        })
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

fn status(wanted: Option<u16>, least: u16, kind: &str) -> Result<u16, String> {
    let status = wanted.ok_or_else(|| format!("{kind} needs a status"))?;
    if (least..600).contains(&status) {
        Ok(status)
    } else {
        Err(format!("status must be between {least} and 599"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

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
            json!({"endpoint": "*", "kind": "http_status"}),
            json!({"endpoint": "*", "kind": "http_status", "status": 199}),
            json!({"endpoint": "*", "kind": "astra_error"}),
            json!({"endpoint": "*", "kind": "astra_error", "status": 200}),
            json!({"endpoint": "*", "kind": "astra_error", "error": "e", "status": 200}),
            json!({"endpoint": "*", "kind": "delay_ms"}),
            json!({"endpoint": "*", "kind": "lose_answer", "times": 0}),
            json!({"endpoint": "*", "kind": "lose_answer", "call": 0}),
        ] {
            assert!(arm(fault.clone()).is_err(), "{fault}");
        }
    }

    #[test]
    fn an_errors_status_says_what_is_wrong_unless_the_test_does() {
        let error = |fault| match arm(fault).unwrap().kind {
            Kind::AstraError { error, .. } => error,
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
