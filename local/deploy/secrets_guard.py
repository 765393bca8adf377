"""Afterwards: nothing that the deployment wrote may hold one of Plaid's tokens in clear."""

import re

from emulator import Emulator
from programs import Failure
from stack import Stack

TOKEN = re.compile(r"(access|processor|link|public)-(sandbox|production)-[0-9a-f-]{8,}")

# What Lambda itself writes around each invocation.
PLATFORM = re.compile(r'(START|END|REPORT) RequestId: |\{"time": "[^"]*", "type": "platform\.')


def check(emulator: Emulator, stack: Stack, everywhere: bool) -> str:
    """Looks through logs, events and table; says how much there was to look at. Where every
    function must have run, an empty place is a failure: nothing would have been checked."""
    told = []
    for place, lines in _places(emulator, stack).items():
        if everywhere and not lines:
            raise Failure(f"{place}: there is nothing, so nothing was checked")
        if found := [line for line in lines if TOKEN.search(line)]:
            raise Failure(f"{place}: a token in clear:\n" + TOKEN.sub(r"\1-\2-...", found[0]))
        told.append(f"{place} {len(lines)}")
    return ", ".join(told)


def _places(emulator: Emulator, stack: Stack) -> dict[str, list[str]]:
    table = stack.outputs()["TableName"]
    records = emulator.client("dynamodb").scan(TableName=table)["Items"]
    return {
        **{f"log of {name}": lines for name, lines in logs(emulator, stack).items()},
        "events": [str(event) for event in stack.events()],
        "records": [str(record) for record in records],
    }


def logs(emulator: Emulator, stack: Stack) -> dict[str, list[str]]:
    """The lines that each function wrote to its log."""
    client = emulator.client("logs")
    found = {}
    for function in stack.functions():
        name = function["FunctionName"]
        group = function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
        try:
            found[name] = [event["message"] for page in pages for event in page["events"]
                           if not PLATFORM.match(event["message"])]
        except client.exceptions.ResourceNotFoundException:
            found[name] = []
    return found
