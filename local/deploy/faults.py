"""What the alarms over AWS's own metrics are there for, brought about in a deployed stack."""

import time
from collections.abc import Callable
from typing import NamedTuple

from api import User
from deployer import Parts
from programs import Failure
from stack import Stack

PATIENCE = 180
# Nothing that any of the functions is made for.
NONSENSE = b'"nonsense"'
# The functions that somebody waits for.
COLD_STARTS_COUNT = ("CreateLinkToken", "ExchangeAndProcessorToken", "WebhookReceipt")
# How long a stream's readers do not read, in seconds.
READERS_REST = 3
# The shortest that a mapping takes, in seconds.
SHORTEST_RECORD_AGE = 60


class Fault(NamedTuple):
    """Something that goes wrong, and the alarms that are to tell of it. It is brought about in the
    stack, for the resources that these alarms look at."""

    happens: str
    alarms: list[str]
    bring_about: Callable[[Parts, Stack, list[str]], None]


def _functions_fail(parts: Parts, stack: Stack, functions: list[str]) -> None:
    for function in functions:
        _invoke(parts, stack, function)


def _functions_may_not_run(parts: Parts, stack: Stack, functions: list[str]) -> None:
    for function in functions:
        stack.rest(stack.physical_id(function))
        _invoke(parts, stack, function)
        stack.wake(stack.physical_id(function))


def _invoke(parts: Parts, stack: Stack, function: str) -> None:
    client = parts.aws.client("lambda")
    try:
        client.invoke(FunctionName=stack.physical_id(function), Payload=NONSENSE)
    except client.exceptions.TooManyRequestsException:
        pass


def _plaid_is_slow(parts: Parts, *_) -> None:
    """Slower than we wait for it: with link tokens that fails, with processor tokens it takes
    longest."""
    user = User(parts, "nina")
    slow = {"kind": "delay_ms", "delay_ms": 9000}
    user.at_plaid("/simulator/faults", slow | {"endpoint": "/processor/token/create", "times": 2})
    user.link()
    user.at_plaid("/simulator/faults", slow | {"endpoint": "/link/token/create"})
    answer = user.call("POST", "/v1/link-tokens", {})
    if answer.status != 503:
        raise Failure(f"a link token of a slow Plaid is {answer.status}")


def _a_key_is_slow(parts: Parts, *_) -> None:
    """Slower than a webhook should be; the key is one that nobody knows yet."""
    user = User(parts, "nina")
    user.at_plaid("/simulator/webhooks/rotate-key", {})
    user.at_plaid("/simulator/faults", {"endpoint": "/webhook_verification_key/get",
                                        "kind": "delay_ms", "delay_ms": 3500})
    user.wait_for_status(user.link_and_break(), "login_required")


def _plaid_does_not_answer(parts: Parts, stack: Stack, *_) -> None:
    """To functions that start: they wait for it, as long as they may."""
    for function in COLD_STARTS_COUNT:
        stack.start_anew(stack.physical_id(function))
        with parts.plaid.program.at_rest():
            _invoke(parts, stack, function)


def _the_table_is_small(parts: Parts, stack: Stack, tables: list[str]) -> None:
    """One unit a second, and more than that is asked for."""
    table = stack.physical_id(tables[0])
    user = User(parts, "nina")
    stack.provision(table, 1)
    for _ in range(3):
        user.call("GET", "/v1/items")
        user.call("POST", "/v1/link-tokens", {})
    stack.provision(table, None)


def _readers_are_behind(parts: Parts, stack: Stack, readers: list[str]) -> None:
    """As long as a test can wait."""
    user = User(parts, "nina")
    for reader in readers:
        stack.rest(stack.physical_id(reader))
    item_id = user.link_and_break()
    time.sleep(READERS_REST)
    # The age is that of a batch's last record: the one that publishes goes first, before what
    # the webhook changes is new in its batch.
    stack.wake(stack.physical_id("PublishChanges"))
    _wait(lambda: item_id in str(stack.events()), "an event of the Item")
    stack.wake(stack.physical_id("ProcessWebhook"))
    user.wait_for_status(item_id, "login_required")


def _an_event_is_given_up(parts: Parts, stack: Stack, queues: list[str]) -> None:
    """One that is about nobody: whoever gets it fails each time."""
    queue, = queues
    stack.tell("account.ready", {})
    _wait(lambda: stack.messages(stack.physical_id(queue)), "an event that is given up")


def _records_are_given_up(parts: Parts, stack: Stack, queues: list[str]) -> None:
    """As old as a mapping lets them become at least, with nobody to read them."""
    queue, = queues
    stack.give_records_up_after(SHORTEST_RECORD_AGE)
    stack.stop()
    stack.wake(stack.physical_id("CreateLinkToken"))
    stack.wake(stack.physical_id("ExchangeAndProcessorToken"))
    User(parts, "nina").link()
    _wait(lambda: stack.messages(stack.physical_id(queue)), "a record that is given up")


def _wait(ready: Callable[[], bool | int], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise Failure(f"{what} does not come within {PATIENCE} s")
        time.sleep(0.5)


ALL = (
    Fault("functions fail", ["ApiFunctionErrorsAlarm", "BackgroundErrorsAlarm", "AstraErrorsAlarm"],
          _functions_fail),
    Fault("functions may not run",
          ["ApiThrottlesAlarm", "BackgroundThrottlesAlarm", "AstraThrottlesAlarm"],
          _functions_may_not_run),
    Fault("an event is not to be understood", ["HandOverFailuresAlarm"], _an_event_is_given_up),
    Fault("Plaid is slow", ["ApiErrorsAlarm", "ApiLatencyAlarm"], _plaid_is_slow),
    Fault("a webhook's key is slow", ["WebhookLatencyAlarm"], _a_key_is_slow),
    Fault("Plaid does not answer", ["ColdStartsAlarm"], _plaid_does_not_answer),
    Fault("the table has not enough capacity", ["TableThrottlesAlarm"], _the_table_is_small),
    Fault("the stream's readers are behind", ["StreamAgeAlarm"], _readers_are_behind),
    # The last one: the stack does not work any more.
    Fault("the stream's readers do not read", ["StreamFailuresAlarm"], _records_are_given_up),
)
