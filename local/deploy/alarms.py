"""The alarms over what AWS itself measures: each one's fault is brought about, and its metric seen."""

import time
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import faults
from deployer import Deployer
from emulator import Emulator
from programs import Failure
from stack import Stack

# How long a metric may take, in seconds.
PATIENCE = 60
# A queue's own attribute is what CloudWatch has as the metric of that name.
VISIBLE = "ApproximateNumberOfMessagesVisible"
# The namespace of what is made of the stack's own logs.
OWN = "AWS::StackName"
# No fault takes ten minutes here: what the readers are behind shows, and less than the threshold.
BEHIND = {"StreamAgeAlarm": 1000 * faults.READERS_REST}


class Watched(NamedTuple):
    """A metric that an alarm looks at, and the value that its fault must bring it to."""

    alarm: str
    namespace: str
    metric: str
    dimensions: dict[str, str]
    reaches: float


def watched(template: dict) -> list[Watched]:
    """What the template's alarms look at of what AWS measures, by the resources' logical names."""
    reported = _of_lambdas_reports(template)
    found = []
    for name, properties in _resources(template, "AWS::CloudWatch::Alarm"):
        metrics = [part["MetricStat"]["Metric"] for part in properties.get("Metrics", [])
                   if "MetricStat" in part] or [properties]
        reaches = BEHIND.get(name, properties["Threshold"])
        for metric in metrics:
            namespace = _named(metric["Namespace"])
            if namespace.startswith("AWS/") or metric["MetricName"] in reported:
                dimensions = {each["Name"]: _named(each["Value"])
                              for each in metric.get("Dimensions", [])}
                found.append(Watched(name, namespace, metric["MetricName"], dimensions, reaches))
    return found


def _of_lambdas_reports(template: dict) -> set[str]:
    """The metrics that are made of lines which Lambda itself writes into functions' logs."""
    return {transformation["MetricName"]
            for _, properties in _resources(template, "AWS::Logs::MetricFilter")
            if '"platform.' in properties["FilterPattern"]
            for transformation in properties["MetricTransformations"]}


def _resources(template: dict, kind: str) -> list[tuple[str, dict]]:
    resources = template["Resources"].items()
    return [(name, each["Properties"]) for name, each in resources if each["Type"] == kind]


def check(deployer: Deployer, stack: Stack, template: dict) -> None:
    """Brings about one fault after the other, and looks at what CloudWatch has of it. The stack
    is of no use after that."""
    left = watched(template)
    for fault in faults.ALL:
        rows = [row for row in left if row.alarm in fault.alarms]
        left = [row for row in left if row not in rows]
        if {row.alarm for row in rows} != set(fault.alarms):
            raise Failure(f"the template has not all of {fault.alarms}: nothing would be checked")
        deployer.say(f"{fault.happens}: {', '.join(fault.alarms)}")
        since = datetime.now(timezone.utc)
        fault.bring_about(deployer.parts, stack, [name for row in rows for name in row.dimensions.values()])
        for row in rows:
            _expect(deployer.parts.aws, stack, row, since)
    if left:
        raise Failure(f"no fault is brought about for {left}")


def _expect(aws: Emulator, stack: Stack, row: Watched, since: datetime) -> None:
    """Waits for it: a stream's reader comes to what waits in its own time."""
    end = time.monotonic() + PATIENCE
    while (highest := _highest(aws, stack, row, since)) < row.reaches:
        if time.monotonic() > end:
            raise Failure(f"{row.alarm}: {row.metric} of {row.dimensions} is {highest} after the "
                          f"fault, and not {row.reaches} or more")
        time.sleep(0.5)


def _highest(aws: Emulator, stack: Stack, row: Watched, since: datetime) -> float:
    """The metric's highest value, 0 where there is none."""
    dimensions = [{"Name": name, "Value": stack.physical_id(resource)}
                  for name, resource in row.dimensions.items()]
    if row.metric == VISIBLE:
        return stack.messages(dimensions[0]["Value"])
    namespace = stack.name if row.namespace == OWN else row.namespace
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName=row.metric, Statistics=["Maximum"], Period=60,
        Dimensions=dimensions,
        StartTime=since, EndTime=datetime.now(timezone.utc) + timedelta(minutes=1))
    return max((point["Maximum"] for point in found["Datapoints"]), default=0)


def _named(value: str | dict) -> str:
    """Text, or the name in a Ref or a GetAtt."""
    if isinstance(value, str):
        return value
    (name, target), = value.items()
    return target if name == "Ref" else target[0] if isinstance(target, list) else target.split(".")[0]
