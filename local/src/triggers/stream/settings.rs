//! What the template says about a function that reads a stream.

use std::time::Duration;

use serde::Deserialize;

use crate::template::{EventSource, TemplateError, natural};
use crate::triggers::TriggerError;
use crate::triggers::pattern::Pattern;

/// Lambda's default.
const DEFAULT_BATCH_SIZE: u64 = 100;

/// What is followed here, and what only AWS has a use for.
const KNOWN: [&str; 14] = [
    "BatchSize",
    "BisectBatchOnFunctionError",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "Stream",
    // Where the metadata of given-up records goes; here they are logged.
    "DestinationConfig",
    "KmsKeyArn",
    "MetricsConfig",
];

/// How a function reads a stream.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The stream's ARN.
    pub(super) stream: String,
    /// Where it begins when it has never read before.
    pub(super) from: StartingPosition,
    /// How many records it takes at a time.
    pub(super) batch_size: usize,
    /// How long records wait for others.
    pub(super) window: Duration,
    /// How many batches are under way at once.
    pub(super) lanes: u64,
    /// A record is delivered if it fits one of these, or if there are none.
    pub(super) filters: Vec<Pattern>,
    pub(super) limits: Limits,
}

/// What happens to a batch that fails.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Whether the function's answer names the records that failed.
    pub(super) reports_failures: bool,
    /// Whether a failed batch is split in two.
    pub(super) bisects: bool,
    /// How often it is tried again; `None` for as long as the stream keeps it.
    pub(super) retries: Option<u64>,
    /// How old a record may become; `None` for as old as the stream keeps it.
    pub(super) max_age: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum StartingPosition {
    TrimHorizon,
    Latest,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: String,
}

impl Settings {
    /// Reads an event of type DynamoDB; `None` for one that is switched off.
    pub(crate) fn read(event: &EventSource<'_>) -> Result<Option<Self>, TriggerError> {
        for name in event.property_names() {
            if !KNOWN.contains(&name) {
                return Err(event.unsupported(name).into());
            }
        }
        if event.property(&["Enabled"])? == Some(false) {
            return Ok(None);
        }
        let stream = event.property(&["Stream"])?;
        let from = event.property(&["StartingPosition"])?;
        let filters: Option<Vec<Filter>> = event.property(&["FilterCriteria", "Filters"])?;
        let filters = filters.unwrap_or_default();
        let batch_size = natural(event.integer(&["BatchSize"])?).unwrap_or(DEFAULT_BATCH_SIZE);
        let window = event.integer(&["MaximumBatchingWindowInSeconds"])?;
        Ok(Some(Self {
            stream: stream.ok_or_else(|| event.missing("Stream"))?,
            from: from.ok_or_else(|| event.missing("StartingPosition"))?,
            batch_size: usize::try_from(batch_size).unwrap_or(usize::MAX).max(1),
            window: Duration::from_secs(natural(window).unwrap_or_default()),
            lanes: natural(event.integer(&["ParallelizationFactor"])?)
                .unwrap_or_default()
                .max(1),
            filters: filters
                .iter()
                .map(|filter| Pattern::parse(&filter.pattern))
                .collect::<Result<_, _>>()
                .map_err(|source| TriggerError::pattern(event, source))?,
            limits: Limits::read(event)?,
        }))
    }

    /// How many batches are under way at once.
    pub(crate) fn lanes(&self) -> u64 {
        self.lanes
    }

    /// The stream's ARN.
    pub(crate) fn stream(&self) -> &str {
        &self.stream
    }

    /// Whether a record is delivered.
    pub(super) fn wants(&self, record: &serde_json::Value) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.fits(record))
    }
}

impl Limits {
    fn read(event: &EventSource<'_>) -> Result<Self, TemplateError> {
        let types: Option<Vec<String>> = event.property(&["FunctionResponseTypes"])?;
        let types = types.unwrap_or_default();
        let bisects = event.property(&["BisectBatchOnFunctionError"])?;
        let max_age = event.integer(&["MaximumRecordAgeInSeconds"])?;
        Ok(Self {
            reports_failures: types.iter().any(|name| name == "ReportBatchItemFailures"),
            bisects: bisects.unwrap_or(false),
            retries: natural(event.integer(&["MaximumRetryAttempts"])?),
            max_age: natural(max_age).map(Duration::from_secs),
        })
    }
}
