"""The alarms over AWS's own metrics: each one's fault is brought about, and its metric seen."""

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
# No fault takes ten minutes here: what the readers are behind shows, and less than the threshold.
BEHIND = {"StreamAgeAlarm": 1000 * faults.READERS_REST}


class Watched(NamedTuple):
    """A metric that an alarm looks at, and the value that its fault must bring it to."""

    alarm: str
    namespace: str
    metric: str
    dimension: str
    resource: str
    reaches: float


def watched(template: dict) -> list[Watched]:
    """What the template's alarms look at of AWS's metrics, by the resources' logical names."""
    found = []
    for name, each in template["Resources"].items():
        if each["Type"] != "AWS::CloudWatch::Alarm":
            continue
        properties = each["Properties"]
        metrics = [part["MetricStat"]["Metric"] for part in properties.get("Metrics", [])
                   if "MetricStat" in part] or [properties]
        reaches = BEHIND.get(name, properties["Threshold"])
        found += [Watched(name, metric["Namespace"], metric["MetricName"], dimension["Name"],
                          _resource(dimension["Value"]), reaches)
                  for metric in metrics if str(metric["Namespace"]).startswith("AWS/")
                  for dimension in metric["Dimensions"]]
    return found


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
        fault.bring_about(deployer.parts, stack, [row.resource for row in rows])
        for row in rows:
            _expect(deployer.parts.aws, stack, row, since)
    if left:
        raise Failure(f"no fault is brought about for {left}")


def _expect(aws: Emulator, stack: Stack, row: Watched, since: datetime) -> None:
    """Waits for it: a stream's reader comes to what waits in its own time."""
    end = time.monotonic() + PATIENCE
    while (highest := _highest(aws, stack, row, since)) < row.reaches:
        if time.monotonic() > end:
            raise Failure(f"{row.alarm}: {row.metric} of {row.resource} is {highest} after the "
                          f"fault, and not {row.reaches} or more")
        time.sleep(0.5)


def _highest(aws: Emulator, stack: Stack, row: Watched, since: datetime) -> float:
    """The metric's highest value, 0 where there is none."""
    value = stack.physical_id(row.resource)
    if row.metric == VISIBLE:
        return stack.messages(value)
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace=row.namespace, MetricName=row.metric, Statistics=["Maximum"], Period=60,
        Dimensions=[{"Name": row.dimension, "Value": value}],
        StartTime=since, EndTime=datetime.now(timezone.utc) + timedelta(minutes=1))
    return max((point["Maximum"] for point in found["Datapoints"]), default=0)


def _resource(value: dict) -> str:
    """The logical name in a Ref or a GetAtt."""
    (name, target), = value.items()
    return target if name == "Ref" else target[0] if isinstance(target, list) else target.split(".")[0]
