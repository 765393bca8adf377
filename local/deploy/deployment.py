"""One deployment from beginning to end: started, filled, used, looked through, stopped."""

import argparse
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import alarms
import drill
import functions
import secrets_guard
import template as sam
from deployer import Deployer, Parts
from emulator import Emulator
from helper import Helper
from simulator import Simulator
from stack import Stack

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
        parts = _start(ending, folder, arguments, target)
        say(f"AWS is at {parts.aws.url}, Plaid's simulator at {parts.plaid.url}, "
            f"Astra's at {parts.astra.url}")
        deployer = Deployer(say, template, target, parts)
        stack = deployer.deploy("e2e")
        parts.helper.knows(stack.events, stack.servers_keys())
        variables = _variables(parts, stack)
        (folder / "deployment.env").write_text(
            "".join(f"{name}={value}\n" for name, value in variables.items()))
        say(f"deployed: {folder / 'deployment.env'}")
        own = [part for part in arguments.command if part != "--"]
        command = own or END_TO_END
        code = subprocess.run(command, cwd=root, env=os.environ | variables).returncode
        say(f"{command[0]} ended with {code}")
        if code != 0:
            _explain(parts.aws, stack)
            return code
        _look_through(say, parts, stack, everywhere=not own)
        if not own:
            restored = drill.run(deployer, stack, target / "debug" / "local")
            alarms.check(deployer, restored, template)
            _look_through(say, parts, restored, everywhere=False)
        return 0


def _look_through(say: _Progress, parts: Parts, stack: Stack, everywhere: bool) -> None:
    looked = secrets_guard.check(parts, stack, everywhere)
    say(f"no token in clear; lines looked at: {looked}")


def _start(ending: ExitStack, folder: Path, arguments: argparse.Namespace, target: Path) -> Parts:
    helper = Helper()
    ending.callback(helper.stop)
    debug = target / "debug"
    plaid = Simulator(arguments.plaid_sandbox or debug / "plaid-sandbox", folder)
    ending.callback(plaid.program.stop)
    aws = Emulator(folder)
    ending.callback(aws.program.stop)
    plaid.wait()
    astra = Simulator(arguments.astra_sandbox or debug / "astra-sandbox", folder,
                      "--plaid-url", plaid.url)
    ending.callback(astra.program.stop)
    astra.wait()
    aws.wait()
    return Parts(aws, plaid, astra, helper)


def _variables(parts: Parts, stack: Stack) -> dict[str, str]:
    """Where everything is, for the command."""
    return {
        "DEPLOYED_GATEWAY_URL": parts.aws.api_url,
        "DEPLOYED_PLAID_URL": parts.plaid.url,
        "DEPLOYED_ASTRA_URL": parts.astra.url,
        "DEPLOYED_HELPER_URL": parts.helper.url,
        "DEPLOYED_AWS_URL": parts.aws.url,
        "DEPLOYED_TABLE": stack.outputs()["TableName"],
    }


def _explain(aws: Emulator, stack: Stack) -> None:
    """What the functions complained of, after a failure."""
    for name, lines in secrets_guard.logs(aws, stack).items():
        for line in lines:
            if '"level":"ERROR"' in line or '"level":"WARN"' in line or "panicked" in line:
                print(f"{name}: {line}")
