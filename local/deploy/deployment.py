"""One deployment from beginning to end: started, filled, used, looked through, stopped."""

import argparse
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import emulated
import functions
import http_api
import secrets_guard
import template as sam
from emulator import Emulator
from helper import Helper
from issuer import AUDIENCE
from simulator import Simulator
from stack import Stack, parameters

END_TO_END = ["cargo", "test", "--workspace", "--locked", "--test", "deployed",
              # One after another: the functions have the deadlines of AWS, on a smaller machine.
              "--", "--test-threads=1"]


class _Progress:
    """Says what is done, and when."""

    def __init__(self):
        self._begun = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"deploy {time.monotonic() - self._begun:6.1f} s  {text}", flush=True)


def run(root: Path, target: Path, arguments: argparse.Namespace) -> int:
    """Deploys, runs the command, and gives its exit code; nothing is left running."""
    say = _Progress()
    template = sam.read(root / "template.yaml")
    packages = sam.packages(template)
    if not arguments.no_build:
        say(f"building {len(packages)} functions")
        functions.build(root, packages)
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="deploy-")))
        plaid, helper, aws = _start(ending, folder, arguments.plaid_sandbox, target)
        say(f"AWS is at {aws.url}, Plaid's simulator at {plaid.url}")
        variables, stack, outputs = _deploy(say, template, aws, plaid, helper, target)
        (folder / "deployment.env").write_text(
            "".join(f"{name}={value}\n" for name, value in variables.items()))
        say(f"deployed: {folder / 'deployment.env'}")
        own = [part for part in arguments.command if part != "--"]
        command = own or END_TO_END
        code = subprocess.run(command, cwd=root, env=os.environ | variables).returncode
        say(f"{command[0]} ended with {code}")
        if code == 0:
            looked = secrets_guard.check(aws, stack, outputs["TableName"], everywhere=not own)
            say(f"no token in clear; lines looked at: {looked}")
        else:
            _explain(aws, stack)
        return code


def _start(ending: ExitStack, folder: Path, binary: Path | None, target: Path):
    helper = Helper()
    ending.callback(helper.stop)
    plaid = Simulator(binary or target / "debug" / "plaid-sandbox", folder)
    ending.callback(plaid.program.stop)
    aws = Emulator(folder)
    ending.callback(aws.program.stop)
    plaid.wait()
    aws.wait()
    return plaid, helper, aws


def _deploy(say: _Progress, template: dict, aws: Emulator, plaid: Simulator, helper: Helper,
            target: Path) -> tuple[dict[str, str], Stack, dict[str, str]]:
    values = parameters({
        "JwtIssuer": helper.url, "JwtAudience": AUDIENCE, "PlaidBaseUrl": plaid.url,
        "WebhookBaseUrl": aws.api_url, "ReturnProcessorToken": "true"})
    packages = sam.packages(template)
    translated = sam.translate(template, values)
    say(f"the API's body became {http_api.expand(translated)}")
    for change in emulated.adapt(translated):
        say(change)
    stack = Stack(aws)
    zips = {package: functions.zipped(target, package) for package in packages}
    url = stack.upload(zips, translated)
    size = sum(len(data) for data in zips.values()) / 1e6
    say(f"creating the stack: {len(translated['Resources'])} resources, {size:.0f} MB of code")
    stack.deploy(url, values)
    outputs = stack.outputs()
    stack.put_secret(outputs["PlaidSecretArn"])
    stack.give_domain(aws.api_domain)
    stack.listen(outputs["EventBusName"])
    helper.knows(stack.events, stack.servers_keys())
    return {
        "DEPLOYED_GATEWAY_URL": aws.api_url,
        "DEPLOYED_PLAID_URL": plaid.url,
        "DEPLOYED_HELPER_URL": helper.url,
        "DEPLOYED_AWS_URL": aws.url,
        "DEPLOYED_TABLE": outputs["TableName"],
    }, stack, outputs


def _explain(aws: Emulator, stack: Stack) -> None:
    """What the functions complained of, after a failure."""
    for name, lines in secrets_guard.logs(aws, stack).items():
        for line in lines:
            if '"level":"ERROR"' in line or '"level":"WARN"' in line or "panicked" in line:
                print(f"{name}: {line}")
