"""Ids that mean something on a running stack, made as users make them."""

import itertools
from urllib.parse import parse_qs, urlsplit

from stack import Stack

FIRST_PLATYPUS = "ins_109508"
# Other banks than the one above, where exchanges are tried: their Items are no duplicates of it.
BANKS = ["ins_56", "ins_127990", "ins_127287", "ins_13"]


class Live:
    """A user with Items, a server, and whatever may be used up."""

    user_id = "fuzz"

    def __init__(self, stack: Stack):
        self.stack = stack
        self.user, self.server = stack.sign_in(self.user_id), stack.sign_in_server()
        items = [self.link(bank) for bank in BANKS]
        self.doomed = items.pop()["item_id"]
        self.item_ids = {item["item_id"] for item in items}
        self.items = itertools.cycle(items)
        self.cursor = stack.read("/v1/items?limit=1", self.user)["next_cursor"]
        self.sessions = itertools.cycle([self.session() for _ in range(3)])

    def link(self, bank: str) -> dict:
        """An Item of the user's, with accounts to choose from."""
        public_token = self.stack.run_link(bank)
        return self.stack.ask("/v1/items", {"public_token": public_token}, self.user)

    def session(self) -> str:
        """A session of Link that the user may have opened."""
        return self.stack.ask("/v1/link-tokens", {}, self.user)["link_id"]

    def finished_link(self) -> dict:
        """What Link's onSuccess hands out."""
        link_token = self.stack.ask("/v1/link-tokens", {}, self.user)["link_token"]
        bank = {"institution_id": FIRST_PLATYPUS, "username": "user_good", "password": "pass_good"}
        self.stack.ask_plaid("/simulator/link-sessions", {"link_token": link_token, **bank})
        ended = self.stack.ask_plaid("/link/token/get", {"link_token": link_token})
        return ended["link_sessions"][0]["results"]["item_add_results"][0]

    def signature(self, body: str) -> str:
        """Plaid's signature for a webhook."""
        wish = {"url": self.stack.gateway, "raw_body": body}
        return self.stack.ask_plaid("/simulator/webhooks/sign", wish)["plaid_verification"]

    def back_from_astra(self) -> dict:
        """What the browser comes back with from Astra's page."""
        page = self.stack.ask("/v1/astra/authorizations", {}, self.user)
        back = self.stack.ask_astra("/simulator/authorizations", {"url": page["url"]})
        told = parse_qs(urlsplit(back["location"]).query)
        return {name: told[name][0] for name in ["code", "state"]}

    def remove(self, item_id: str) -> None:
        """Makes room for the next Item, wherever its account is at Astra."""
        self.stack.delete(f"/v1/items/{item_id}?force=true", self.user)
