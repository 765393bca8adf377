//! The alarms of the template: each one's fault is brought about once, and the metric that it
//! looks at is in what the functions log. One test, because it listens to the whole process.

#![cfg(test)]

mod coverage;
mod faults;
mod template;

use std::collections::{BTreeMap, BTreeSet};

use e2e::paper::Paper;
use e2e::scene::Failure;
use serde_json::Value;
use shared::domain::Signal;

use template::{Filter, Metric, OWN, alarms, filters};

/// Metrics of AWS, by namespace and name, and the resource that each is told by.
/// docs.aws.amazon.com: lambda/latest/dg/monitoring-metrics-types.html,
/// apigateway/latest/developerguide/http-api-metrics.html,
/// AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html,
/// amazondynamodb/latest/developerguide/metrics-dimensions.html.
const OF_AWS: [(&str, &str, &str); 9] = [
    ("AWS/ApiGateway", "5xx", "ApiId"),
    ("AWS/ApiGateway", "Latency", "ApiId"),
    ("AWS/DynamoDB", "ReadThrottleEvents", "TableName"),
    ("AWS/DynamoDB", "WriteThrottleEvents", "TableName"),
    ("AWS/Lambda", "Duration", "FunctionName"),
    ("AWS/Lambda", "Errors", "FunctionName"),
    ("AWS/Lambda", "IteratorAge", "FunctionName"),
    ("AWS/Lambda", "Throttles", "FunctionName"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
];

/// A metric of lines that Lambda writes itself; its fault is in local/deploy/faults.py.
const OF_LAMBDAS_LINES: [&str; 1] = ["InitDuration"];

/// A function's logical name in the template: `list-items` is `ListItems`.
fn logical_name(package: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    package.split('-').map(capital).collect()
}

/// The lines of functions, each with its function's logical name.
fn lines(log: &str) -> Vec<(String, Value)> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter_map(|line| {
            let spans = line["spans"].as_array()?;
            let package = spans.iter().find_map(|span| span["function"].as_str())?;
            Some((logical_name(package), line.clone()))
        })
        .collect()
}

/// The metrics that the filters make of the lines, each with its highest value.
fn measured(filters: &[Filter], lines: &[(String, Value)]) -> BTreeMap<Metric, f64> {
    let mut measured = BTreeMap::new();
    for (function, line) in lines {
        let own = filters.iter().filter(|filter| filter.function == *function);
        for (metric, value) in own.filter_map(|filter| filter.sample(line)) {
            let highest = measured.entry(metric).or_insert(value);
            *highest = value.max(*highest);
        }
    }
    measured
}

#[tokio::test]
async fn every_alarm_of_ours_looks_at_what_its_fault_makes_the_functions_log() -> Result<(), Failure>
{
    let paper = Paper::default();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(paper.clone())
        .init();
    faults::bring_about().await?;

    let filters = filters();
    let lines = lines(&paper.text());
    let measured = measured(&filters, &lines);
    for alarm in alarms() {
        for metric in alarm
            .metrics
            .iter()
            .filter(|metric| metric.namespace == OWN)
            .filter(|metric| !OF_LAMBDAS_LINES.contains(&metric.name.as_str()))
        {
            let highest = measured.get(metric).copied().unwrap_or_default();
            assert!(
                highest > 0.0,
                "{}: nothing was measured of {metric:?}",
                alarm.name
            );
        }
    }
    let overdue = measured
        .iter()
        .find(|(metric, _)| metric.name == "LongestOverdue");
    let (_, seconds) = overdue.ok_or("nothing tells what is overdue")?;
    assert!(*seconds >= faults::HOURS_OVERDUE * 3600.0, "{seconds}");
    assert_signals_are_counted(&filters, &lines, &measured);
    Ok(())
}

/// Every signal is logged by somebody, and wherever one is logged it is counted.
fn assert_signals_are_counted(
    filters: &[Filter],
    lines: &[(String, Value)],
    measured: &BTreeMap<Metric, f64>,
) {
    let signals = measured.keys().filter(|metric| metric.name == "Signals");
    let counted: BTreeSet<_> = signals
        .map(|metric| metric.dimensions["signal"].as_str())
        .collect();
    let all: BTreeSet<_> = Signal::ALL.map(Signal::as_str).into();
    assert_eq!(counted, all);
    for (function, line) in lines
        .iter()
        .filter(|(_, line)| line.get("signal").is_some())
    {
        let counts = |filter: &Filter| filter.function == *function && filter.pattern.matches(line);
        assert!(
            filters.iter().any(counts),
            "{function} is not counted: {line}"
        );
    }
}

#[test]
fn only_cold_starts_are_told_by_lambda_itself() {
    let filters = filters().into_iter();
    let of_lambda = filters.filter(Filter::reads_lambdas_own_lines);
    let metrics: BTreeSet<_> = of_lambda.map(|filter| filter.metric).collect();
    assert_eq!(metrics, OF_LAMBDAS_LINES.map(str::to_owned).into());
}

#[test]
fn every_alarm_looks_at_a_metric_that_there_is() {
    let filters = filters();
    let functions: BTreeSet<_> = filters
        .iter()
        .map(|filter| filter.function.clone())
        .collect();
    assert!(functions.contains("WebhookReceipt"), "{functions:?}");
    let mut seen = BTreeSet::new();
    for alarm in alarms() {
        assert!(!alarm.metrics.is_empty(), "{} looks at nothing", alarm.name);
        for metric in alarm
            .metrics
            .iter()
            .filter(|metric| metric.namespace != OWN)
        {
            let mut resources = metric.dimensions.keys();
            let dimension = resources.next().map(String::as_str).unwrap_or_default();
            assert_eq!(resources.next(), None, "{metric:?} is told by one resource");
            let wanted = (metric.namespace.as_str(), metric.name.as_str(), dimension);
            let known = OF_AWS.into_iter().find(|known| *known == wanted);
            seen.insert(known.unwrap_or_else(|| panic!("AWS has no {wanted:?}")));
        }
    }
    assert_eq!(
        seen,
        OF_AWS.into_iter().collect(),
        "a metric that no alarm looks at"
    );
}

#[test]
fn every_alarm_has_its_entry_in_the_runbook() {
    let runbook = include_str!("../../../../docs/runbook.md");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## "));
    let anchors: BTreeSet<String> = headings.map(anchor).collect();
    for alarm in alarms() {
        let link = alarm.description.rsplit_once("docs/runbook.md#");
        let anchor = link
            .map(|(_, anchor)| anchor.to_owned())
            .unwrap_or_default();
        assert!(anchors.contains(&anchor), "{}: {anchor:?}", alarm.name);
        let quoted = alarm.name.strip_suffix("Alarm").unwrap();
        assert!(
            runbook.contains(&format!("`{quoted}`")),
            "the runbook does not name {quoted}"
        );
    }
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
