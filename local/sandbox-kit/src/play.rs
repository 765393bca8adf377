//! What latency and a fault make of a call.

use std::time::Duration;

use crate::faults::Kind;

/// A kind of fault that one simulator has of its own.
pub trait OwnKind {
    /// Whether the call takes effect all the same.
    fn takes_effect(&self) -> bool;
}

/// How a call ends.
#[derive(Debug, PartialEq)]
pub enum Ending<A, O> {
    /// It is answered.
    Answer(A),
    /// A fault of the simulator's own decides what it makes of the answer, which is there if
    /// the call took effect.
    Own(O, Option<A>),
    /// Something in between answers.
    Proxy {
        /// The status.
        status: u16,
        /// The body, as it is.
        body: String,
    },
    /// The connection is to be cut.
    Cut,
}

/// Plays a call that takes `latency_ms`, struck by `fault` if there is one. What is dropped
/// without having run had no effect.
pub async fn play<A, O: OwnKind>(
    fault: Option<Kind<O>>,
    latency_ms: u64,
    call: impl Future<Output = A>,
) -> Ending<A, O> {
    // The effect comes in the middle: time passes on the way in and out.
    let (before, after) = (latency_ms / 2, latency_ms - latency_ms / 2);
    pause(before).await;
    let ending = match fault {
        None => Ending::Answer(call.await),
        Some(Kind::DelayMs { delay_ms }) => {
            let answer = call.await;
            pause(delay_ms).await;
            Ending::Answer(answer)
        }
        Some(Kind::LoseAnswer) => {
            call.await;
            Ending::Cut
        }
        Some(Kind::CutConnection) => Ending::Cut,
        Some(Kind::HttpStatus {
            status,
            body,
            after_effect,
        }) => {
            if after_effect {
                call.await;
            }
            Ending::Proxy { status, body }
        }
        Some(Kind::Own(own)) if own.takes_effect() => Ending::Own(own, Some(call.await)),
        Some(Kind::Own(own)) => Ending::Own(own, None),
    };
    pause(after).await;
    ending
}

async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Own {
        after_effect: bool,
    }

    impl OwnKind for Own {
        fn takes_effect(&self) -> bool {
            self.after_effect
        }
    }

    /// How a call ends, and whether it took effect.
    async fn end(fault: Option<Kind<Own>>) -> (Ending<&'static str, Own>, bool) {
        let mut effect = false;
        let call = async {
            effect = true;
            "done"
        };
        let ending = play(fault, 0, call).await;
        (ending, effect)
    }

    #[tokio::test]
    async fn call_without_a_fault_is_answered() {
        assert_eq!(end(None).await, (Ending::Answer("done"), true));
        let late = Kind::DelayMs { delay_ms: 1 };
        assert_eq!(end(Some(late)).await, (Ending::Answer("done"), true));
    }

    #[tokio::test]
    async fn lost_answer_has_had_its_effect_and_a_cut_connection_has_none() {
        assert_eq!(end(Some(Kind::LoseAnswer)).await, (Ending::Cut, true));
        assert_eq!(end(Some(Kind::CutConnection)).await, (Ending::Cut, false));
    }

    #[tokio::test]
    async fn whether_other_faults_leave_an_effect_is_theirs_to_say() {
        for after_effect in [true, false] {
            let body = String::new();
            let proxy = Ending::Proxy {
                status: 502,
                body: body.clone(),
            };
            let fault = Kind::HttpStatus {
                status: 502,
                body,
                after_effect,
            };
            assert_eq!(end(Some(fault)).await, (proxy, after_effect));
            let own = Ending::Own(Own { after_effect }, after_effect.then_some("done"));
            let fault = Kind::Own(Own { after_effect });
            assert_eq!(end(Some(fault)).await, (own, after_effect));
        }
    }
}
