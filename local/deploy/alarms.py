"""The alarms over Lambda's own metrics: their faults are brought about, and the metrics seen."""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from emulator import Emulator
from programs import Failure
from stack import Stack

# Nothing that any of the functions is made for.
NONSENSE = b'"nonsense"'


class Watched(NamedTuple):
    """A metric of a function, and the alarm over it."""

    alarm: str
    function: str
    metric: str


def watched(template: dict) -> list[Watched]:
    """What the template's alarms watch of Lambda's metrics, by the functions' logical names."""
    found = []
    for name, each in template["Resources"].items():
        if each["Type"] != "AWS::CloudWatch::Alarm":
            continue
        properties = each["Properties"]
        stats = [part["MetricStat"]["Metric"] for part in properties.get("Metrics", [])
                 if "MetricStat" in part] or [properties]
        found += [Watched(name, stat["Dimensions"][0]["Value"]["Ref"], stat["MetricName"])
                  for stat in stats if stat["Namespace"] == "AWS/Lambda"]
    return found


def errors(aws: Emulator, stack: Stack, template: dict) -> str:
    """Lets each function whose errors are watched fail."""
    return _seen(aws, stack, template, "Errors")


def throttles(aws: Emulator, stopped: Stack, template: dict) -> str:
    """Calls each function whose throttles are watched, of a stack that lets none of them run."""
    return _seen(aws, stopped, template, "Throttles")


def _seen(aws: Emulator, stack: Stack, template: dict, metric: str) -> str:
    client = aws.client("lambda")
    rows = [row for row in watched(template) if row.metric == metric]
    if not rows:
        raise Failure(f"no alarm watches {metric}: nothing would be checked")
    for row in rows:
        name = stack.physical_id(row.function)
        try:
            client.invoke(FunctionName=name, Payload=NONSENSE)
        except client.exceptions.TooManyRequestsException:
            pass
        if not _sum(aws, name, metric):
            raise Failure(f"{row.alarm}: {row.function} had its fault, and no {metric} are counted")
    return f"{metric} of {len(rows)} functions, as {', '.join(sorted({row.alarm for row in rows}))}"


def _sum(aws: Emulator, function: str, metric: str) -> float:
    now = datetime.now(timezone.utc)
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName=metric, Statistics=["Sum"], Period=60,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=1))
    return sum(point["Sum"] for point in found["Datapoints"])
