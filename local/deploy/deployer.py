"""Makes stacks of the template, as an operator does: deploys them and puts the keys of Plaid and
Astra in."""

from pathlib import Path
from typing import NamedTuple

import emulated
import functions
import http_api
import template as sam
from emulator import Emulator
from helper import Helper
from issuer import AUDIENCE
from simulator import ASTRAS_KEYS, PLAIDS_KEYS, Simulator
from stack import Stack, parameters

# Nobody is there: a test reads the code out of the address.
ASTRA_SENDS_BACK_TO = "http://127.0.0.1/astra"


class Parts(NamedTuple):
    """What runs beside every stack."""

    aws: Emulator
    plaid: Simulator
    astra: Simulator
    helper: Helper


class Deployer:
    """Deploys the template among these parts; tells of each step."""

    def __init__(self, say, template: dict, target: Path, parts: Parts):
        self.say, self.parts = say, parts
        self._template = template
        packages = sam.packages(template)
        self._zips = {package: functions.zipped(target, package) for package in packages}

    def deploy(self, name: str, **overrides: str) -> Stack:
        """A new stack, which is what the API's domain leads to from now on."""
        aws, plaid, astra, helper = self.parts
        values = parameters({
            "JwtIssuer": helper.url, "JwtAudience": AUDIENCE, "PlaidBaseUrl": plaid.url,
            "AstraEnvironment": "sandbox", "AstraBaseUrl": astra.url,
            "AstraRedirectUri": ASTRA_SENDS_BACK_TO,
            "WebhookBaseUrl": aws.api_url, "ReturnProcessorToken": "true", **overrides})
        translated = self._translate(values)
        stack = Stack(aws, name)
        url = stack.upload(self._zips, translated)
        size = sum(len(data) for data in self._zips.values()) / 1e6
        count = len(translated["Resources"])
        self.say(f"creating the stack {name}: {count} resources, {size:.0f} MB of code")
        stack.deploy(url, values)
        stack.put_secret(stack.outputs()["PlaidSecretArn"], PLAIDS_KEYS)
        stack.put_secret(stack.outputs()["AstraSecretArn"], ASTRAS_KEYS)
        stack.take_domain(aws.api_domain)
        stack.listen(stack.outputs()["EventBusName"])
        return stack

    def _translate(self, values: dict[str, str]) -> dict:
        translated = sam.translate(self._template, values)
        self.say(f"the API's body became {http_api.expand(translated)}")
        for change in emulated.adapt(translated):
            self.say(change)
        return translated
