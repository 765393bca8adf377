"""Tables with provisioned capacity refuse what exceeds it, and AWS/DynamoDB counts that.

Simpler than AWS: every call is one unit, and no capacity is saved up for a burst.
amazondynamodb/latest/developerguide/metrics-dimensions.html of docs.aws.amazon.com."""

import json
import time
from collections import Counter

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, dynamodb

READS = {"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


def install() -> None:
    """Has the capacity of tables hold from now on."""
    dynamodb.handle_request = _refusing(dynamodb.handle_request, Counter())


def _refusing(handle, used: Counter):
    async def within_capacity(method, path, headers, body, query_params):
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in READS | WRITES:
            return await handle(method, path, headers, body, query_params)
        kind = "Read" if action in READS else "Write"
        for name in _tables(json.loads(body)):
            units = _provisioned(name, kind)
            second = (name, kind, int(time.time()))
            used[second] += 1
            if units and used[second] > units:
                cloudwatch.record_metric("AWS/DynamoDB", f"{kind}ThrottleEvents", 1, "Count",
                                         {"TableName": name})
                return error_response_json("ProvisionedThroughputExceededException",
                                           "The level of configured capacity is exceeded.", 400)
        return await handle(method, path, headers, body, query_params)

    return within_capacity


def _provisioned(name: str, kind: str) -> int:
    """The units a second of a table, or 0 for as much as is asked for."""
    table = dynamodb._tables.get(name) or {}
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PROVISIONED":
        return 0
    return int(table["ProvisionedThroughput"][f"{kind}CapacityUnits"])


def _tables(request: dict) -> set[str]:
    steps = [part for step in request.get("TransactItems", []) for part in step.values()]
    named = {part["TableName"] for part in (request, *steps) if "TableName" in part}
    return named | set(request.get("RequestItems", {}))
