//! Faults that a test arms: they strike chosen calls of chosen endpoints.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::error::PlaidError;

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
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Answers with an error of Plaid's.
    PlaidError {
        /// The error.
        error: PlaidError,
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
    /// Answers with something that is not Plaid's, as a proxy in between would.
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
}

impl Fault {
    pub(crate) fn is_for(&self, endpoint: &str) -> bool {
        self.endpoint == "*" || self.endpoint == endpoint
    }

    pub(crate) fn view(&self, id: &str) -> Value {
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
        Ok(match self.kind.as_str() {
            "plaid_error" => Kind::PlaidError {
                after_effect: self.after_effect,
                error: self.plaid_error()?,
            },
            "http_status" => {
                let status = self.status.ok_or("http_status needs a status")?;
                if !(200..600).contains(&status) {
                    return Err("status must be between 200 and 599".to_owned());
                }
                let body = self.body.unwrap_or_default();
                Kind::HttpStatus {
                    status,
                    body,
                    after_effect: self.after_effect,
                }
            }
            "delay_ms" => Kind::DelayMs {
                delay_ms: self.delay_ms.ok_or("delay_ms needs delay_ms")?,
            },
            "lose_answer" => Kind::LoseAnswer,
            "cut_connection" => Kind::CutConnection,
            other => return Err(format!("unknown kind: {other}")),
        })
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
        error.status = self.status.unwrap_or(error.status);
        error.error_message = self.error_message.unwrap_or(error.error_message);
        error.display_message = self.display_message.or(error.display_message);
        if !(400..600).contains(&error.status) {
            return Err("status must be between 400 and 599".to_owned());
        }
        Ok(error)
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
            json!({"endpoint": "/a", "kind": "http_status"}),
            json!({"endpoint": "/a", "kind": "plaid_error"}),
            json!({"endpoint": "/a", "kind": "plaid_error", "error_code": "SOMETHING"}),
            json!({"endpoint": "/a", "kind": "lose_answer", "times": 0}),
        ] {
            assert!(arm(fault.clone()).is_err(), "{fault}");
        }
    }

    #[test]
    fn known_error_code_brings_its_type_and_status() {
        let fault =
            arm(json!({"endpoint": "*", "kind": "plaid_error", "error_code": "RATE_LIMIT"}));
        let Kind::PlaidError { error, .. } = fault.unwrap().kind else {
            panic!()
        };
        assert_eq!(
            (error.error_type.as_str(), error.status),
            ("RATE_LIMIT_EXCEEDED", 429)
        );
    }
}
