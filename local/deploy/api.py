"""The API and both simulators, as a front end and its user call them."""

import json
import time
import urllib.error
import urllib.request
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from deployer import Parts
from programs import DIRECT, Failure

PATIENCE = 180
# A bank and a user of the simulator, with one account.
BANK = {"institution_id": "ins_109508", "username": "user_single", "password": "pass_good"}


class Answer(NamedTuple):
    """A status and a body."""

    status: int
    body: dict


class User:
    """A signed-in user."""

    def __init__(self, parts: Parts, name: str):
        self._parts = parts
        self._name = name
        self._headers = {"authorization": f"Bearer {parts.helper.issuer.good_token(name)}"}

    def call(self, method: str, path: str, body: dict | None = None) -> Answer:
        """The API's answer, whatever it is."""
        return _call(method, self._parts.aws.api_url + path, body, self._headers)

    def link(self) -> dict:
        """Runs Link; the linked Item."""
        token = self._good("POST", "/v1/link-tokens", {})["link_token"]
        ended = self.at_plaid("/simulator/link-sessions", BANK | {"link_token": token})
        return self._good("POST", "/v1/items", {"public_token": ended["public_token"],
                                                "allow_duplicate": True})

    def at_plaid(self, path: str, body: dict) -> dict:
        """What the simulator answers."""
        return post(self._parts.plaid.url + path, body)

    def connect_astra(self) -> dict:
        """Authorises us at Astra; the connection."""
        page = self._good("POST", "/v1/astra/authorizations", {})["url"]
        visit = {"url": page, "email": f"{self._name}@example.com"}
        back = post(self._parts.astra.url + "/simulator/authorizations", visit)["location"]
        fields = parse_qs(urlsplit(back).query)
        return self._good("POST", "/v1/astra/connections",
                          {name: fields[name][0] for name in ("code", "state")})

    def link_and_break(self) -> str:
        """The id of a new Item, whose bank then wants its user again."""
        item_id = self.link()["item_id"]
        self.break_at_plaid(item_id)
        return item_id

    def break_at_plaid(self, item_id: str) -> None:
        """Its bank wants its user again, and Plaid sends a webhook that says so."""
        self.at_plaid(f"/simulator/items/{item_id}",
                      {"error": {"error_code": "ITEM_LOGIN_REQUIRED"}, "fire_webhook": True})

    def wait_for_status(self, item_id: str, status: str) -> None:
        """Until an Item is as wanted."""
        self._wait_for(item_id, status, lambda item: item["status"])

    def wait_for_astra(self, item_id: str) -> dict:
        """Until the Item's account is at Astra; the Item."""
        def there(item: dict) -> str | None:
            return item["accounts"][0].get("at_astra", {}).get("status")
        return self._wait_for(item_id, "linked", there)

    def _wait_for(self, item_id: str, wanted: str, looked_at) -> dict:
        end = time.monotonic() + PATIENCE
        while (found := looked_at(item := self._good("GET", f"/v1/items/{item_id}"))) != wanted:
            if time.monotonic() > end:
                raise Failure(f"the Item is {found} and not {wanted}")
            time.sleep(0.2)
        return item

    def _good(self, method: str, path: str, body: dict | None = None) -> dict:
        return _good(self.call(method, path, body), f"{method} {path}")


def post(url: str, body: dict) -> dict:
    """The good answer of a simulator."""
    return _good(_call("POST", url, body, {}), url)


def get(url: str) -> dict:
    """What a simulator has."""
    return _good(_call("GET", url, None, {}), url)


def _good(answer: Answer, what: str) -> dict:
    if answer.status not in (200, 201):
        raise Failure(f"{what}: {answer.status} {answer.body}")
    return answer.body


def _call(method: str, url: str, body: dict | None, headers: dict[str, str]) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    headers = headers | {"content-type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with DIRECT.open(request, timeout=30) as answer:
            return Answer(answer.status, json.loads(answer.read() or b"{}"))
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, json.loads(refused.read() or b"{}"))
