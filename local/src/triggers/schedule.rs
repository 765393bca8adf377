//! Schedules: what EventBridge and its Scheduler do with `rate(...)`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use uuid::Uuid;

use super::delivery::Delivery;
use super::stop::{Stop, Stopped};
use super::{Schedules, TriggerError};
use crate::aws::events::moment;
use crate::template::{ACCOUNT_ID, EventSource, REGION, STACK_NAME, natural};

/// When a schedule runs for the first time: soon, but behind the start.
const FIRST_RUN: Duration = Duration::from_secs(1);

/// What is followed here, and what only AWS has a use for.
const KNOWN: [&str; 15] = [
    "Enabled",
    "Input",
    "RetryPolicy",
    "Schedule",
    "ScheduleExpression",
    "State",
    // AWS's, or about names and permissions.
    "DeadLetterConfig",
    "Description",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "Name",
    "OmitName",
    "PermissionsBoundary",
    "RoleArn",
];

/// A schedule of the template.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    every: Duration,
    source: Source,
    name: String,
    input: Option<String>,
}

/// Who invokes the function.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    /// A scheduled rule of EventBridge.
    Rule,
    /// EventBridge Scheduler.
    Scheduler,
}

impl Settings {
    /// Reads an event of type Schedule or `ScheduleV2`; `None` for one that does not run here.
    pub(super) fn read(
        event: &EventSource<'_>,
        trigger: &str,
        schedules: Schedules,
    ) -> Result<Option<Self>, TriggerError> {
        for name in event.property_names() {
            if !KNOWN.contains(&name) {
                return Err(event.unsupported(name).into());
            }
        }
        let (source, expression) = match event.kind.as_str() {
            "ScheduleV2" => (Source::Scheduler, "ScheduleExpression"),
            _ => (Source::Rule, "Schedule"),
        };
        let written: Option<String> = event.property(&[expression])?;
        let written = written.ok_or_else(|| event.missing(expression))?;
        if super::is_off(event)? {
            return Ok(None);
        }
        let every = match schedules {
            Schedules::Never => None,
            Schedules::Every(period) => Some(period).filter(|period| !period.is_zero()),
            Schedules::AsInTemplate => match rate(&written) {
                None if is_moment(&written) => {
                    let hint = "only rate(...) runs here; see --schedule-seconds and /dev/invoke";
                    tracing::warn!(trigger, schedule = written, hint, "a schedule does not run");
                    None
                }
                None => return Err(event.unsupported(written).into()),
                rate => rate,
            },
        };
        let Some(every) = every else { return Ok(None) };
        Ok(Some(Self {
            every,
            source,
            name: format!("{STACK_NAME}-{}", trigger.replace('.', "")),
            input: event.property(&["Input"])?,
        }))
    }

    /// What the function gets: the template's input, or what AWS says by itself.
    fn event(&self, now: Timestamp) -> Value {
        let arn = match self.source {
            Source::Rule => format!("arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{}", self.name),
            Source::Scheduler => {
                format!(
                    "arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{}",
                    self.name
                )
            }
        };
        let time = moment(now);
        let id = Uuid::new_v4().to_string();
        if let Some(input) = &self.input {
            let filled = match self.source {
                Source::Rule => input.clone(),
                Source::Scheduler => input
                    .replace("<aws.scheduler.schedule-arn>", &arn)
                    .replace("<aws.scheduler.scheduled-time>", &time)
                    .replace("<aws.scheduler.execution-id>", &id)
                    .replace("<aws.scheduler.attempt-number>", "1"),
            };
            return serde_json::from_str(&filled).unwrap_or(Value::String(filled));
        }
        let (source, detail) = match self.source {
            Source::Rule => ("aws.events", json!({})),
            Source::Scheduler => ("aws.scheduler", json!("{}")),
        };
        json!({
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": source,
            "account": ACCOUNT_ID,
            "time": time,
            "region": REGION,
            "resources": [arn],
            "detail": detail,
        })
    }

    /// Runs until it is stopped: never twice at once, and what is missed meanwhile is left
    /// out.
    pub(super) async fn run(self, mut delivery: Delivery, stop: Stop) {
        drop(self.run_until_stopped(&mut delivery, stop).await);
    }

    async fn run_until_stopped(
        &self,
        delivery: &mut Delivery,
        mut stop: Stop,
    ) -> Result<(), Stopped> {
        let first = Instant::now() + FIRST_RUN.min(self.every);
        let mut ticks = interval_at(first, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            stop.during(ticks.tick()).await?;
            let now = Timestamp::now();
            delivery.deliver(&self.event(now), now).await?;
        }
    }
}

/// The period of `rate(5 minutes)`.
fn rate(expression: &str) -> Option<Duration> {
    let inner = expression.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.trim().split_once(char::is_whitespace)?;
    let number = natural(number.parse().ok()).filter(|number| *number > 0)?;
    let seconds = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 60 * 60,
        "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// `cron(...)` and `at(...)`.
fn is_moment(expression: &str) -> bool {
    ["cron(", "at("]
        .iter()
        .any(|kind| expression.trim().starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(source: Source, input: Option<&str>) -> Settings {
        Settings {
            every: Duration::from_mins(1),
            source,
            name: "local-FTick".to_owned(),
            input: input.map(str::to_owned),
        }
    }

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);

    #[test]
    fn rates_have_a_number_and_a_unit() {
        assert_eq!(rate("rate(1 minute)"), Some(Duration::from_mins(1)));
        assert_eq!(rate(" rate( 2  hours ) "), Some(Duration::from_hours(2)));
        assert_eq!(rate("rate(7 days)"), Some(Duration::from_hours(7 * 24)));
        for wrong in [
            "rate(0 minutes)",
            "rate(-1 minutes)",
            "rate(1 second)",
            "rate(1)",
            "1 minute",
            "cron(0 12 * * ? *)",
        ] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_function_gets_the_templates_input() {
        let event = settings(Source::Scheduler, Some("{}")).event(NOW);
        assert_eq!(event, json!({}));
        let input =
            r#"{"at":"<aws.scheduler.scheduled-time>","of":"<aws.scheduler.schedule-arn>"}"#;
        let event = settings(Source::Scheduler, Some(input)).event(NOW);
        assert_eq!(event["at"], "2023-11-14T22:13:20Z");
        assert_eq!(
            event["of"],
            "arn:aws:scheduler:us-east-1:123456789012:schedule/default/local-FTick"
        );
        let event =
            settings(Source::Rule, Some(r#"["<aws.scheduler.scheduled-time>"]"#)).event(NOW);
        assert_eq!(event, json!(["<aws.scheduler.scheduled-time>"]));
    }

    #[test]
    fn without_an_input_it_gets_what_aws_says_by_itself() {
        let event = settings(Source::Scheduler, None).event(NOW);
        assert_eq!(event["source"], "aws.scheduler");
        assert_eq!(event["detail-type"], "Scheduled Event");
        assert_eq!(event["detail"], "{}");
        assert_eq!(event["time"], "2023-11-14T22:13:20Z");
        let event = settings(Source::Rule, None).event(NOW);
        assert_eq!(event["source"], "aws.events");
        assert_eq!(event["detail"], json!({}));
        assert_eq!(
            event["resources"],
            json!(["arn:aws:events:us-east-1:123456789012:rule/local-FTick"])
        );
    }
}
