//! Faults that a test arms: they strike chosen calls of chosen endpoints.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An armed fault. `O` are the kinds that one simulator has of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fault<O> {
    endpoint: String,
    /// How many calls go well before it strikes.
    calls_before: u32,
    /// How many calls it strikes; at least one.
    times: u32,
    kind: Kind<O>,
}

/// What a fault does.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind<O> {
    /// Answers with something that is not the service's, as a proxy in between would.
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
    /// What only this service can answer; its kinds name themselves.
    #[serde(untagged)]
    Own(O),
}

/// What a test may say about kinds that every simulator has.
#[derive(Debug, Default)]
pub struct Details {
    /// The status that is answered.
    pub status: Option<u16>,
    /// The body that is answered.
    pub body: Option<String>,
    /// How late the answer comes.
    pub delay_ms: Option<u64>,
    /// Whether the call takes effect all the same.
    pub after_effect: bool,
}

impl<O> Kind<O> {
    /// The kind of this name, of those that every simulator has.
    ///
    /// # Errors
    ///
    /// What makes no sense about it.
    pub fn named(name: &str, details: Details) -> Result<Self, String> {
        Ok(match name {
            "http_status" => Self::HttpStatus {
                status: status(details.status, 200, name)?,
                body: details.body.unwrap_or_default(),
                after_effect: details.after_effect,
            },
            "delay_ms" => Self::DelayMs {
                delay_ms: details.delay_ms.ok_or("delay_ms needs delay_ms")?,
            },
            "lose_answer" => Self::LoseAnswer,
            "cut_connection" => Self::CutConnection,
            other => return Err(format!("unknown kind: {other}")),
        })
    }
}

/// The status that a test wants for a fault of this kind.
///
/// # Errors
///
/// There is none, or it is not between `least` and 599.
pub fn status(wanted: Option<u16>, least: u16, kind: &str) -> Result<u16, String> {
    let status = wanted.ok_or_else(|| format!("{kind} needs a status"))?;
    if (least..600).contains(&status) {
        Ok(status)
    } else {
        Err(format!("status must be between {least} and 599"))
    }
}

impl<O> Fault<O> {
    /// A fault that strikes the `call`th call from now, the next by default, and the
    /// `times` - 1 after it.
    ///
    /// # Errors
    ///
    /// What makes no sense about it.
    pub fn arm(
        endpoint: String,
        call: Option<u32>,
        times: Option<u32>,
        kind: Kind<O>,
    ) -> Result<Self, String> {
        let (call, times) = (call.unwrap_or(1), times.unwrap_or(1));
        if call == 0 || times == 0 {
            return Err("call and times count from 1".to_owned());
        }
        Ok(Self {
            endpoint,
            calls_before: call - 1,
            times,
            kind,
        })
    }

    /// The endpoint whose calls it strikes; `*` for any.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it does.
    pub fn kind(&self) -> &Kind<O> {
        &self.kind
    }

    /// Whether calls of `endpoint` count for it.
    pub fn is_for(&self, endpoint: &str) -> bool {
        self.endpoint == "*" || self.endpoint == endpoint
    }

    /// Whether it has struck as often as it should.
    pub fn is_used_up(&self) -> bool {
        self.times == 0
    }
}

impl<O: Clone> Fault<O> {
    /// Counts a call that it is for, and strikes it if it is its turn and no other fault,
    /// in `struck`, was faster.
    pub fn meet(&mut self, struck: &mut Option<Kind<O>>) {
        if self.calls_before > 0 {
            self.calls_before -= 1;
        } else if struck.is_none() {
            self.times -= 1;
            *struck = Some(self.kind.clone());
        }
    }
}

impl<O: Serialize> Fault<O> {
    /// The fault as `GET /simulator/faults` shows it.
    pub fn view(&self, id: impl Into<Value>) -> Value {
        let mut view = json!({
            "id": id.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Own {
        OutOfMoney { cents: u32 },
    }

    fn fault(endpoint: &str, call: u32, times: u32, kind: Kind<Own>) -> Fault<Own> {
        Fault::arm(endpoint.to_owned(), Some(call), Some(times), kind).unwrap()
    }

    /// Which of four calls are struck, and by what.
    fn four_calls(faults: &mut [Fault<Own>]) -> [Option<Kind<Own>>; 4] {
        [(); 4].map(|()| {
            let mut struck = None;
            let armed = faults.iter_mut().filter(|fault| !fault.is_used_up());
            armed.for_each(|fault| fault.meet(&mut struck));
            struck
        })
    }

    #[test]
    fn fault_strikes_the_chosen_calls_and_no_others() {
        let mut faults = [fault("/a", 2, 2, Kind::LoseAnswer)];
        let lost = Some(Kind::LoseAnswer);
        assert_eq!(four_calls(&mut faults), [None, lost.clone(), lost, None]);
        assert!(faults[0].is_used_up());
    }

    #[test]
    fn a_call_is_struck_once_and_the_slower_fault_strikes_the_next() {
        let own = Kind::Own(Own::OutOfMoney { cents: 3 });
        let mut faults = [
            fault("/a", 1, 1, Kind::LoseAnswer),
            fault("/a", 1, 1, own.clone()),
        ];
        let struck = [Some(Kind::LoseAnswer), Some(own), None, None];
        assert_eq!(four_calls(&mut faults), struck);
    }

    #[test]
    fn fault_is_for_its_endpoint_or_for_all() {
        let one = fault("/a", 1, 1, Kind::LoseAnswer);
        assert!(one.is_for("/a") && !one.is_for("/b"));
        assert!(fault("*", 1, 1, Kind::LoseAnswer).is_for("/b"));
    }

    #[test]
    fn fault_that_makes_no_sense_is_refused() {
        let named = |name, status, delay_ms| {
            let details = Details {
                status,
                delay_ms,
                ..Details::default()
            };
            Kind::<Own>::named(name, details)
        };
        assert!(named("explode", None, None).is_err());
        assert!(named("http_status", None, None).is_err());
        assert!(named("http_status", Some(199), None).is_err());
        assert!(named("http_status", Some(600), None).is_err());
        assert!(named("http_status", Some(502), None).is_ok());
        assert!(named("delay_ms", None, None).is_err());
        assert!(named("delay_ms", None, Some(1)).is_ok());
        for (call, times) in [(0, 1), (1, 0)] {
            let kind = Kind::<Own>::CutConnection;
            let armed = Fault::arm("*".to_owned(), Some(call), Some(times), kind);
            assert!(armed.is_err(), "{call} {times}");
        }
    }

    #[test]
    fn fault_is_shown_flat_and_saved_with_its_kind_inside() {
        let own = fault("*", 3, 2, Kind::Own(Own::OutOfMoney { cents: 3 }));
        let shown = json!({
            "id": 7, "endpoint": "*", "call": 3, "times": 2, "kind": "out_of_money", "cents": 3,
        });
        assert_eq!(own.view(7), shown);
        let status = Kind::named(
            "http_status",
            Details {
                status: Some(502),
                ..Details::default()
            },
        );
        let status = fault("*", 1, 1, status.unwrap());
        let common = json!({
            "endpoint": "*", "calls_before": 0, "times": 1,
            "kind": {"kind": "http_status", "status": 502, "body": "", "after_effect": false},
        });
        assert_eq!(json!(status), common);
        for fault in [own, status] {
            let saved: Fault<Own> = serde_json::from_value(json!(fault)).unwrap();
            assert_eq!(saved.kind(), fault.kind());
        }
    }
}
