//! The environment variables that the template gives functions, against those that they read.

use std::collections::{BTreeMap, BTreeSet};

use e2e::scene::{Failure, Scene};
use local::functions::linked;
use shared::settings::Environment;

use crate::policy::{Function, Template};

/// What the template leaves empty where its reader has no wish. Behind such a variable there
/// may be another one that is read in its place.
const EMPTY: [&str; 1] = ["WEBHOOK_BASE_URL"];
/// Lambda gives these to every function.
const OF_THE_RUNTIME: &str = "AWS_";

#[tokio::test]
async fn every_function_is_given_the_variables_that_it_reads_and_no_others() -> Result<(), Failure>
{
    let scene = Scene::start().await?;
    let mut found = Vec::new();
    for function in Template::read()?.functions()? {
        let environment = environment(&function, scene.stack().environment());
        linked::connect(&function.package, &environment).await?;
        let mut asked = environment.asked();
        asked.retain(|name| !name.starts_with(OF_THE_RUNTIME));
        let given: BTreeSet<String> = function.variables.into_keys().collect();
        let package = &function.package;
        found.extend(
            given
                .difference(&asked)
                .map(|name| format!("{package} never reads {name}")),
        );
        found.extend(
            asked
                .difference(&given)
                .map(|name| format!("{package} is not given {name}")),
        );
    }
    assert_eq!(found, [] as [String; 0]);
    scene.stop().await;
    Ok(())
}

/// What the template gives this function, with the values that the local stack has.
fn environment(function: &Function, values: &BTreeMap<String, String>) -> Environment {
    let is_given = |name: &str| {
        let own = function.variables.contains_key(name) && !EMPTY.contains(&name);
        own || name.starts_with(OF_THE_RUNTIME)
    };
    let given = values.iter().filter(|(name, _)| is_given(name));
    given
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
