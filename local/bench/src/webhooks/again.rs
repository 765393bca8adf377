//! What was not answered 200 is sent once more, as Plaid does: a few at a time, until it is.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::post;
use super::truth::Signed;
use crate::Failure;
use crate::people::People;

/// How many are on their way at once.
const AT_ONCE: usize = 8;
/// How often each is sent; Plaid gives up in the end, too.
const TIMES: usize = 5;

/// Answers the numbers of those that were taken now.
pub(super) async fn send(
    people: &People,
    refused: Vec<(usize, Signed)>,
) -> Result<BTreeSet<usize>, Failure> {
    let mut sending = JoinSet::new();
    let mut taken = BTreeSet::new();
    for (number, webhook) in refused {
        if sending.len() >= AT_ONCE {
            taken.extend(sending.join_next().await.transpose()?.flatten());
        }
        sending.spawn(until_taken(people.clone(), number, webhook));
    }
    while let Some(one) = sending.join_next().await {
        taken.extend(one?);
    }
    Ok(taken)
}

async fn until_taken(people: People, number: usize, webhook: Signed) -> Option<usize> {
    for _ in 0..TIMES {
        if post(&people, &webhook, number).await.status == Some(200) {
            return Some(number);
        }
    }
    None
}
