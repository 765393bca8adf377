//! What must hold when an invocation has ended, and when everything is quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use secrecy::ExposeSecret;
use shared::domain::{
    Change, Exchange, ExchangeKey, ExchangeStep, Item, ItemId, ItemStatus, Lifecycle, Place,
    PublicToken, Purpose, Sealed, Stray,
};
use shared::ports::Vault;
use shared::test_util::faults::{Call, Fault, Handed, Standing};
use shared::test_util::{MemoryVault, SecondExchange};

use crate::canary;
use crate::log::{self, ENVELOPE, envelopes};
use crate::scene::Scene;
use crate::story::Story;
use crate::wish::{Answer, Wish};

/// How a schedule ended, for the summary.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Ending {
    /// Items that nobody can remove any more, because their tokens never reached us or
    /// died with the process; the exchange says so.
    pub(crate) lost: u32,
    /// The same where Plaid made a second Item for the same public token.
    pub(crate) doubled: u32,
    /// Items that an operator removes by hand.
    pub(crate) enveloped: u32,
    /// Exchanges that ended with the new Item's removal.
    pub(crate) removed: u32,
}

impl Ending {
    pub(crate) fn add(&mut self, other: &Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.enveloped += other.enveloped;
        self.removed += other.removed;
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            lost,
            doubled,
            enveloped,
            removed,
        } = self;
        write!(
            f,
            "lost {lost}, doubled {doubled}, handed over {enveloped}, removed {removed}"
        )
    }
}

/// No invocation ends with an Item in its hands that is neither recorded nor gone.
pub(crate) fn after_invocation(scene: &Scene, actor: usize, answer: &Answer) -> Vec<String> {
    let calls = scene.plan.calls();
    let handed = scene.plan.handed();
    let mine = handed
        .iter()
        .filter(|h| calls[h.call].actor == actor && h.arrived);
    let mut wrong = Vec::new();
    for Handed { item_id, .. } in mine {
        if !is_kept(scene, item_id) {
            wrong.push(format!(
                "actor {actor} ends with {item_id}, which nobody has"
            ));
        }
    }
    if answer.code() == "internal_error" {
        wrong.push(format!("actor {actor} meets a bug: {}", answer.body));
    }
    wrong
}

fn is_kept(scene: &Scene, item_id: &ItemId) -> bool {
    let live = scene.live_items();
    let Some((_, access_token)) = live.iter().find(|(id, _)| id == item_id) else {
        return true;
    };
    let records = scene.store.records();
    let items = records.items.values();
    let exchanges = records.exchanges.values();
    let strays = records.strays.values();
    items
        .filter(|i| i.item_id == *item_id)
        .any(|i| item_opens(i, access_token))
        || exchanges
            .filter(|e| e.item_id.as_ref() == Some(item_id))
            .any(|e| exchange_opens(e, access_token))
        || strays
            .filter(|s| s.item_id == *item_id)
            .any(|s| stray_opens(s, access_token))
        || envelopes(&scene.log)
            .iter()
            .any(|e| e.item_id == item_id.as_str())
}

fn item_opens(item: &Item, access_token: &str) -> bool {
    let place = Place::access_token(&item.user_id, &item.item_id);
    opens(item.access_token.as_ref(), &place, access_token)
}

fn exchange_opens(exchange: &Exchange, access_token: &str) -> bool {
    let place = Place::unrecorded_access_token(&exchange.key);
    opens(exchange.access_token.as_ref(), &place, access_token)
}

fn stray_opens(stray: &Stray, access_token: &str) -> bool {
    let place = Place::stray_access_token(&stray.key, &stray.item_id);
    opens(Some(&stray.access_token), &place, access_token)
}

fn opens(sealed: Option<&Sealed>, place: &Place, access_token: &str) -> bool {
    let Some(sealed) = sealed else {
        return false;
    };
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let opened =
        std::pin::pin!(MemoryVault.open(sealed, Purpose::Access, place)).poll(&mut context);
    matches!(opened, std::task::Poll::Ready(Ok(token)) if token.expose_secret() == access_token)
}

/// The verdict on a schedule when everything is quiet.
pub(crate) fn of(story: &mut Story) -> Ending {
    let mut ending = Ending::default();
    story.scene.calm();
    hand_over_envelopes(story, &mut ending);
    let scene = &story.scene;
    let mut wrong = scene.watch.violations();
    wrong.extend(canary::found(scene, &story.answers));
    wrong.extend(unsettled(scene));
    wrong.extend(orphans(scene, &mut ending));
    wrong.extend(dead_items(scene));
    wrong.extend(doubles(scene, &ending));
    let exchanges = &scene.store.records().exchanges;
    let removed = exchanges
        .values()
        .filter(|e| e.step == ExchangeStep::Removed);
    ending.removed = u32::try_from(removed.count()).unwrap();
    story.violations.extend(wrong);
    ending
}

