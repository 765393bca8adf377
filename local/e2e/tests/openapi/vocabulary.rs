//! Codes and other words: those that the code writes, and that docs/problems.md explains.

use std::collections::{BTreeMap, BTreeSet};

use e2e::scene::Failure;
use e2e::sides::assert_same;
use serde_json::{Value, from_value, json};
use shared::domain::{
    AccountStatus, Action, AstraStatus, Cause, ConnectionState, ItemStatus, LinkStatus, NoticeCode,
};
use shared::http::Code;

use crate::description::Description;

const PAGE: &str = include_str!("../../../../docs/problems.md");
const TIME: std::time::Duration = std::time::Duration::from_secs(1);
/// Where problem codes come from.
const CODES: &str = "shared/src/http/problem.rs";
const ACTIONS: [Action; 6] = [
    Action::None,
    Action::SelectAccount,
    Action::VerifyDeposits,
    Action::Wait(TIME),
    Action::Relink,
    Action::LinkAgain,
];
const LINK_STATUSES: [LinkStatus; 4] = [
    LinkStatus::Open,
    LinkStatus::Exited,
    LinkStatus::Expired,
    LinkStatus::Finished,
];

fn words(description: &Description, schema: &str) -> BTreeSet<String> {
    let listed = description.at(&format!("/components/schemas/{schema}/enum"));
    let listed = listed.as_array().into_iter().flatten();
    listed
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn of_code() -> BTreeSet<String> {
    Code::ALL
        .iter()
        .map(|code| code.as_str().to_owned())
        .collect()
}

#[test]
fn the_problem_codes_are_those_of_the_code_and_of_the_page() -> Result<(), Failure> {
    let codes = of_code();
    let described = words(&Description::read()?, "ProblemCode");
    assert_same("docs/openapi.yaml, ProblemCode", &described, CODES, &codes);
    let titles = PAGE.lines().filter_map(|line| line.strip_prefix("### "));
    assert_same("docs/problems.md", titles.map(str::trim), CODES, &codes);
    Ok(())
}

#[test]
fn every_problem_has_its_status_and_an_example_wherever_it_can_come() -> Result<(), Failure> {
    let description = Description::read()?;
    let statuses: BTreeMap<_, _> = Code::ALL
        .iter()
        .map(|code| (code.as_str(), code.status()))
        .collect();
    let mut met = BTreeSet::new();
    for operation in description.operations() {
        for (status, answer) in description.answers(&operation) {
            let codes = Description::codes(answer);
            for code in &codes {
                let own = statuses.get(code).ok_or(*code)?;
                assert_eq!(own.as_str(), status, "{code} of {}", operation.key);
            }
            let examples = &answer["content"]["application/problem+json"]["examples"];
            let examples = examples.as_object().into_iter().flatten();
            let place = format!("{}, {status}", operation.key);
            assert_same(
                &format!("the examples of {place}"),
                examples.map(|(name, _)| name),
                &format!("the codes of {place}"),
                &codes,
            );
            met.extend(codes.into_iter().map(str::to_owned));
        }
    }
    assert_same("the answers of docs/openapi.yaml", met, CODES, of_code());
    Ok(())
}

/// The words that serde lists when it meets another one.
fn listed<T>(read: serde_json::Result<T>) -> BTreeSet<String> {
    let said = read
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    let listed = said.split_once("expected one of ").unwrap_or_default().1;
    let listed = listed.split(", ").map(|word| word.trim_matches('`'));
    listed.map(str::to_owned).collect()
}

#[test]
fn the_words_of_answers_are_those_that_the_code_writes() -> Result<(), Failure> {
    let description = Description::read()?;
    let actions = ACTIONS.map(|action| action.as_str().to_owned());
    let sessions = LINK_STATUSES.map(|status| status.as_str().to_owned());
    let other = json!("no such word");
    for (schema, written) in [
        (
            "ItemStatus",
            listed(from_value::<ItemStatus>(other.clone())),
        ),
        (
            "AccountStatus",
            listed(from_value::<AccountStatus>(other.clone())),
        ),
        ("Cause", listed(from_value::<Cause>(other.clone()))),
        (
            "AstraStatus",
            listed(from_value::<AstraStatus>(other.clone())),
        ),
        (
            "ConnectionStatus",
            listed(from_value::<ConnectionState>(other.clone())),
        ),
        ("NoticeCode", listed(from_value::<NoticeCode>(other))),
        ("Action", actions.into()),
        ("LinkStatus", sessions.into()),
    ] {
        let described = words(&description, schema);
        let of_schema = format!("docs/openapi.yaml, {schema}");
        assert_same(&of_schema, described, "the code", written);
    }
    Ok(())
}

/// A new word does not compile here until the list above has it.
const _: fn(Action, LinkStatus) = |action, status| {
    match action {
        Action::None
        | Action::SelectAccount
        | Action::VerifyDeposits
        | Action::Wait(_)
        | Action::Relink
        | Action::LinkAgain => {}
    }
    match status {
        LinkStatus::Open | LinkStatus::Exited | LinkStatus::Expired | LinkStatus::Finished => {}
    }
};
