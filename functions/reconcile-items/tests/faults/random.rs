//! Everybody at once, in an order that a seed decides.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use shared::domain::{AccountId, Health, ItemId};
use shared::ports::Clock;
use shared::test_util::faults::{Call, Effect, Fate, Fault};
use shared::test_util::{Dice, Log, SecondExchange};

use crate::failures::{Broken, Failures};
use crate::scenario::{TOKEN, link_before, open_update_session};
use crate::scene::{Actor, Bank, Pace, Progress, Scene, Variant};
use crate::story::Story;
use crate::verdict::{self, Ending};
use crate::watch::Watch;
use crate::wish::{Answer, Link, SAVINGS, USER, Wish};

const SCHEDULES: u64 = 10_000;
const LATER_TOKEN: &str = "public-sandbox-canary-2";
const STRANGER: &str = "user-2";
/// One call in so many goes wrong.
const ONE_FAULT_IN: usize = 30;
/// More steps than any schedule needs.
const MAX_STEPS: u32 = 20_000;

/// Plays as many seeds as there should be, or the one that was asked for.
pub(crate) fn play() {
    let begun = Instant::now();
    let only = std::env::var("FAULT_SEED").ok();
    let only = only.map(|seed| seed.parse().expect("FAULT_SEED is a number"));
    let next = AtomicU64::new(only.unwrap_or_default());
    let end = only.map_or(SCHEDULES, |seed: u64| seed + 1);
    let totals = Mutex::new((Ending::default(), 0_usize, Failures::default()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let (log, _guard) = Log::listen();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let played = Play::new(seed, &log).play();
                    let mut totals = totals.lock().unwrap();
                    totals.0.add(&played.ending);
                    totals.1 += played.calls;
                    totals.2.add(&played.broken);
                }
            });
        }
    });
    let (ending, calls, broken) = totals.into_inner().unwrap();
    let _ = writeln!(
        std::io::stderr(),
        "faults: {} random schedules, {calls} calls; {ending}; {:.1} s",
        only.map_or(SCHEDULES, |_| 1),
        begun.elapsed().as_secs_f32(),
    );
    broken.assert_none();
}

/// What a schedule came to.
struct Played {
    ending: Ending,
    calls: usize,
    broken: Broken,
}

/// Somebody who wants something, again and again until it is there.
struct Person {
    wish: fn(&Scene, &mut Dice) -> Wish,
    tries: u32,
    doing: Doing,
}

enum Doing {
    /// Until then.
    Waiting(Timestamp),
    Acting(Actor, Wish),
    Frozen(Actor, Wish),
    Done,
}

/// Who is there besides the two clients and the reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guest {
    /// More clients than anybody needs.
    Storm,
    /// Another user with the same public token.
    Stranger,
    /// Somebody who names the account.
    Chooser,
    Remover,
    Refresher,
    Eraser,
    /// The user links the same bank once more.
    Later,
    /// The user has linked the same bank before.
    Earlier,
}

/// Each guest, and in how many schedules there is one.
const GUESTS: [(Guest, usize); 8] = [
    (Guest::Storm, 4),
    (Guest::Stranger, 4),
    (Guest::Chooser, 4),
    (Guest::Remover, 4),
    (Guest::Refresher, 4),
    (Guest::Eraser, 16),
    (Guest::Later, 4),
    (Guest::Earlier, 4),
];

struct Play {
    seed: u64,
    dice: Dice,
    scene: Scene,
    company: Vec<Guest>,
    people: Vec<Person>,
}

impl Play {
    fn new(seed: u64, log: &Log) -> Self {
        let mut dice = Dice::new(seed);
        let variant = Variant {
            second: dice.one_of(&[
                SecondExchange::Refuse,
                SecondExchange::SameItem,
                SecondExchange::NewItem,
            ]),
            bank: dice.one_of(&[Bank::OneAccount, Bank::Hinted, Bank::TwoAccounts]),
            pace: Pace::TableFirst,
        };
        let chance = |(guest, odds)| (guest, dice.one_in(odds));
        let company: Vec<Guest> = GUESTS
            .map(chance)
            .into_iter()
            .filter(|(guest, comes)| *comes && may_come(*guest, variant))
            .map(|(guest, _)| guest)
            .collect();
        let scene = Scene::new(variant, log);
        if company.contains(&Guest::Earlier) {
            link_before(&scene);
            open_update_session(&scene);
        }
        scene.begin(Box::new(Chance {
            dice: Dice::new(dice.roll()),
            watch: Arc::clone(&scene.watch),
        }));
        let mut play = Self {
            seed,
            dice,
            scene,
            company,
            people: Vec::new(),
        };
        play.invite();
        play
    }

