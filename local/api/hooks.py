"""What schemathesis makes up, with live ids put in; and a ledger of what was answered."""

import collections
import json
from collections.abc import Iterable

import schemathesis
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import MissingHeaderNotRejected

from live import Live

# Some of those that Link speaks. Any two letters fit the description, and Plaid refuses others.
LANGUAGES = ["de", "en", "es", "fr", "pl"]


class Ledger:
    """How often each operation was answered with which status."""

    def __init__(self):
        self.seen: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)

    def never_good(self, operations: Iterable[str]) -> list[str]:
        """The operations without any 2xx."""
        return sorted(name for name in operations
                      if not any(200 <= status < 300 for status in self.seen[name]))

    def server_errors(self) -> list[str]:
        """Whatever was answered with 5xx."""
        return sorted(f"{name}: {status}" for name, counts in self.seen.items()
                      for status in counts if status >= 500)

    def __str__(self) -> str:
        lines = (f"  {name:<66} " + ", ".join(f"{status} x{count}" for status, count
                                              in sorted(counts.items()))
                 for name, counts in sorted(self.seen.items()))
        return "\n".join(lines)


def install(live: Live, ledger: Ledger) -> None:
    """Registers the hooks."""
    urls = strategies.sampled_from(["https://app.example.com", "http://localhost:8080/back"])
    schemathesis.openapi.format("url", urls)
    put = _Put(live)

    @schemathesis.hook
    def before_call(context, case, kwargs):
        put.into(case, kwargs)

    @schemathesis.hook
    def after_call(context, case, response):
        ledger.seen[case.operation.label][response.status_code] += 1
        if case.operation.label == "POST /v1/items" and response.status_code == 201:
            live.remove(response.json()["item_id"])

    @schemathesis.hook
    def filter_failure(context, failure, case, response):
        # AWS answers 403 where a signature is missing, and schemathesis expects 401.
        unsigned = isinstance(failure, MissingHeaderNotRejected) and response.status_code == 403
        return not (unsigned and failure.header_name == "Authorization")


class _Put:
    """Puts live ids where good ones were made up, every other time: unknown ones are of
    interest too. What was made bad on purpose stays."""

    def __init__(self, live: Live):
        self.live = live
        self.turns = collections.Counter()

    def live_turn(self, case) -> bool:
        return self.turns[case.operation.label] % 2 == 1

    def into(self, case, kwargs: dict) -> None:
        self.turns[case.operation.label] += 1
        self.path(case)
        self.query(case)
        body = case.body
        if not _good(case, ParameterLocation.BODY) or not isinstance(body, dict):
            return
        if case.operation.path.endswith("/link-tokens"):
            self.link_token(case, body)
        if case.operation.label == "POST /v1/items":
            self.exchange(case, body)
        if case.operation.label == "POST /v1/astra/connections" and self.live_turn(case):
            body.update(self.live.back_from_astra())
        if case.operation.label == "POST /v1/webhooks/plaid":
            self.webhook(case, kwargs)

    def path(self, case) -> None:
        names = case.path_parameters or {}
        if case.method == "DELETE":
            self.path_of_a_removal(case, names)
            return
        if not _good(case, ParameterLocation.PATH) or not self.live_turn(case):
            return
        item = next(self.live.items)
        known = {"link_id": next(self.live.sessions), "item_id": item["item_id"],
                 "user_id": self.live.user_id}
        names.update({name: known[name] for name in names if name in known})
        if case.operation.path.endswith("/processor-tokens") and _good(case, ParameterLocation.BODY):
            accounts = item["accounts"]
            turn = self.turns[case.operation.label] // 2
            case.body["account_id"] = accounts[turn % len(accounts)]["account_id"]

    def path_of_a_removal(self, case, names: dict) -> None:
        """schemathesis remembers ids that it saw; nobody may lose those of the others."""
        if names.get("item_id") in self.live.item_ids or self.live_turn(case):
            names.update({name: self.live.doomed for name in names if name == "item_id"})
        if names.get("user_id") == self.live.user_id:
            names["user_id"] = "somebody-else"

    def query(self, case) -> None:
        """A cursor is good for the list that it came from."""
        if case.query and "cursor" in case.query and _good(case, ParameterLocation.QUERY):
            del case.query["cursor"]
            if case.operation.label == "GET /v1/items":
                case.query["cursor"] = self.live.cursor

    def link_token(self, case, body: dict) -> None:
        turn = self.turns[case.operation.label]
        if isinstance(body.get("language"), str):
            body["language"] = LANGUAGES[turn % len(LANGUAGES)]
        # A whole number with a point is an integer to JSON Schema, and none to serde.
        page = body.get("hosted_link") or {}
        if isinstance(page.get("url_lifetime_seconds"), float):
            page["url_lifetime_seconds"] = int(page["url_lifetime_seconds"])
        if isinstance(body.get("item_id"), str) and self.live_turn(case):
            body["item_id"] = next(self.live.items)["item_id"]

    def exchange(self, case, body: dict) -> None:
        if not self.live_turn(case):
            # Of the stack's own environment, and nobody's.
            body["public_token"] = body["public_token"].replace("production", "sandbox", 1)
            return
        result = self.live.finished_link()
        body["public_token"] = result["public_token"]
        if isinstance(body.get("account_id"), str):
            body["account_id"] = result["accounts"][0]["id"]

    def webhook(self, case, kwargs: dict) -> None:
        if not _good(case, ParameterLocation.HEADER) or not self.live_turn(case):
            return
        # The signature is for these very bytes.
        text = json.dumps(case.body)
        case.headers["Plaid-Verification"] = self.live.signature(text)
        kwargs["data"] = text.encode()


def _good(case, location: ParameterLocation) -> bool:
    """Whether this part of a request was made to fit the description."""
    part = case.meta.components.get(location, case.meta.generation)
    return part.mode.is_positive
