"""A running simulator, its controls, and Plaid's own client pointed at it."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import plaid
from plaid.api.plaid_api import PlaidApi
from plaid.model.account_base import AccountBase
from plaid.model.accounts_get_request import AccountsGetRequest
from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
from plaid.model.products import Products
from plaid.model.sandbox_public_token_create_request import SandboxPublicTokenCreateRequest
from plaid.model.sandbox_public_token_create_request_options import (
    SandboxPublicTokenCreateRequestOptions)

import strict
from programs import DIRECT

ROOT = Path(__file__).resolve().parents[5]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
BINARY = Path(os.environ.get("PLAID_SANDBOX_BIN", TARGET / "debug" / "plaid-sandbox"))


def client(base: str, secret: str = "sandbox-secret") -> PlaidApi:
    """All that an application changes: the base URL, and the keys that are accepted there."""
    configuration = plaid.Configuration(
        host=base, api_key={"clientId": "sandbox-client-id", "secret": secret})
    return PlaidApi(strict.Client(configuration))


@dataclass
class Bank:
    """A bank that a user linked."""

    access_token: str
    item_id: str
    accounts: list[AccountBase]

    @property
    def checking(self) -> str:
        """The id of its checking account."""
        return next(one.account_id for one in self.accounts if str(one.subtype) == "checking")


class Simulator:
    """A running simulator without state."""

    def __init__(self):
        self.process = subprocess.Popen(
            [str(BINARY), "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True)
        ready = re.match(r"ready (\S+)$", self.process.stdout.readline())
        if not ready:
            raise RuntimeError(f"{BINARY} ended with {self.process.wait()}")
        self.base = ready[1]
        self.plaid = client(self.base)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def control(self, method: str, path: str, body: object = None) -> dict:
        """One of the controls under /simulator."""
        request = urllib.request.Request(
            f"{self.base}/simulator{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with DIRECT.open(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise RuntimeError(f"{path}: {refusal.read().decode()}") from refusal

    def live_items(self) -> list[str]:
        return [item["item_id"] for item in self.control("GET", "/items")["items"]]

    def public_token(self, institution: str = "ins_109508", **options: str) -> str:
        """What Link hands out for the user `options` names."""
        request = SandboxPublicTokenCreateRequest(
            institution_id=institution, initial_products=[Products("auth")],
            options=SandboxPublicTokenCreateRequestOptions(**options))
        return self.plaid.sandbox_public_token_create(request).public_token

    def link(self, institution: str = "ins_109508", **options: str) -> Bank:
        """A linked bank, up to the access token and the accounts."""
        request = ItemPublicTokenExchangeRequest(
            public_token=self.public_token(institution, **options))
        item = self.plaid.item_public_token_exchange(request)
        found = self.plaid.accounts_get(AccountsGetRequest(access_token=item.access_token))
        return Bank(item.access_token, item.item_id, found.accounts)
