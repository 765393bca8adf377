//! What the users were told, in a few lines.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journey::{Answer, Journey};
use crate::figures::Figures;

/// How often the front end of docs/front-end.md asks.
const TRIES_OF_A_FRONT_END: usize = 15;

pub(super) fn print(journeys: &[Journey], took: Duration) {
    println!(
        "  a link token: {}",
        Figures::of(each(journeys, |journey| journey.link_token.took))
    );
    let good = |answer: &&Answer| answer.is_good();
    let at_once = journeys.iter().filter_map(|j| j.exchange.first());
    let at_once: Vec<Duration> = at_once.filter(good).map(|answer| answer.took).collect();
    println!(
        "  an exchange: {} linked at once; {}",
        at_once.len(),
        Figures::of(at_once)
    );
    println!(
        "  answers to it: {}",
        counted(answers(journeys).map(Answer::name))
    );
    print_waiting(journeys);
    let linked = journeys.iter().filter(|j| j.item_id().is_some()).count();
    println!(
        "  linked: {linked} of {} after {:.1} s; each user {}",
        journeys.len(),
        took.as_secs_f64(),
        Figures::of(each(journeys, |journey| journey.took))
    );
}

fn print_waiting(journeys: &[Journey]) {
    let refused = answers(journeys).filter(|answer| !answer.is_good());
    let told = refused.map(|answer| {
        answer
            .retry_after
            .map_or("nothing".to_owned(), |seconds| format!("{seconds} s"))
    });
    let told = counted(told);
    if told.is_empty() {
        return;
    }
    println!("  Retry-After: {told}");
    let mut tries: Vec<usize> = journeys.iter().map(|j| j.exchange.len()).collect();
    tries.sort_unstable();
    let beyond = tries.iter().filter(|n| **n > TRIES_OF_A_FRONT_END).count();
    println!(
        "  a user asked {} times, p50, and at most {}; {beyond} more than {TRIES_OF_A_FRONT_END} times",
        tries.get(tries.len() / 2).copied().unwrap_or_default(),
        tries.last().copied().unwrap_or_default()
    );
}

fn answers(journeys: &[Journey]) -> impl Iterator<Item = &Answer> {
    journeys.iter().flat_map(|journey| &journey.exchange)
}

fn each(journeys: &[Journey], figure: fn(&Journey) -> Duration) -> Vec<Duration> {
    journeys.iter().map(figure).collect()
}

/// How often each was there.
fn counted(names: impl Iterator<Item = String>) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let counts = counts.into_iter();
    let told: Vec<String> = counts.map(|(name, n)| format!("{n} x {name}")).collect();
    told.join(", ")
}
