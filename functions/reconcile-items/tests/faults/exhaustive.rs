//! Every single fault and every pair.

use std::io::Write;
use std::time::Instant;

use shared::test_util::faults::{Call, Fault, Service};
use shared::test_util::{Log, SecondExchange};

use crate::failures::{Broken, Failures};
use crate::scenario::Scenario;
use crate::scene::Variant;
use crate::story::{FollowUp, Told, tell};
use crate::verdict::Ending;

/// What was played, and how it ended.
#[derive(Default)]
struct Summary {
    variants: u32,
    singles: u32,
    pairs: u32,
    ending: Ending,
    failures: Failures,
}

const FOLLOW_UPS: [FollowUp; 2] = [FollowUp::Client, FollowUp::Reconciler];

/// Plays every fault and every pair of faults, in every world.
pub(crate) fn play(scenario: &Scenario, seconds: &[SecondExchange]) {
    let (log, _guard) = Log::listen();
    let begun = Instant::now();
    let mut summary = Summary::default();
    for second in seconds {
        for bank in scenario.banks {
            for pace in scenario.paces {
                for follow_up in FOLLOW_UPS {
                    let variant = Variant {
                        second: *second,
                        bank: *bank,
                        pace: *pace,
                    };
                    summary.variants += 1;
                    summary.play(scenario, variant, follow_up, &log);
                }
            }
        }
    }
    summary.print(scenario.name, seconds, begun);
    summary.failures.assert_none();
}

impl Summary {
    fn play(&mut self, scenario: &Scenario, variant: Variant, follow_up: FollowUp, log: &Log) {
        let play = |faults: &[(usize, Fault)]| tell(scenario, variant, follow_up, faults, log);
        let Some(calm) = self.count(play(&[])) else {
            return;
        };
        for first in faults_of(&calm.calls, 0) {
            self.singles += 1;
            let Some(told) = self.count(play(&[first])) else {
                continue;
            };
            self.failures.add(&resend_is_noticed(&calm, &told, first));
            for second in faults_of(&told.calls, first.0 + 1) {
                self.pairs += 1;
                self.count(play(&[first, second]));
            }
        }
    }

    fn count(&mut self, told: Result<Told, Broken>) -> Option<Told> {
        let told = match told {
            Ok(told) => told,
            Err(broken) => {
                self.failures.add(&broken);
                return None;
            }
        };
        self.ending.add(&told.ending);
        Some(told)
    }

    /// Past the test harness, which would keep it to itself.
    fn print(&self, name: &str, seconds: &[SecondExchange], begun: Instant) {
        let Self {
            variants,
            singles,
            pairs,
            ending,
            ..
        } = self;
        let _ = writeln!(
            std::io::stderr(),
            "faults: {name} ({seconds:?}): {variants} worlds, {singles} single faults, {pairs} \
             pairs; {ending}; {:.1} s",
            begun.elapsed().as_secs_f32(),
        );
    }
}

/// That a write to the table was sent twice is nobody's business but the table's.
fn resend_is_noticed(calm: &Told, told: &Told, (number, fault): (usize, Fault)) -> Broken {
    let write = calm.calls[number];
    let twice = fault == Fault::Resend && write.service == Service::Table;
    let steps = |told: &Told| -> Vec<_> { told.calls.iter().map(|c| (c.actor, c.name)).collect() };
    let noticed = twice && (told.first != calm.first || steps(told) != steps(calm));
    let promise = format!("nobody notices that {} was sent twice", write.name);
    Broken {
        promises: noticed.then_some(promise).into_iter().collect(),
        protocol: format!("{:?}\nin place of {:?}", told.first, calm.first),
    }
}

/// Everything that can go wrong from this call on. Of data keys that are asked for at once,
/// one stands for all.
fn faults_of(calls: &[Call], from: usize) -> Vec<(usize, Fault)> {
    let mut faults = Vec::new();
    for (number, call) in calls.iter().enumerate().skip(from) {
        let another = number > 0 && calls[number - 1].name == "data_key";
        if call.name == "data_key" && another {
            continue;
        }
        faults.extend(call.faults().iter().map(|fault| (number, *fault)));
    }
    faults
}
