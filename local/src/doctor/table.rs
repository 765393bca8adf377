//! The table, against template.yaml.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, KeySchemaElement, TableDescription, TimeToLiveDescription,
};
use serde_json::{Value, json};
use shared::aws::describe;

use super::report::{Check, Finding, Trouble};
use super::stored::refused;
use crate::template::{Document, ResourceNames, Scope, TEMPLATE, Table, TemplateError};

const MEND: &str = "deploy template.yaml again; on a laptop, stop `cargo local` and start it again";
const MEND_TABLE: &str = "TABLE_NAME must be the table of the stack's output TableName; a table that \
    is gone comes back from its backup (docs/runbook.md), on a laptop with `cargo local`";

/// The checks of this file, in their order.
pub(super) const CHECKS: [Check; 4] =
    [Check::Table, Check::Index, Check::TimeToLive, Check::Stream];

/// Compares the table with the one of the template.
pub(super) async fn check(client: &Client, name: &str) -> Vec<Finding> {
    let expected = match expected() {
        Ok(expected) => expected,
        Err(error) => return without_table(Trouble::new(error.to_string(), MEND)),
    };
    let describe_table = client.describe_table().table_name(name).send();
    let time_to_live = client.describe_time_to_live().table_name(name).send();
    let (table, time_to_live) = tokio::join!(describe_table, time_to_live);
    let table = match table.map(|answer| answer.table) {
        Ok(Some(table)) => table,
        Ok(None) => return without_table(Trouble::new("the table is not described", MEND_TABLE)),
        Err(error) => {
            return without_table(refused(&describe(&error), "the table", MEND_TABLE));
        }
    };
    let time_to_live = match time_to_live {
        Ok(answer) => ttl(answer.time_to_live_description.as_ref(), &expected),
        Err(error) => Err(refused(&describe(&error), "time to live", MEND)),
    };
    vec![
        Finding::of(Check::Table, keys(&table, &expected)),
        Finding::of(Check::Index, indexes(&table, &expected)),
        Finding::of(Check::TimeToLive, time_to_live),
        Finding::of(Check::Stream, stream(&table, &expected)),
    ]
}

fn without_table(trouble: Trouble) -> Vec<Finding> {
    let mut findings = vec![Finding::fail(Check::Table, trouble)];
    let others = CHECKS.into_iter().skip(1);
    findings.extend(others.map(|check| Finding::skipped(check, "no table")));
    findings
}

/// The template's one table.
fn expected() -> Result<Table, TemplateError> {
    let document = Document::parse(TEMPLATE)?;
    let mut scope = Scope::new(&document, &BTreeMap::new());
    for name in document.resources_of_type("AWS::KMS::Key") {
        // Which key it is encrypted with is not looked at.
        scope.insert(name, ResourceNames::new(name));
    }
    let tables = Table::read_all(&document, &scope)?;
    tables
        .into_iter()
        .next()
        .ok_or_else(|| TemplateError::Missing {
            what: "table".to_owned(),
        })
}

fn keys(table: &TableDescription, expected: &Table) -> Result<(), Trouble> {
    let status = table.table_status().map(AsRef::as_ref);
    if !matches!(status, Some("ACTIVE" | "UPDATING")) {
        let found = format!("the table is {}", status.unwrap_or("in no state"));
        return Err(Trouble::new(found, MEND_TABLE));
    }
    same(
        "the table's key",
        &key_schema(table.key_schema()),
        part(&expected.create, "KeySchema"),
    )?;
    same(
        "the types of the keys",
        &sorted(attributes(table)),
        &sorted(part(&expected.create, "AttributeDefinitions").clone()),
    )
}

fn indexes(table: &TableDescription, expected: &Table) -> Result<(), Trouble> {
    let expected = part(&expected.create, "GlobalSecondaryIndexes");
    for index in expected.as_array().into_iter().flatten() {
        let name = part(index, "IndexName").as_str().unwrap_or_default();
        let mut indexes = table.global_secondary_indexes().iter();
        let Some(found) = indexes.find(|found| found.index_name() == Some(name)) else {
            return Err(Trouble::new(format!("the table has no index {name}"), MEND));
        };
        let what = format!("the index {name}");
        same(&what, &described(found), index)?;
        let status = found.index_status().map(AsRef::as_ref);
        if !matches!(status, Some("ACTIVE" | "UPDATING")) {
            let found = format!("{what} is {}", status.unwrap_or("in no state"));
            return Err(Trouble::new(found, "wait until DynamoDB has built it"));
        }
    }
    Ok(())
}

fn ttl(found: Option<&TimeToLiveDescription>, expected: &Table) -> Result<(), Trouble> {
    let status = found.and_then(|found| found.time_to_live_status());
    let on = matches!(status.map(AsRef::as_ref), Some("ENABLED" | "ENABLING"));
    let attribute = found.and_then(|found| found.attribute_name());
    let found = on.then_some(attribute).flatten();
    same("time to live", &json!(found), &json!(expected.time_to_live))
}

fn stream(table: &TableDescription, expected: &Table) -> Result<(), Trouble> {
    let found = table.stream_specification().map(|stream| {
        let view = stream.stream_view_type().map(AsRef::as_ref);
        json!({ "StreamEnabled": stream.stream_enabled(), "StreamViewType": view })
    });
    let expected = part(&expected.create, "StreamSpecification");
    same("the stream", &found.unwrap_or_default(), expected)
}

fn same(what: &str, found: &Value, expected: &Value) -> Result<(), Trouble> {
    if found == expected {
        return Ok(());
    }
    let found = format!("{what} is {found} where template.yaml has {expected}");
    Err(Trouble::new(found, MEND))
}

fn described(index: &GlobalSecondaryIndexDescription) -> Value {
    let projection = index.projection();
    let projection = projection.and_then(|projection| projection.projection_type());
    json!({
        "IndexName": index.index_name(),
        "KeySchema": key_schema(index.key_schema()),
        "Projection": { "ProjectionType": projection.map(AsRef::as_ref) },
    })
}

fn key_schema(elements: &[KeySchemaElement]) -> Value {
    let element = |element: &KeySchemaElement| {
        json!({
            "AttributeName": element.attribute_name(),
            "KeyType": element.key_type().as_str(),
        })
    };
    elements.iter().map(element).collect()
}

fn attributes(table: &TableDescription) -> Value {
    let definitions = table.attribute_definitions().iter();
    definitions
        .map(|definition| {
            json!({
                "AttributeName": definition.attribute_name(),
                "AttributeType": definition.attribute_type().as_str(),
            })
        })
        .collect()
}

/// AWS gives attributes in an order of its own.
fn sorted(mut list: Value) -> Value {
    if let Some(list) = list.as_array_mut() {
        list.sort_by_key(ToString::to_string);
    }
    list
}

fn part<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
