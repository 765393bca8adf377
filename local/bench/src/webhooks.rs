//! Signed webhooks at a steady rate: how soon they are answered, how soon they are applied,
//! and whether each is, once.

mod again;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use self::truth::{Signed, Truth};
use crate::Failure;
use crate::figures::Figures;
use crate::people::{People, read, text};
use crate::stack::Running;

/// Signed webhooks at a steady rate, and whether all of them are applied, once each
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many Items they are about
    #[arg(long, default_value_t = 1_000)]
    items: usize,
    /// How many a second; several rates are tried one after the other, each on a new stack
    #[arg(long, value_delimiter = ',', default_values_t = [200])]
    rate: Vec<usize>,
    /// For how long
    #[arg(long, default_value_t = 60)]
    seconds: usize,
    /// How long to wait until all are applied
    #[arg(long, default_value_t = 900)]
    patience: u64,
}

/// Plaid's own: what comes later than this counts as refused.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How many users link at once.
const LINKING: usize = 8;
/// One in so many is sent a second time, to the letter.
const REPEATED: usize = 10;
const LOOK: Duration = Duration::from_secs(1);

/// What became of one that was sent.
struct Sent {
    number: usize,
    status: Option<u16>,
    took: Duration,
    /// The webhook, if none of its answers was 200.
    refused: Option<Signed>,
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    for rate in &options.rate {
        one_rate(options, *rate).await?;
    }
    Ok(())
}

async fn one_rate(options: &Options, rate: usize) -> Result<(), Failure> {
    let stack = Running::start(Duration::ZERO).await?;
    let people = People::of(&stack.address)?;
    let items = link_all(&people, options.items).await?;
    println!(
        "{rate} a second for {} s over {} Items",
        options.seconds,
        items.len()
    );
    let truth = Truth::new(&people, items);
    let distinct = rate * options.seconds;
    let (sent, late) = send_all(&truth, rate, distinct).await?;
    let mut taken = report(&sent, late);
    let drained = wait_until_applied(&people, distinct, options.patience).await?;
    let drained = drained.as_secs_f64();
    println!("  applied: all that were kept, {drained:.1} s after the last was sent");
    truth.check_webhooks(distinct, &taken).await?;
    let refused = sent.into_iter();
    let refused = refused.filter_map(|sent| Some((sent.number, sent.refused?)));
    let refused: Vec<(usize, Signed)> = refused.collect();
    if !refused.is_empty() {
        println!("  sent again, as Plaid does: {}", refused.len());
        taken.extend(again::send(&people, refused).await?);
        wait_until_applied(&people, distinct, options.patience).await?;
        truth.check_webhooks(distinct, &taken).await?;
    }
    truth.check_items(distinct, &taken).await
}

async fn link_all(people: &People, count: usize) -> Result<Vec<String>, Failure> {
    let mut linking = JoinSet::new();
    let mut items = Vec::new();
    for number in 0..count {
        if linking.len() >= LINKING {
            items.extend(linking.join_next().await.transpose()?.transpose()?);
        }
        linking.spawn(link(people.clone(), number));
    }
    while let Some(linked) = linking.join_next().await {
        items.push(linked??);
    }
    Ok(items)
}

async fn link(people: People, number: usize) -> Result<String, Failure> {
    let user = people.sign_in(&format!("user-{number}")).await?;
    let body = json!({ "public_token": people.run_link().await? });
    let item = read(people.linking(&user, &body).send().await?).await?;
    text(&item, "item_id")
}

/// Sends at the rate, whether or not answers keep up. Also tells how much later than
/// planned the last one left.
async fn send_all(
    truth: &Truth,
    rate: usize,
    count: usize,
) -> Result<(Vec<Sent>, Duration), Failure> {
    let begun = tokio::time::Instant::now();
    let mut sending = JoinSet::new();
    let mut late = Duration::ZERO;
    for number in 0..count {
        let due = begun + Duration::from_secs(1) / u32::try_from(rate)? * u32::try_from(number)?;
        sleep_until(due).await;
        late = due.elapsed();
        sending.spawn(send(truth.clone(), number));
    }
    let mut sent = Vec::new();
    while let Some(one) = sending.join_next().await {
        sent.extend(one?);
    }
    Ok((sent, late))
}

/// A webhook that could not even be signed counts as one without an answer.
async fn send(truth: Truth, number: usize) -> Vec<Sent> {
    let begun = Instant::now();
    let Ok(webhook) = truth.next(number).await else {
        let took = begun.elapsed();
        return vec![Sent {
            number,
            status: None,
            took,
            refused: None,
        }];
    };
    let mut sent = vec![post(&truth.people, &webhook, number).await];
    if number.is_multiple_of(REPEATED) {
        sent.push(post(&truth.people, &webhook, number).await);
    }
    if !sent.iter().any(|sent| sent.status == Some(200))
        && let Some(last) = sent.last_mut()
    {
        last.refused = Some(webhook);
    }
    sent
}

async fn post(people: &People, webhook: &Signed, number: usize) -> Sent {
    let request = people
        .http
        .post(&webhook.url)
        .header("plaid-verification", &webhook.plaid_verification)
        .header("content-type", "application/json")
        .body(webhook.body.clone())
        .timeout(ANSWER_WITHIN);
    let begun = Instant::now();
    let answer = request.send().await;
    Sent {
        number,
        status: answer.ok().map(|answer| answer.status().as_u16()),
        took: begun.elapsed(),
        refused: None,
    }
}

/// The numbers of those that were answered 200.
fn report(sent: &[Sent], late: Duration) -> BTreeSet<usize> {
    let figures = Figures::of(sent.iter().map(|sent| sent.took).collect());
    println!("  answers: {}; {figures}", by_status(sent));
    if late > Duration::from_secs(1) {
        println!("  the sender fell behind by {:.1} s", late.as_secs_f64());
    }
    let good = sent.iter().filter(|sent| sent.status == Some(200));
    good.map(|sent| sent.number).collect()
}

fn by_status(sent: &[Sent]) -> String {
    let mut counts = BTreeMap::<Option<u16>, usize>::new();
    for one in sent {
        *counts.entry(one.status).or_default() += 1;
    }
    let told: Vec<String> = counts
        .into_iter()
        .map(|(status, n)| match status {
            Some(status) => format!("{n} x {status}"),
            None => format!("{n} x none"),
        })
        .collect();
    told.join(", ")
}

/// Until nothing in the table is due any more but by the calendar.
async fn wait_until_applied(
    people: &People,
    distinct: usize,
    patience: u64,
) -> Result<Duration, Failure> {
    let begun = Instant::now();
    loop {
        let records = people.records().await?;
        let waiting = records.iter().filter(|record| waits(record)).count();
        if waiting == 0 {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > Duration::from_secs(patience) {
            return Err(format!("{waiting} of {distinct} webhooks still wait").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn waits(record: &Value) -> bool {
    let is = |name: &str, prefix: &str| {
        let text = record
            .pointer(&format!("/{name}/S"))
            .and_then(Value::as_str);
        text.is_some_and(|text| text.starts_with(prefix))
    };
    record.get("due").is_some() && (is("pk", "INBOX#") || is("sk", "CHANGE#"))
}
