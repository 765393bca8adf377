//! No function is forgotten: each has alarms, and its place on the dashboard.

use std::collections::BTreeSet;

use e2e::sides::assert_same;

use crate::template::{alarms, charted, functions};

const LAMBDA: &str = "AWS/Lambda";

/// The functions whose metric of this name an alarm looks at.
fn watched(metric: &str) -> BTreeSet<String> {
    let alarms = alarms();
    let metrics = alarms.iter().flat_map(|alarm| &alarm.metrics);
    let metrics = metrics.filter(|one| one.namespace == LAMBDA && one.name == metric);
    let functions = metrics.filter_map(|one| one.dimensions.get("FunctionName"));
    let references = functions.filter_map(|function| function.strip_prefix("!Ref "));
    references.map(str::to_owned).collect()
}

#[test]
fn every_function_is_in_an_alarm_over_its_errors_and_in_one_over_its_throttles() {
    for metric in ["Errors", "Throttles"] {
        let alarms = format!("the alarms over {metric}");
        assert_same(
            "the template's functions",
            functions(),
            &alarms,
            watched(metric),
        );
    }
}

#[test]
fn every_function_is_on_the_dashboard() {
    for metric in ["Duration", "Errors", "Throttles"] {
        let dashboard = format!("the dashboard's {metric}");
        assert_same(
            "the template's functions",
            functions(),
            &dashboard,
            charted(LAMBDA, metric),
        );
    }
}
