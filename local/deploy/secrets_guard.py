"""Afterwards: nothing that the deployment wrote may hold a token of Plaid's or Astra's in clear."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from api import post
from deployer import ASTRA_SENDS_BACK_TO, Parts
from emulator import Emulator
from programs import Failure
from simulator import ASTRAS_KEYS
from stack import Stack

PLAIDS = re.compile(r"(access|processor|link|public)-(sandbox|production)-[0-9a-f-]{8,}")
# Astra's tokens and codes say nothing of themselves: so many letters and digits, and no more.
ASTRAS = re.compile(r"(?<![\w+/-])[0-9A-Za-z]{42}(?![\w+/=-])")

# What Lambda itself writes around each invocation.
PLATFORM = re.compile(r'(START|END|REPORT) RequestId: |\{"time": "[^"]*", "type": "platform\.')


def check(parts: Parts, stack: Stack, everywhere: bool) -> str:
    """Looks through logs, events and table; says how much there was to look at. Where every
    function must have run, an empty place is a failure: nothing would have been checked."""
    _know_astras_when_seen(parts.astra.url)
    told = []
    for place, lines in _places(parts.aws, stack).items():
        if everywhere and not lines:
            raise Failure(f"{place}: there is nothing, so nothing was checked")
        if found := [line for line in lines if PLAIDS.search(line) or ASTRAS.search(line)]:
            hidden = ASTRAS.sub("...", PLAIDS.sub(r"\1-\2-...", found[0]))
            raise Failure(f"{place}: a token in clear:\n{hidden}")
        told.append(f"{place} {len(lines)}")
    return ", ".join(told)


def _know_astras_when_seen(astra: str) -> None:
    """Fails where the simulator makes its secrets in another form than the one looked for."""
    asked = {"client_id": ASTRAS_KEYS["client_id"], "response_type": "code",
             "redirect_uri": ASTRA_SENDS_BACK_TO}
    page = f"{astra}/login/oauth/authorize?{urlencode(asked)}"
    back = post(f"{astra}/simulator/authorizations", {"url": page})["location"]
    code, = parse_qs(urlsplit(back).query)["code"]
    if not ASTRAS.search(str({"code": code})):
        raise Failure(f"Astra's secrets are not looked for: one has {len(code)} characters")


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