    fn invite(&mut self) {
        self.join(|scene, _| link(scene, USER, TOKEN, None), 6);
        self.join(|scene, _| link(scene, USER, TOKEN, None), 6);
        self.join(|_, _| Wish::Reconcile, 6);
        self.join(|scene, dice| Wish::Webhook(any_item(scene, dice)), 2);
        if self.has(Guest::Storm) {
            for _ in 0..3 {
                self.join(|scene, _| link(scene, USER, TOKEN, None), 1);
            }
        }
        if self.has(Guest::Stranger) {
            self.join(|scene, _| link(scene, STRANGER, TOKEN, None), 2);
        }
        if self.has(Guest::Chooser) {
            self.join(|scene, _| link(scene, USER, TOKEN, Some(SAVINGS)), 3);
        }
        if self.has(Guest::Remover) {
            self.join(|scene, dice| Wish::Remove(any_item(scene, dice)), 2);
        }
        if self.has(Guest::Refresher) {
            self.join(|scene, dice| Wish::Refresh(any_item(scene, dice)), 2);
            self.join(
                |scene, dice| Wish::Token(any_item(scene, dice), AccountId::new(SAVINGS)),
                2,
            );
        }
        if self.has(Guest::Eraser) {
            self.join(|_, _| Wish::Erase, 2);
        }
        if self.has(Guest::Later) {
            self.join(|scene, _| link(scene, USER, LATER_TOKEN, None), 6);
        }
    }

    fn has(&self, guest: Guest) -> bool {
        self.company.contains(&guest)
    }

    fn join(&mut self, wish: fn(&Scene, &mut Dice) -> Wish, tries: u32) {
        let after = i64::try_from(self.dice.below(20)).unwrap();
        let doing = Doing::Waiting(self.in_seconds(after));
        self.people.push(Person { wish, tries, doing });
    }

    fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.scene.clock.now() + SignedDuration::from_secs(seconds)
    }

    fn play(mut self) -> Played {
        let mut story_answers = Vec::new();
        let mut violations = Vec::new();
        for _ in 0..MAX_STEPS {
            let Some(who) = self.who_is_next() else {
                break;
            };
            let doing = std::mem::replace(&mut self.people[who].doing, Doing::Done);
            let (doing, answered) = self.go_on(who, doing);
            self.people[who].doing = doing;
            if let Some((actor, wish, answer)) = answered {
                violations.extend(verdict::after_invocation(&self.scene, actor, &answer));
                story_answers.push((wish, answer));
            }
            self.let_time_pass();
        }
        self.end(story_answers, violations)
    }

    fn end(self, answers: Vec<(Wish, Answer)>, violations: Vec<String>) -> Played {
        let (erased, chosen) = (self.has(Guest::Eraser), self.has(Guest::Chooser));
        self.scene.calm();
        let unfinished = self.people.iter().any(|p| !matches!(p.doing, Doing::Done));
        let wish = link(&self.scene, USER, TOKEN, None);
        let mut story = Story::new(self.scene, wish);
        story.answers = answers;
        story.violations = violations;
        if unfinished {
            story.violations.push("somebody never ends".to_owned());
        }
        story.reconcile();
        story.ask_until_the_end();
        let ending = verdict::of(&mut story);
        let mut wrong = Vec::new();
        // Whoever is erased may link anew, with the same token if Plaid agrees.
        if !erased {
            wrong.extend(verdict::of_histories(&story.scene));
            wrong.extend(verdict::of_losses(&story.scene));
            wrong.extend(verdict::of_users(&story.answers));
            wrong.extend(verdict::of_refusals(&story));
        }
        if !erased && !chosen {
            wrong.extend(verdict::of_answers(&story.answers));
        }
        story.violations.extend(wrong);
        let company = &self.company;
        let protocol = format!("FAULT_SEED={} {company:?}\n{}", self.seed, story.protocol());
        Played {
            ending,
            calls: story.scene.plan.calls().len(),
            broken: Broken {
                promises: story.violations,
                protocol,
            },
        }
    }

    /// Anybody who can go on. Where all wait, the clock moves on.
    fn who_is_next(&mut self) -> Option<usize> {
        let now = self.scene.clock.now();
        let can = |person: &Person| match person.doing {
            Doing::Waiting(until) => until <= now,
            Doing::Acting(..) | Doing::Frozen(..) => true,
            Doing::Done => false,
        };
        let able: Vec<usize> = (0..self.people.len())
            .filter(|who| can(&self.people[*who]))
            .collect();
        if !able.is_empty() {
            return Some(self.dice.one_of(&able));
        }
        let waiting = self.people.iter().enumerate();
        let waiting = waiting.filter_map(|(who, person)| match person.doing {
            Doing::Waiting(until) => Some((until, who)),
            _ => None,
        });
        let (until, who) = waiting.min()?;
        let wait = until.duration_since(now).as_secs();
        self.scene.clock.advance_seconds(wait.max(1));
        Some(who)
    }

    fn go_on(&mut self, who: usize, doing: Doing) -> (Doing, Option<(usize, Wish, Answer)>) {
        match doing {
            Doing::Done => (Doing::Done, None),
            Doing::Waiting(_) => {
                self.people[who].tries -= 1;
                let wish = (self.people[who].wish)(&self.scene, &mut self.dice);
                (Doing::Acting(self.scene.start(&wish), wish), None)
            }
            Doing::Frozen(actor, wish) => {
                if self.dice.one_in(40) {
                    self.scene.plan.thaw(actor.name);
                    return (Doing::Acting(actor, wish), None);
                }
                (Doing::Frozen(actor, wish), None)
            }
            Doing::Acting(actor, wish) => self.step(who, actor, wish),
        }
    }

    fn step(
        &mut self,
        who: usize,
        actor: Actor,
        wish: Wish,
    ) -> (Doing, Option<(usize, Wish, Answer)>) {
        let name = actor.name;
        match self.scene.step(actor) {
            Progress::GoesOn(actor) => (Doing::Acting(actor, wish), None),
            Progress::Frozen(actor) => (Doing::Frozen(actor, wish), None),
            Progress::Died => (self.try_again(who, 1), None),
            Progress::Answered(answer) => {
                let again = match wish {
                    Wish::Reconcile => 60,
                    _ => answer.retry_after.unwrap_or(1),
                };
                let content = answer.is_final() && !matches!(wish, Wish::Reconcile);
                let doing = if content {
                    Doing::Done
                } else {
                    self.try_again(who, again)
                };
                (doing, Some((name, wish, answer)))
            }
        }
    }

    fn try_again(&self, who: usize, after: i64) -> Doing {
        match self.people[who].tries {
            0 => Doing::Done,
            _ => Doing::Waiting(self.in_seconds(after)),
        }
    }

    fn let_time_pass(&mut self) {
        if self.dice.one_in(40) {
            let seconds = i64::try_from(self.dice.below(5)).unwrap();
            self.scene.clock.advance_seconds(seconds);
        }
        if self.dice.one_in(400) {
            self.scene.clock.advance_seconds(35);
        }
        if self.dice.one_in(200) {
            let health = self.dice.one_of(&[true, false]);
            self.scene.plaid.world().health = health.then_some(Health::LoginRequired);
        }
    }
}

fn may_come(guest: Guest, variant: Variant) -> bool {
    guest != Guest::Chooser || variant.bank == Bank::TwoAccounts
}

fn link(
    scene: &Scene,
    user: &'static str,
    public_token: &'static str,
    account: Option<&'static str>,
) -> Wish {
    Wish::Link(Link {
        user,
        public_token,
        account,
        hinted: scene.variant.bank == Bank::Hinted,
    })
}

/// One of the Items that are there.
fn any_item(scene: &Scene, dice: &mut Dice) -> ItemId {
    let records = scene.store.records();
    let items: Vec<&ItemId> = records.owners.keys().collect();
    if items.is_empty() {
        return ItemId::new("item-1");
    }
    dice.one_of(&items).clone()
}

/// Whatever goes wrong, by chance.
struct Chance {
    dice: Dice,
    watch: Arc<Watch>,
}

impl Fate for Chance {
    fn pace(&mut self, _call: &Call) -> u32 {
        u32::try_from(self.dice.below(4)).unwrap()
    }

    fn fault(&mut self, _number: usize, call: &Call) -> Option<Fault> {
        if !self.dice.one_in(ONE_FAULT_IN) {
            return None;
        }
        if self.dice.one_in(4) {
            return Some(Fault::CrashBefore);
        }
        Some(self.dice.one_of(call.faults()))
    }

    fn effect(&mut self, effect: &Effect) {
        self.watch.effect(effect);
    }
}
