//! Routes and authorizers: those of the template, no more and no fewer.

use std::collections::BTreeSet;

use e2e::routes;
use e2e::scene::Failure;
use e2e::sides::assert_same;
use local::template::Authorizer;
use serde_json::{Value, json};

use crate::description::Description;

#[test]
fn the_description_has_the_routes_and_authorizers_of_the_template() -> Result<(), Failure> {
    let template = routes::of_template()?;
    let template = template
        .iter()
        .map(|(key, authorizer)| format!("{key}: {}", security(authorizer)));
    let description = Description::read()?;
    let default = description.at("/security");
    let operations = description.operations();
    let described = operations.iter().map(|one| {
        let own = one.value.get("security").unwrap_or(default);
        format!("{}: {own}", one.key)
    });
    assert_same("docs/openapi.yaml", described, "template.yaml", template);
    Ok(())
}

fn security(authorizer: &Authorizer) -> Value {
    match authorizer {
        Authorizer::Nobody => json!([]),
        Authorizer::Jwt(_) => json!([{ "jwt": [] }]),
        Authorizer::Iam => json!([{ "sigv4": [] }]),
    }
}

#[test]
fn every_parameter_of_a_path_is_described_once() -> Result<(), Failure> {
    let description = Description::read()?;
    for (path, item) in description.members("/paths") {
        let parameters = item["parameters"].as_array().into_iter().flatten();
        let names = parameters.map(|one| description.resolve(one)["name"].clone());
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{'));
        let in_path = in_path.map(|part| json!(part.trim_end_matches('}')));
        assert_eq!(
            names.collect::<Vec<_>>(),
            in_path.collect::<Vec<_>>(),
            "{path}"
        );
    }
    Ok(())
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_is() -> Result<(), Failure> {
    let description = Description::read()?;
    let operations = description.operations();
    let names = operations
        .iter()
        .map(|one| one.value["operationId"].as_str());
    let names: Option<BTreeSet<_>> = names.collect();
    assert_eq!(names.map(|names| names.len()), Some(operations.len()));
    for operation in &operations {
        assert!(operation.value["summary"].is_string(), "{}", operation.key);
        assert!(operation.value["tags"].is_array(), "{}", operation.key);
    }
    Ok(())
}
