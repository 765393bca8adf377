//! One schedule from beginning to end: a request with a fault, what follows it, and the
//! verdict.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use shared::domain::{Deadline, DueRecord};
use shared::ports::{Clock, DueRecords};
use shared::test_util::faults::{Call, Fault};
use shared::test_util::{AccountRepeat, Log};

use crate::scenario::Scenario;
use crate::scene::{Actor, Progress, Scene, now};
use crate::verdict;
use crate::wish::{Answer, Wish};

/// How often a client, or AWS, asks before it gives up.
const PATIENCE: u32 = 8;
/// Longer than any lease.
const PAST_EVERY_LEASE: i64 = 90;
/// Between two runs of the reconciler; what failed for long waits for an hour at most.
const ROUNDS: [i64; 14] = [
    61, 61, 61, 61, 901, 901, 901, 3_601, 3_601, 3_601, 3_601, 3_601, 3_601, 3_601,
];
/// Whatever is due within this time is not just the calendar's.
const SOON: Duration = Duration::from_hours(2);
const A_WEEK: i64 = 7 * 86_400;

/// A schedule while it is played.
struct Story<'a> {
    scene: Scene,
    scenario: &'a Scenario,
    frozen: Vec<Actor>,
    answers: Vec<Answer>,
    wrong: Vec<String>,
}

/// Plays every fault of every call, in every world.
pub(crate) fn play(scenario: &Scenario, worlds: &[AccountRepeat]) {
    let (log, _guard) = Log::listen();
    let mut faults = 0;
    let mut broken: BTreeMap<String, (u32, String)> = BTreeMap::new();
    for world in worlds {
        let mut schedules = vec![None];
        while let Some(fault) = schedules.pop() {
            let mut story = Story::new(scenario, *world, &log);
            let calls = story.tell(fault);
            if fault.is_none() {
                schedules.extend(faults_of(&calls).map(Some));
                faults += schedules.len();
            }
            for promise in &story.wrong {
                let first = || (0, story.protocol(*world, fault, &calls));
                broken.entry(promise.clone()).or_insert_with(first).0 += 1;
            }
        }
    }
    let name = scenario.name;
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(
        std::io::stderr(),
        "astra: {name} ({worlds:?}): {faults} single faults"
    );
    assert!(faults > 0, "something can go wrong");
    let told: Vec<String> = broken
        .iter()
        .map(|(promise, (count, first))| format!("{promise} in {count} schedules: {first}"))
        .collect();
    assert!(told.is_empty(), "\n{}", told.join("\n==========\n"));
}

fn faults_of(calls: &[Call]) -> impl Iterator<Item = (usize, Fault)> {
    let calls = calls.iter().enumerate();
    calls.flat_map(|(number, call)| call.faults().iter().map(move |fault| (number, *fault)))
}

impl<'a> Story<'a> {
    fn new(scenario: &'a Scenario, world: AccountRepeat, log: &Log) -> Self {
        let scene = Scene::new(world, log);
        (scenario.arrange)(&scene);
        Self {
            scene,
            scenario,
            frozen: Vec::new(),
            answers: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// The calls until everything was quiet.
    fn tell(&mut self, fault: Option<(usize, Fault)>) -> Vec<Call> {
        self.scene.begin(fault);
        self.ask();
        self.reconcile();
        let last = self.ask_until_the_end();
        let calls = self.scene.plan.calls();
        self.scene.calm();
        if let Some(last) = last {
            self.wrong.extend((self.scenario.judge)(&self.scene, last));
        }
        self.wrong.extend(verdict::of(&self.scene, self.scenario));
        self.a_week_later();
        calls
    }

    /// What the table says, Astra takes: nobody can use a connection that only looks well.
    fn a_week_later(&mut self) {
        self.scene.clock.advance_seconds(A_WEEK);
        self.invoke(&Wish::Reconcile);
        self.reconcile();
        self.wrong
            .extend(verdict::of_tokens(&self.scene, self.scenario));
        self.wrong.extend(verdict::of(&self.scene, self.scenario));
    }

    fn ask(&mut self) -> Option<Answer> {
        let wish = (self.scenario.wish)(&self.scene);
        self.invoke(&wish)
    }

    /// Whoever asked asks until there is an answer.
    fn ask_until_the_end(&mut self) -> Option<Answer> {
        for _ in 0..PATIENCE {
            match self.ask() {
                Some(answer) if answer.is_final() && self.frozen.is_empty() => {
                    self.reconcile();
                    return Some(answer);
                }
                _ => {
                    self.scene.clock.advance_seconds(PAST_EVERY_LEASE);
                    self.reconcile();
                }
            }
        }
        self.wrong.push("nobody ever answers".to_owned());
        None
    }

    /// The reconciler runs until nothing is left for it.
    fn reconcile(&mut self) {
        for wait in ROUNDS {
            if self.frozen.is_empty() && self.due().is_empty() {
                return;
            }
            let wait = if self.frozen.is_empty() {
                wait
            } else {
                wait.max(PAST_EVERY_LEASE)
            };
            self.scene.clock.advance_seconds(wait);
            if self.invoke(&Wish::Reconcile).is_some() {
                self.thaw();
            }
        }
        let due = self.due();
        if !due.is_empty() || !self.frozen.is_empty() {
            self.wrong
                .push(format!("the reconciler never ends with {due:?}"));
        }
    }

    fn due(&self) -> Vec<Option<DueRecord>> {
        let soon = Deadline::after(self.scene.clock.now(), SOON).moment();
        let due = now(self.scene.store.due(soon, u32::MAX)).unwrap();
        due.keys.iter().map(DueRecord::of).collect()
    }

    /// One invocation; `None` when it does not answer.
    fn invoke(&mut self, wish: &Wish) -> Option<Answer> {
        let actor = self.scene.start(wish);
        self.go_on(actor)
    }

    /// Whoever froze goes on, now that somebody else did the work.
    fn thaw(&mut self) {
        for actor in std::mem::take(&mut self.frozen) {
            self.scene.plan.thaw(actor.name);
            self.go_on(actor);
        }
    }

    fn go_on(&mut self, actor: Actor) -> Option<Answer> {
        match self.scene.run(actor) {
            Progress::Answered(answer) => {
                self.answers.push(answer);
                Some(answer)
            }
            Progress::Frozen(actor) => {
                self.frozen.push(actor);
                None
            }
            Progress::Died => None,
        }
    }

    /// Everything that happened.
    fn protocol(
        &self,
        world: AccountRepeat,
        fault: Option<(usize, Fault)>,
        calls: &[Call],
    ) -> String {
        let told = |(number, call): (usize, &Call)| {
            let fault = call
                .fault
                .map_or(String::new(), |fault| format!(" <- {fault:?}"));
            format!("{number:3} actor {} {}{fault}", call.actor, call.name)
        };
        let calls: Vec<String> = calls.iter().enumerate().map(told).collect();
        let accounts = &self.scene.astra.world().accounts;
        format!(
            "{} with {fault:?} where {world:?}\n{}\n\ncalls:\n{}\n\nanswers: {:?}\n\nAstra: \
             {accounts:#?}\n\nItem: {:#?}\n\nlog:\n{}",
            self.scenario.name,
            self.wrong.join("\n"),
            calls.join("\n"),
            self.answers,
            self.scene.kept_item().map(|item| item.accounts),
            *self.scene.log.text(),
        )
    }
}
