"""docs/api.http, sent from top to bottom to a running stack."""

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from programs import Failure

from description import operations
from node import node_environment, program
from stack import Stack

ADDRESS = r"^@{} = .*$"


def run(root: Path, target: Path, binary: Path) -> None:
    """Fails when a call fails, or an operation has none."""
    text = (root / "docs" / "api.http").read_text()
    folder = target / "api"
    with Stack(binary, folder) as stack:
        text = _at(text, {"gateway": stack.gateway, "plaid": stack.plaid, "astra": stack.astra})
        (folder / "api.http").write_text(text)
        report = _send(folder)
        _judge(report, len(re.findall(r"^###", text, re.MULTILINE)))
        _all_called(report, stack.gateway, root)
    summary = report["summary"]
    print(f"docs/api.http: {summary['totalRequests']} calls, {summary['totalTests']} expectations")


def _at(text: str, addresses: dict[str, str]) -> str:
    """The same calls, to other addresses: the file's own ones win over the command line's."""
    for name, url in addresses.items():
        text, count = re.subn(ADDRESS.format(name), f"@{name} = {url}", text, flags=re.MULTILINE)
        if count != 1:
            raise Failure(f"docs/api.http says {count} times where the {name} is")
    return text


def _send(folder: Path) -> dict:
    # It takes files below its own folder only, and cuts off what it writes into a pipe.
    command = [program("httpyac"), "send", "api.http", "--all", "--json"]
    said = folder / "httpyac.json"
    with said.open("wb") as output:
        sent = subprocess.run(command, cwd=folder, env=node_environment(), stdout=output,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
    try:
        return json.loads(said.read_bytes())
    except json.JSONDecodeError as error:
        raise Failure(f"httpyac ended with {sent.returncode}, see {said}") from error


def _judge(report: dict, calls: int) -> None:
    summary = report["summary"]
    wrong = [f"line {call.get('line')}, {call['name']}: {test['message']}"
             for call in report["requests"] for test in call.get("testResults") or []
             if test["status"] != "SUCCESS"]
    wrong += [f"line {call.get('line')}, {call['name']}: no answer"
              for call in report["requests"] if not call.get("response")]
    if wrong or summary["successRequests"] != calls or not summary["totalTests"]:
        raise Failure("docs/api.http: " + "\n     ".join(wrong or [str(summary)]))


def _all_called(report: dict, gateway: str, root: Path) -> None:
    answers = (call["response"]["name"] for call in report["requests"])
    # As in "201 - POST http://127.0.0.1:3000/v1/items".
    calls = [name.split(" - ", 1)[1].split(" ", 1) for name in answers]
    called = {(method, urlsplit(url).path) for method, url in calls if url.startswith(gateway)}
    missing = [name for name, method, path in operations(root)
               if not any(method == other and path.fullmatch(address) for other, address in called)]
    if missing:
        raise Failure("docs/api.http has no call of " + ", ".join(missing))
