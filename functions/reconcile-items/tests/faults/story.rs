//! One schedule from beginning to end: a request with faults, what follows it, and the
//! verdict.

use shared::domain::{Deadline, DueRecord};
use shared::ports::{Clock, DueRecords};
use shared::test_util::Log;
use shared::test_util::faults::{Call, Fault};

use crate::failures::Broken;
use crate::scenario::Scenario;
use crate::scene::{Actor, Progress, Scene, Script, Variant};
use crate::verdict::{self, Ending};
use crate::wish::{Answer, Wish, at_once};

/// Who goes on when the first request did not end well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FollowUp {
    /// The client repeats its request, and the reconciler does the rest.
    Client,
    /// The client is gone.
    Reconciler,
}

/// How often a client asks before it gives up.
const PATIENCE: u32 = 8;
/// Longer than any lease.
const PAST_EVERY_LEASE: i64 = 70;
/// Between two runs of the reconciler; what failed for long waits for an hour at most.
const ROUNDS: [i64; 20] = [
    61, 61, 61, 61, 901, 901, 901, 3_601, 3_601, 3_601, 3_601, 3_601, 3_601, 3_601, 3_601, 3_601,
    3_601, 3_601, 3_601, 3_601,
];
/// Whatever is due within this time is not just the calendar's.
const SOON: std::time::Duration = std::time::Duration::from_hours(2);

/// What a schedule came to.
pub(crate) struct Told {
    /// The calls until everything was quiet.
    pub(crate) calls: Vec<Call>,
    /// What the first request was told, and how it all ended.
    pub(crate) first: Option<Answer>,
    pub(crate) ending: Ending,
}

/// A schedule while it is played.
pub(crate) struct Story {
    pub(crate) scene: Scene,
    wish: Wish,
    frozen: Vec<(Actor, Wish)>,
    pub(crate) answers: Vec<(Wish, Answer)>,
    pub(crate) violations: Vec<String>,
    /// How long a client waits before it asks again.
    wait: i64,
}

/// Plays a schedule.
pub(crate) fn tell(
    scenario: &Scenario,
    variant: Variant,
    follow_up: FollowUp,
    faults: &[(usize, Fault)],
    log: &Log,
) -> Result<Told, Broken> {
    let scene = Scene::new(variant, log);
    (scenario.arrange)(&scene);
    scene.begin(Box::new(Script {
        faults: faults.to_vec(),
        pace: variant.pace,
        watch: scene.watch.clone(),
    }));
    let wish = (scenario.wish)(&scene);
    let mut story = Story::new(scene, wish);
    let first = story.ask();
    if follow_up == FollowUp::Client {
        story.come_back();
    }
    story.reconcile();
    let calls = story.scene.plan.calls();
    let last = story.ask_until_the_end();
    let ending = verdict::of(&mut story);
    let mut wrong = verdict::of_histories(&story.scene);
    wrong.extend(verdict::of_losses(&story.scene));
    wrong.extend(verdict::of_answers(&story.answers));
    wrong.extend(verdict::of_refusals(&story));
    wrong.extend((scenario.judge)(&story.scene, &last));
    story.violations.extend(wrong);
    if story.violations.is_empty() {
        return Ok(Told {
            calls,
            first,
            ending,
        });
    }
    let name = scenario.name;
    Err(Broken {
        protocol: format!(
            "{name} followed by {follow_up:?}, with {faults:?}\n{}",
            story.protocol()
        ),
        promises: story.violations,
    })
}

impl Story {
    pub(crate) fn new(scene: Scene, wish: Wish) -> Self {
        Self {
            scene,
            wish,
            frozen: Vec::new(),
            answers: Vec::new(),
            violations: Vec::new(),
            wait: 0,
        }
    }

    /// The client repeats its request until it knows the outcome.
    fn come_back(&mut self) {
        for _ in 0..PATIENCE {
            if self.wait == 0 {
                return;
            }
            let answer = self.ask();
            if answer.is_some_and(|answer| answer.code() != "exchange_in_progress") {
                self.thaw();
            }
        }
    }

