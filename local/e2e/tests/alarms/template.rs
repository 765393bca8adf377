//! The metrics that the template makes of log lines, the alarms over metrics, and the dashboard.

use std::collections::{BTreeMap, BTreeSet};

use local::template::TEMPLATE;
use serde_json::Value as Json;
use serde_norway::{Mapping, Value as Yaml};

/// A metric with its dimensions; those of AWS by their names alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
}

/// The namespace of the stack's own metrics, as the template writes it.
pub(crate) const OWN: &str = "!Ref AWS::StackName";

/// A metric filter of a log group.
pub(crate) struct Filter {
    /// The logical name of the function whose log it reads.
    pub(crate) function: String,
    pub(crate) pattern: Pattern,
    pub(crate) metric: String,
    value: String,
    dimension: Option<(String, String)>,
}

impl Filter {
    /// Whether no function writes the lines that it counts.
    pub(crate) fn reads_lambdas_own_lines(&self) -> bool {
        let Pattern(conditions) = &self.pattern;
        let mut types = conditions.iter().filter(|(field, _)| field == "$.type");
        types.any(|(_, wanted)| wanted.starts_with("platform."))
    }

    /// What it makes of a line of its log group: a metric, and its value.
    pub(crate) fn sample(&self, line: &Json) -> Option<(Metric, f64)> {
        if !self.pattern.matches(line) {
            return None;
        }
        let dimensions = match &self.dimension {
            // Without the field, CloudWatch publishes nothing.
            Some((name, field)) => {
                BTreeMap::from([(name.clone(), select(line, field)?.as_str()?.to_owned())])
            }
            None => BTreeMap::new(),
        };
        let value = match self.value.parse() {
            Ok(value) => value,
            Err(_) => select(line, &self.value)?.as_f64()?,
        };
        let metric = Metric {
            namespace: OWN.to_owned(),
            name: self.metric.clone(),
            dimensions,
        };
        Some((metric, value))
    }
}

/// `{ $.field = "text" && $.field = * }`, which is as much of CloudWatch's language as the
/// template uses.
pub(crate) struct Pattern(Vec<(String, String)>);

impl Pattern {
    fn parse(text: &str) -> Self {
        let inside = text
            .trim()
            .strip_prefix('{')
            .unwrap()
            .strip_suffix('}')
            .unwrap();
        let condition = |part: &str| {
            let (field, wanted) = part.split_once(" = ").unwrap();
            assert!(
                wanted.trim() == "*" || wanted.trim().starts_with('"'),
                "{text}"
            );
            (
                field.trim().to_owned(),
                wanted.trim().trim_matches('"').to_owned(),
            )
        };
        Self(inside.split("&&").map(condition).collect())
    }

    pub(crate) fn matches(&self, line: &Json) -> bool {
        self.0
            .iter()
            .all(|(field, wanted)| match select(line, field) {
                Some(found) => wanted == "*" || found.as_str() == Some(wanted),
                None => false,
            })
    }
}

/// `$.a.b` of a line.
fn select<'a>(line: &'a Json, selector: &str) -> Option<&'a Json> {
    let path = selector.strip_prefix("$.")?;
    path.split('.')
        .try_fold(line, |part, name| part.get(name))
        .filter(|part| !part.is_null())
}

fn resources(kind: &str) -> Vec<(String, Yaml)> {
    let template: Yaml = serde_norway::from_str(TEMPLATE).unwrap();
    let resources = template["Resources"].as_mapping().unwrap().clone();
    let of_kind = resources
        .into_iter()
        .filter(|(_, resource)| resource["Type"] == kind);
    of_kind
        .map(|(name, resource)| {
            (
                name.as_str().unwrap().to_owned(),
                resource["Properties"].clone(),
            )
        })
        .collect()
}

/// The logical names of all functions.
pub(crate) fn functions() -> BTreeSet<String> {
    let functions = resources("AWS::Serverless::Function").into_iter();
    functions.map(|(name, _)| name).collect()
}

/// The functions of which the dashboard shows a metric, by their logical names.
pub(crate) fn charted(namespace: &str, metric: &str) -> BTreeSet<String> {
    let wanted = [namespace, metric, "FunctionName"];
    let mut functions = BTreeSet::new();
    for (_, dashboard) in resources("AWS::CloudWatch::Dashboard") {
        let Yaml::Tagged(body) = &dashboard["DashboardBody"] else {
            panic!("the dashboard names resources");
        };
        let body: Json = serde_json::from_str(body.value.as_str().unwrap()).unwrap();
        let widgets = body["widgets"].as_array().unwrap().iter();
        let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array());
        let rows = metrics.flatten().filter_map(Json::as_array);
        for row in rows.filter(|row| row.len() > 3 && row[..3] == wanted) {
            let function = row[3].as_str().and_then(|name| name.strip_prefix("${"));
            functions.extend(
                function
                    .and_then(|name| name.strip_suffix('}'))
                    .map(str::to_owned),
            );
        }
    }
    functions
}

/// Text, or a reference as the template writes it.
fn written(value: &Yaml) -> String {
    match value {
        Yaml::Tagged(tagged) => format!("{} {}", tagged.tag, tagged.value.as_str().unwrap()),
        value => value.as_str().unwrap().to_owned(),
    }
}

pub(crate) fn filters() -> Vec<Filter> {
    let read = |(name, filter): (String, Yaml)| {
        let transformation = &filter["MetricTransformations"][0];
        assert_eq!(written(&transformation["MetricNamespace"]), OWN, "{name}");
        let group = written(&filter["LogGroupName"]);
        let group = group.strip_prefix("!Ref ").unwrap();
        let dimension = transformation["Dimensions"].get(0);
        Filter {
            function: group.strip_suffix("Logs").unwrap().to_owned(),
            pattern: Pattern::parse(filter["FilterPattern"].as_str().unwrap()),
            metric: written(&transformation["MetricName"]),
            value: written(&transformation["MetricValue"]),
            dimension: dimension.map(|one| (written(&one["Key"]), written(&one["Value"]))),
        }
    };
    resources("AWS::Logs::MetricFilter")
        .into_iter()
        .map(read)
        .collect()
}

/// An alarm, and what it looks at.
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) metrics: Vec<Metric>,
}

pub(crate) fn alarms() -> Vec<Alarm> {
    let read = |(name, alarm): (String, Yaml)| Alarm {
        metrics: metrics(alarm.as_mapping().unwrap()),
        description: written(&alarm["AlarmDescription"]),
        name,
    };
    resources("AWS::CloudWatch::Alarm")
        .into_iter()
        .map(read)
        .collect()
}

fn metrics(alarm: &Mapping) -> Vec<Metric> {
    match alarm.get("Metrics").and_then(Yaml::as_sequence) {
        None => vec![metric(&Yaml::Mapping(alarm.clone()))],
        Some(queries) => {
            let own = queries.iter().filter_map(|query| query.get("MetricStat"));
            own.map(|stat| metric(&stat["Metric"])).collect()
        }
    }
}

fn metric(definition: &Yaml) -> Metric {
    let dimensions = definition.get("Dimensions").and_then(Yaml::as_sequence);
    let dimensions = dimensions.into_iter().flatten();
    Metric {
        namespace: written(&definition["Namespace"]),
        name: written(&definition["MetricName"]),
        dimensions: dimensions
            .map(|one| (written(&one["Name"]), written(&one["Value"])))
            .collect(),
    }
}