/// The second window: what an operator hands over is removed.
fn hand_over_envelopes(story: &mut Story, ending: &mut Ending) {
    for envelope in envelopes(&story.scene.log) {
        let item_id = envelope.item_id.clone();
        if !story
            .scene
            .live_items()
            .iter()
            .any(|(id, _)| id.as_str() == item_id)
        {
            continue;
        }
        ending.enveloped += 1;
        story.invoke(Wish::HandOver(envelope));
        story.reconcile();
    }
}

fn unsettled(scene: &Scene) -> Vec<String> {
    let records = scene.store.records();
    let mut wrong = Vec::new();
    for exchange in records.exchanges.values().filter(|e| !e.step.is_settled()) {
        wrong.push(format!("an exchange stays {:?}", exchange.step));
    }
    for stray in records.strays.values() {
        wrong.push(format!("{} stays a stray", stray.item_id));
    }
    for item in records.items.values() {
        if matches!(item.lifecycle, Lifecycle::Linking | Lifecycle::Removing) {
            wrong.push(format!("{} stays {:?}", item.item_id, item.lifecycle));
        }
    }
    wrong
}

/// Every live Item is linked, with a token that opens. The first window alone may lose.
fn orphans(scene: &Scene, ending: &mut Ending) -> Vec<String> {
    let mut wrong = Vec::new();
    for (item_id, access_token) in scene.live_items() {
        let records = scene.store.records();
        let mut items = records.items.values();
        let linked = items.any(|item| {
            item.item_id == item_id
                && item.lifecycle == Lifecycle::Linked
                && item_opens(item, &access_token)
        });
        if linked {
            continue;
        }
        drop(records);
        match loss(scene, &item_id) {
            Some(Loss::Recorded) => ending.lost += 1,
            Some(Loss::Doubled) => ending.doubled += 1,
            None => wrong.push(format!("{item_id} is an orphan")),
        }
    }
    wrong
}

enum Loss {
    /// The exchange says that its Item is lost.
    Recorded,
    /// Plaid made another Item for the same public token, so nobody can know.
    Doubled,
}

/// How an Item could be lost although everybody did as designed: nobody ever heard of it,
/// or whoever did died with it.
fn loss(scene: &Scene, item_id: &ItemId) -> Option<Loss> {
    let calls = scene.plan.calls();
    let handed = scene.plan.handed();
    let of_item = || handed.iter().filter(|h| h.item_id == *item_id);
    let nobody_has_it = of_item().all(|h| is_lost(scene, h, &calls));
    let key = &of_item().next()?.key;
    if !nobody_has_it {
        return None;
    }
    if step(scene, key) == Some(ExchangeStep::Lost) && log::says(&scene.log, "the answer was lost")
    {
        return Some(Loss::Recorded);
    }
    (scene.variant.second == SecondExchange::NewItem).then_some(Loss::Doubled)
}

fn is_lost(scene: &Scene, handed: &Handed, calls: &[Call]) -> bool {
    let actor = calls[handed.call].actor;
    !handed.arrived || scene.plan.standing(actor) == Standing::Killed
}

fn step(scene: &Scene, key: &ExchangeKey) -> Option<ExchangeStep> {
    let records = scene.store.records();
    records.exchanges.get(key.as_str()).map(|e| e.step)
}

/// What is linked is live at Plaid, unless whoever could not reach the table removed it and
/// was frozen meanwhile.
fn dead_items(scene: &Scene) -> Vec<String> {
    let live = scene.live_items();
    let blind = scene.watch.blind_removals();
    let records = scene.store.records();
    let linked = records
        .items
        .values()
        .filter(|i| i.lifecycle == Lifecycle::Linked);
    linked
        .filter(|item| !live.iter().any(|(id, _)| *id == item.item_id))
        .filter(|item| !blind.contains(&item.item_id))
        .map(|item| format!("{} is linked, and Plaid does not know it", item.item_id))
        .collect()
}