    /// In the end the client asks once more, and hears the outcome.
    pub(crate) fn ask_until_the_end(&mut self) -> Answer {
        for _ in 0..PATIENCE {
            match self.ask() {
                Some(answer) if self.wait == 0 => {
                    self.reconcile();
                    return answer;
                }
                _ => self.thaw(),
            }
        }
        self.violations
            .push("the client never hears the outcome".to_owned());
        self.answers.last().unwrap().1.clone()
    }

    fn ask(&mut self) -> Option<Answer> {
        self.scene.clock.advance_seconds(self.wait);
        let answer = self.invoke(self.wish.clone());
        self.wait = match &answer {
            _ if !self.frozen.is_empty() => PAST_EVERY_LEASE,
            None => 1,
            Some(answer) if answer.is_final() => 0,
            Some(answer) => answer.retry_after.unwrap_or(1),
        };
        answer
    }

    /// The reconciler runs until nothing is left for it.
    pub(crate) fn reconcile(&mut self) {
        for wait in ROUNDS {
            if self.is_quiet() {
                return;
            }
            let stalled = !self.frozen.is_empty();
            let wait = if stalled {
                wait.max(PAST_EVERY_LEASE)
            } else {
                wait
            };
            self.scene.clock.advance_seconds(wait);
            if self.invoke(Wish::Reconcile).is_some() {
                self.thaw();
            }
        }
        if !self.is_quiet() {
            let due = self.due();
            self.violations
                .push(format!("the reconciler never ends with {due:?}"));
        }
    }

    fn is_quiet(&self) -> bool {
        self.frozen.is_empty() && self.due().is_empty()
    }

    fn due(&self) -> Vec<Option<DueRecord>> {
        let soon = Deadline::after(self.scene.clock.now(), SOON).moment();
        let due = at_once(self.scene.store.due(soon, u32::MAX));
        due.keys.iter().map(DueRecord::of).collect()
    }

    /// One invocation; `None` when it does not answer.
    pub(crate) fn invoke(&mut self, wish: Wish) -> Option<Answer> {
        let actor = self.scene.start(&wish);
        self.go_on(actor, wish)
    }

    /// Whoever froze goes on, now that somebody else did the work.
    fn thaw(&mut self) {
        for (actor, wish) in std::mem::take(&mut self.frozen) {
            self.scene.plan.thaw(actor.name);
            self.go_on(actor, wish);
        }
    }

    fn go_on(&mut self, actor: Actor, wish: Wish) -> Option<Answer> {
        let name = actor.name;
        match self.scene.run(actor) {
            Progress::Answered(answer) => {
                let wrong = verdict::after_invocation(&self.scene, name, &answer);
                self.violations.extend(wrong);
                self.answers.push((wish, answer.clone()));
                Some(answer)
            }
            Progress::Frozen(actor) => {
                self.frozen.push((actor, wish));
                None
            }
            Progress::Died | Progress::GoesOn(_) => None,
        }
    }

    /// Everything that happened.
    pub(crate) fn protocol(&self) -> String {
        let calls = self.scene.plan.calls();
        let calls: Vec<String> = calls
            .iter()
            .enumerate()
            .map(|(number, call)| {
                let fault = call
                    .fault
                    .map_or(String::new(), |fault| format!(" <- {fault:?}"));
                format!("{number:3} actor {} {}{fault}", call.actor, call.name)
            })
            .collect();
        let answers: Vec<String> = self
            .answers
            .iter()
            .map(|(wish, answer)| format!("{} {} for {wish:?}", answer.status, answer.body))
            .collect();
        format!(
            "{:?}\n\n{}\n\ncalls:\n{}\n\nanswers:\n{}\n\nlog:\n{}",
            self.scene.variant,
            self.violations.join("\n"),
            calls.join("\n"),
            answers.join("\n"),
            self.scene.log.text(),
        )
    }
}
