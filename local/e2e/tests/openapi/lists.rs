//! Where routes are listed besides the description: README.md's table of calls, and the sample
//! events. Both are read when the tests run, as the description is.

use std::collections::BTreeSet;
use std::fs;

use e2e::routes;
use e2e::scene::Failure;
use e2e::sides::assert_same;
use serde_json::Value;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");

#[test]
fn the_readmes_calls_are_the_routes_of_the_template() -> Result<(), Failure> {
    let page = fs::read_to_string(README)?;
    let routes = routes::of_template()?.into_keys();
    assert_same(
        "README.md's table of calls",
        calls(&page),
        "template.yaml",
        routes,
    );
    Ok(())
}

/// The first column of the section's rows about calls, without queries.
fn calls(page: &str) -> BTreeSet<&str> {
    let section = page.split_once("\n## API\n").unwrap_or_default().1;
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let calls = rows.filter_map(|row| row.split(['`', '?']).next());
    calls.filter(|call| call.contains(" /")).collect()
}

#[test]
fn every_route_has_a_sample_event_and_every_sample_a_route() -> Result<(), Failure> {
    let routes = routes::of_template()?.into_keys();
    assert_same("events/*.json", sampled()?, "template.yaml", routes);
    Ok(())
}

/// The routes of the sample events that are requests.
fn sampled() -> Result<BTreeSet<String>, Failure> {
    let mut routes = BTreeSet::new();
    for file in fs::read_dir(EVENTS)? {
        let path = file?.path();
        let event: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let Some(route) = event["routeKey"].as_str() else {
            continue;
        };
        let of_context = &event["requestContext"]["routeKey"];
        assert_eq!(of_context, route, "{}", path.display());
        routes.insert(route.to_owned());
    }
    Ok(routes)
}
