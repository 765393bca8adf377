//! Every example is what its schema says.

use e2e::scene::Failure;
use serde_json::Value;

use crate::description::Description;

/// The examples of a body, by name.
pub(crate) fn examples<'a>(
    description: &'a Description,
    media: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let examples = media["examples"].as_object().into_iter().flatten();
    examples.map(|(name, example)| (name.as_str(), &description.resolve(example)["value"]))
}

#[test]
fn every_request_and_every_answer_has_examples_and_they_are_valid() -> Result<(), Failure> {
    let description = Description::read()?;
    let mut wrong = Vec::new();
    for operation in description.operations() {
        let mut bodies = Vec::new();
        if let Some(body) = description.request(&operation) {
            bodies.push(("request".to_owned(), body));
        }
        for (status, answer) in description.answers(&operation) {
            let content = answer["content"].as_object().into_iter().flatten();
            bodies.extend(content.map(|(kind, media)| (format!("{status}, {kind}"), media)));
        }
        for (place, media) in bodies {
            let place = format!("{}, {place}", operation.key);
            if examples(&description, media).next().is_none() {
                wrong.push(format!("{place}: no example"));
            }
            for (name, value) in examples(&description, media) {
                let errors = description.errors(&media["schema"], value)?;
                wrong.extend(
                    errors
                        .iter()
                        .map(|error| format!("{place}, {name} {error}")),
                );
            }
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    Ok(())
}

#[test]
fn every_parameter_has_an_example_and_it_is_valid() -> Result<(), Failure> {
    let description = Description::read()?;
    let named = description.members("/components/parameters");
    let operations = description.operations();
    let own = operations
        .iter()
        .filter_map(|one| one.value["parameters"].as_array());
    let own = own.flatten().map(|one| description.resolve(one));
    for parameter in named.map(|(_, parameter)| parameter).chain(own) {
        let example = parameter
            .get("example")
            .ok_or_else(|| parameter.to_string())?;
        let errors = description.errors(&parameter["schema"], example)?;
        assert_eq!(errors, [] as [String; 0], "{parameter}");
    }
    Ok(())
}
