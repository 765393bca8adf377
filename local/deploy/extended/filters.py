"""Metric filters: what CloudWatch makes of a log's lines.

As much of the pattern language as the template uses: `{ $.a.b = "text" && $.c = * }`.
AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html of docs.aws.amazon.com."""

import json
import re

from ministack.services import cloudwatch, cloudwatch_logs

CONDITION = re.compile(r'\$\.([\w.]+) = ("([^"]*)"|\*)')


def install() -> None:
    """Has metric filters count from now on."""
    fan_out = cloudwatch_logs._fanout_to_subscription_filters

    def counted(group, stream, events):
        fan_out(group, stream, events)
        for event in events:
            _count(group, event["message"])

    cloudwatch_logs._fanout_to_subscription_filters = counted


def _count(group: str, message: str) -> None:
    line = _line(message)
    filters = [each for each in cloudwatch_logs._metric_filters.values()
               if each["logGroupName"] == group]
    for each in filters:
        if line is not None and _matches(each["filterPattern"], line):
            for transformation in each["metricTransformations"]:
                _record(transformation, line)


def _line(message: str) -> dict | None:
    try:
        line = json.loads(message)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _matches(pattern: str, line: dict) -> bool:
    conditions = pattern.strip("{ }").split(" && ")
    return all(_holds(CONDITION.fullmatch(condition), line) for condition in conditions)


def _holds(condition: re.Match, line: dict) -> bool:
    path, value, text = condition.groups()
    found = _select(path, line)
    return found is not None and (value == "*" or found == text)


def _record(transformation: dict, line: dict) -> None:
    """Without one of its dimensions, nothing is published."""
    dimensions = {name: _value(value, line)
                  for name, value in transformation.get("dimensions", {}).items()}
    value = _value(transformation["metricValue"], line)
    if value is not None and None not in dimensions.values():
        cloudwatch.record_metric(transformation["metricNamespace"], transformation["metricName"],
                                 float(value), transformation.get("unit", "None"), dimensions)


def _value(wanted: str, line: dict):
    """A constant, or what a field of the line holds."""
    return _select(wanted[2:], line) if wanted.startswith("$.") else wanted


def _select(path: str, line: dict):
    for name in path.split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line