/// No public token has two live Items.
fn doubles(scene: &Scene, ending: &Ending) -> Vec<String> {
    let live = scene.live_items();
    let handed = scene.plan.handed();
    let mut items: Vec<&ItemId> = handed
        .iter()
        .map(|h| &h.item_id)
        .filter(|item_id| live.iter().any(|(id, _)| id == *item_id))
        .collect();
    items.sort();
    items.dedup();
    let mut keys: Vec<&str> = handed.iter().map(|h| h.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let known = keys.len() + ending.doubled as usize;
    let too_many = items.len() > known;
    too_many
        .then(|| format!("{items:?} of {} public tokens", keys.len()))
        .into_iter()
        .collect()
}

/// `lost` is recorded only where an answer, or whoever had it, was lost; where its owner
/// outran its lease; or where the table was silent, so that the Item was removed, or handed
/// on, without a word in the exchange.
pub(crate) fn of_losses(scene: &Scene) -> Vec<String> {
    let calls = scene.plan.calls();
    let handed = scene.plan.handed();
    let records = scene.store.records();
    let lost = records
        .exchanges
        .values()
        .filter(|e| e.step == ExchangeStep::Lost);
    let excused = |h: &Handed| {
        is_lost(scene, h, &calls)
            || scene.plan.has_stalled(calls[h.call].actor)
            || scene.watch.blind_removals().contains(&h.item_id)
            || log::names(&scene.log, &h.item_id, "left a stray")
            || log::names(&scene.log, &h.item_id, ENVELOPE)
    };
    lost.filter(|e| !handed.iter().filter(|h| h.key == e.key).any(excused))
        .map(|_| "an exchange is lost, and no answer was".to_owned())
        .collect()
}

/// A replay is the same to the letter, and an account has one processor token.
pub(crate) fn of_answers(answers: &[(Wish, Answer)]) -> Vec<String> {
    let mut given = BTreeMap::<String, BTreeSet<&str>>::new();
    for (wish, answer) in answers.iter().filter(|(_, answer)| answer.status == 201) {
        let part = match wish {
            Wish::Token(..) => answer.processor_token(),
            _ => &answer.body,
        };
        given.entry(format!("{wish:?}")).or_default().insert(part);
    }
    let differ = given.values().filter(|given| given.len() > 1);
    differ
        .map(|given| format!("answers differ: {given:?}"))
        .collect()
}

/// Nobody is told that a good public token is bad, or that an exchange is lost which is not.
pub(crate) fn of_refusals(story: &Story) -> Vec<String> {
    let mut wrong = Vec::new();
    for (wish, answer) in &story.answers {
        let Wish::Link(link) = wish else {
            continue;
        };
        let key = ExchangeKey::of(&PublicToken::new(link.public_token));
        let step = step(&story.scene, &key);
        match answer.code() {
            "public_token_refused" => {
                wrong.push(format!("a client is told that its token is bad: {step:?}"));
            }
            "exchange_lost" if step != Some(ExchangeStep::Lost) => {
                wrong.push(format!("a client is told that it is lost: {step:?}"));
            }
            _ => {}
        }
    }
    wrong
}

/// One public token is one user's.
pub(crate) fn of_users(answers: &[(Wish, Answer)]) -> Vec<String> {
    let mut users = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (wish, answer) in answers {
        if let (Wish::Link(link), 201) = (wish, answer.status) {
            users
                .entry(link.public_token)
                .or_default()
                .insert(link.user);
        }
    }
    let shared = users.values().filter(|users| users.len() > 1);
    shared
        .map(|users| format!("{users:?} have the same Item"))
        .collect()
}

/// Each change of an Item begins where the one before ended, and only designed ones
/// follow one another.
pub(crate) fn of_histories(scene: &Scene) -> Vec<String> {
    let records = scene.store.records();
    let mut wrong = Vec::new();
    for item in records.items.values() {
        let changes = records.changes.iter();
        let changes = changes.filter(|c| c.item_id.as_ref() == Some(&item.item_id));
        let mut status = None;
        for Change { before, after, .. } in changes {
            let legal = before.is_none_or(|before| after.is_some_and(|a| may_follow(before, a)));
            if *before != status || !legal {
                wrong.push(format!(
                    "{}: {before:?} -> {after:?} after {status:?}",
                    item.item_id
                ));
            }
            status = *after;
        }
        if status != Some(item.status()) {
            wrong.push(format!(
                "{} ends as {:?}, told {status:?}",
                item.item_id,
                item.status()
            ));
        }
    }
    wrong
}

fn may_follow(before: ItemStatus, after: ItemStatus) -> bool {
    use ItemStatus::{Linking, Removed, Removing};
    match before {
        Linking => true,
        Removing => matches!(after, Removing | Removed),
        Removed => false,
        _ => after != Linking,
    }
}

/// Whether an Item may have been removed because it could not be recorded.
pub(crate) fn could_not_be_recorded(scene: &Scene) -> bool {
    let unrecorded = |call: &Call| {
        call.name == "record_item" && matches!(call.fault, Some(Fault::Throttle | Fault::Away))
    };
    scene.plan.calls().iter().any(unrecorded) || !scene.watch.blind_removals().is_empty()
}

/// Whether an exchange was recorded as lost.
pub(crate) fn was_lost(scene: &Scene) -> bool {
    let records = scene.store.records();
    records
        .exchanges
        .values()
        .any(|e| e.step == ExchangeStep::Lost)
}
