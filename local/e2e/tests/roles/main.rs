//! template.yaml against what the functions do: their roles, and their environment variables.

#![cfg(test)]

mod astra;
mod call;
mod policy;
mod recorder;
mod story;
mod variables;

use std::collections::BTreeSet;

use e2e::scene::Failure;
use local::template::TEMPLATE;

use crate::call::{Call, Names};
use crate::policy::{Function, Statement, Template, of_action};
use crate::story::Story;

/// The only actions that may have a star: AWS knows no narrower resource for them.
const WITHOUT_RESOURCE: [&str; 3] = [
    "dynamodb:ListStreams",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];
/// The keys that we call others with.
const SECRETS: [&str; 2] = ["PlaidSecret", "AstraSecret"];
/// The role of the schedule, which is no function's.
const SCHEDULE: &str = "ReconcileScheduleRole";

#[tokio::test(flavor = "multi_thread")]
async fn every_role_allows_what_its_function_asks_for_and_no_more() -> Result<(), Failure> {
    let template = Template::read()?;
    let story = Story::begin(&names(&template)?).await?;
    story.users_link_and_look().await?;
    story.items_change_and_go().await?;
    story.plaid_tells().await?;
    story.exchanges_break_off().await?;
    story.the_table_breaks_down().await?;
    story.accounts_go_to_astra().await?;
    story.changes_are_published_late().await?;
    let calls = story.recorder.calls()?;
    story.end().await;
    assert_eq!(disagreements(&template, &calls)?, [] as [String; 0]);
    Ok(())
}

/// The logical names of the resources that environment variables name.
fn names(template: &Template) -> Result<Names, Failure> {
    let functions = template.functions()?;
    let variables = functions
        .into_iter()
        .flat_map(|function| function.variables);
    Ok(variables
        .filter_map(|(name, resource)| Some((name, resource?)))
        .collect())
}

/// What is asked for and not allowed, or allowed and not needed.
fn disagreements(template: &Template, calls: &BTreeSet<Call>) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for function in template.functions()? {
        let statements = template.statements(&function.role())?;
        let own: BTreeSet<_> = calls
            .iter()
            .filter(|call| call.function == function.package)
            .collect();
        let of_aws = of_aws(&function, &statements);
        let mut needed = of_aws.clone();
        for call in own {
            let allowing = statements.iter().filter(|statement| statement.allows(call));
            let grants: BTreeSet<String> = allowing.flat_map(|one| one.needed_for(call)).collect();
            if grants.is_empty() {
                found.push(format!("{} is not allowed {call}", function.package));
            }
            needed.extend(grants);
        }
        let granted: BTreeSet<String> = statements.iter().flat_map(Statement::grants).collect();
        let missing = of_aws.difference(&granted);
        found.extend(missing.map(|grant| format!("{}'s role lacks {grant}", function.package)));
        let idle = granted.difference(&needed);
        found.extend(idle.map(|grant| format!("{} never needs {grant}", function.package)));
    }
    Ok(found)
}

/// What AWS itself does with a function's role: logs and traces, what lies under the table and
/// the secret, and reading the stream.
fn of_aws(function: &Function, statements: &[Statement]) -> BTreeSet<String> {
    let name = &function.logical_name;
    let logs = format!("{name}Logs");
    let mut needed = BTreeSet::from([
        of_action("logs:CreateLogStream", &logs, None),
        of_action("logs:PutLogEvents", &logs, None),
        of_action("xray:PutTelemetryRecords", "*", None),
        of_action("xray:PutTraceSegments", "*", None),
    ]);
    let granted: BTreeSet<String> = statements.iter().flat_map(Statement::grants).collect();
    let reads =
        |secret| granted.contains(&of_action("secretsmanager:GetSecretValue", secret, None));
    let reads_the_secret = SECRETS.into_iter().any(reads);
    for service in [
        Some("dynamodb"),
        reads_the_secret.then_some("secretsmanager"),
    ] {
        let Some(service) = service else { continue };
        let via = format!("{service}.AWS::Region.amazonaws.com");
        for action in ["kms:Decrypt", "kms:GenerateDataKey"] {
            needed.insert(of_action(action, "DataKey", Some(&via)));
        }
    }
    if function.reads_a_stream {
        for action in ["DescribeStream", "GetRecords", "GetShardIterator"] {
            let action = format!("dynamodb:{action}");
            needed.insert(of_action(&action, "Table.StreamArn", None));
        }
        needed.insert(of_action("dynamodb:ListStreams", "*", None));
        needed.insert(of_action("sqs:SendMessage", "StreamFailures", None));
    }
    if let Some(queue) = &function.failures {
        needed.insert(of_action("sqs:SendMessage", queue, None));
    }
    needed
}

#[test]
fn every_function_has_a_role_of_its_own_and_the_schedule_has_one() -> Result<(), Failure> {
    let template = Template::read()?;
    let functions = template.functions()?;
    let mut roles: BTreeSet<String> = functions.iter().map(Function::role).collect();
    assert_eq!(roles.len(), functions.len());
    roles.insert(SCHEDULE.to_owned());
    assert_eq!(
        roles,
        template.roles().into_iter().map(str::to_owned).collect()
    );
    let schedule = template.statements(SCHEDULE)?;
    let grants: BTreeSet<String> = schedule.iter().flat_map(Statement::grants).collect();
    assert_eq!(
        grants,
        [of_action("lambda:InvokeFunction", "ReconcileItems", None)].into()
    );
    Ok(())
}

#[test]
fn a_star_stands_only_where_aws_knows_no_resource_and_its_reason_beside_it() -> Result<(), Failure>
{
    let template = Template::read()?;
    for role in template.roles() {
        for statement in template.statements(role)? {
            for action in statement.stars() {
                assert!(
                    WITHOUT_RESOURCE.contains(&action.as_str()),
                    "{role}: {action}"
                );
            }
        }
    }
    let of_roles = TEMPLATE.split_once("  # Roles:").ok_or("no roles")?.1;
    let of_roles = of_roles.split_once("\n  Table:").ok_or("no table")?.0;
    let lines: Vec<&str> = of_roles.lines().map(str::trim).collect();
    let stars = lines
        .windows(4)
        .filter(|lines| lines[3] == "Resource: \"*\"");
    let mut found = 0;
    for [reason, ..] in stars.filter_map(|lines| <&[&str; 4]>::try_from(lines).ok()) {
        assert!(
            reason.starts_with("# AWS knows no narrower resource"),
            "{reason}"
        );
        found += 1;
    }
    assert!(found > 0, "nobody looked");
    Ok(())
}
