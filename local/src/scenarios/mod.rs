//! Stories that a stack can start with, played over its own API and the simulator's controls.
//!
//! A story has one user, who is called as it is and has one Item. Played again in the same data
//! folder, a story that is as it should be is left alone; otherwise its user's Items are removed
//! and it begins anew. So nothing piles up, and what was mended is broken again.

mod stage;
mod story;

use clap::ValueEnum;

pub use self::stage::ScenarioError;
use self::stage::Stage;
use self::story::Story;
use crate::{Progress, Stack};

/// What a stack starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A bank that wants its user to log in again.
    BrokenBank,
    /// A deposit that was sent: the account waits for its code.
    PendingDeposit,
    /// A user who took the permission back at the bank.
    RevokedUser,
    /// A consent that ends in a week, and Plaid's notice of it.
    ExpiringConsent,
    /// A bank that is linked, and a Plaid that answers with errors only.
    PlaidDown,
    /// The first four at once, each with a user of its own.
    All,
}

/// Plays a scenario, telling `report` of each step, and answers what to do next.
///
/// # Errors
///
/// The stack has no simulator, something was refused, or took too long.
pub async fn play(
    stack: &Stack,
    scenario: Scenario,
    report: impl Fn(&Progress),
) -> Result<Vec<Progress>, ScenarioError> {
    let stage = Stage::of(stack)?;
    // What an earlier scenario left.
    stage.let_plaid_work().await?;
    let mut next = Vec::new();
    for story in stories(scenario) {
        let told = |detail: String| {
            report(&Progress {
                what: "scenario",
                detail: format!("{}: {detail}", story.user()),
            });
        };
        tell(&stage, story, told).await?;
        next.extend(story.next(stack.gateway_url()));
    }
    if scenario == Scenario::PlaidDown {
        stage.let_plaid_fail().await?;
        next.push(Progress {
            what: "Plaid is back after",
            detail: format!("curl -X DELETE {}", stage.faults()),
        });
    }
    Ok(next)
}

fn stories(scenario: Scenario) -> Vec<Story> {
    match scenario {
        Scenario::BrokenBank => vec![Story::BrokenBank],
        Scenario::PendingDeposit => vec![Story::PendingDeposit],
        Scenario::RevokedUser => vec![Story::RevokedUser],
        Scenario::ExpiringConsent => vec![Story::ExpiringConsent],
        Scenario::PlaidDown => vec![Story::PlaidDown],
        Scenario::All => Story::WITH_PLAID.to_vec(),
    }
}

async fn tell(stage: &Stage<'_>, story: Story, told: impl Fn(String)) -> Result<(), ScenarioError> {
    let person = stage.sign_in(story.user()).await?;
    let items = person.items().await?;
    if let [item] = items.as_slice()
        && story.is_told_by(item)
    {
        told("is there already".to_owned());
        return Ok(());
    }
    for item in &items {
        told("removes what an earlier start left".to_owned());
        person.remove(item).await?;
    }
    told(format!("links a bank as {}", story.bank_user()));
    let public_token = stage.public_token(story.bank_user()).await?;
    let item_id = person.link(&public_token).await?;
    if let Some((path, body)) = story.turn(&item_id) {
        told(story.what_happens().to_owned());
        stage.control(&path, &body).await?;
    }
    person
        .wait_until(&item_id, |item| story.is_told_by(item))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_explained_in_one_line() {
        for scenario in Scenario::value_variants() {
            let value = scenario.to_possible_value().unwrap();
            let help = value.get_help().unwrap().to_string();
            assert!(
                !help.is_empty() && !help.contains('\n'),
                "{}",
                value.get_name()
            );
        }
    }

    #[test]
    fn every_story_is_a_scenario_and_its_user_has_its_name() {
        let of_one: Vec<_> = Scenario::value_variants()
            .iter()
            .filter(|scenario| **scenario != Scenario::All)
            .map(|scenario| {
                let name = scenario.to_possible_value().unwrap().get_name().to_owned();
                let [story] = stories(*scenario)[..] else {
                    panic!("one story")
                };
                assert_eq!(story.user(), name);
                story
            })
            .collect();
        let (with_plaid, without) = of_one.split_at(4);
        assert_eq!(stories(Scenario::All), with_plaid);
        assert_eq!(without, [Story::PlaidDown]);
    }
}
