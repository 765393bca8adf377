"""The whole stack on this machine, without state, on free ports."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

from programs import DIRECT, Failure, Program, free_port, wait_until

READY = re.compile(r"^ready (http://127\.0\.0\.1:[0-9]+)$", re.MULTILINE)
# What the simulator accepts unless told otherwise.
KEYS = {"plaid-client-id": "sandbox-client-id", "plaid-secret": "sandbox-secret"}


class Stack:
    """A running `local`; ends with the block."""

    def __init__(self, binary: Path, folder: Path):
        if not binary.exists():
            raise Failure(f"{binary} is missing: cargo build --workspace makes it")
        folder.mkdir(parents=True, exist_ok=True)
        # Of its addresses it tells one.
        plaid, astra = free_port(), free_port()
        self.plaid, self.astra = f"http://127.0.0.1:{plaid}", f"http://127.0.0.1:{astra}"
        self.gateway = ""
        ports = ["--port=0", f"--plaid-port={plaid}", f"--astra-port={astra}", "--aws-port=0",
                 "--dynamodb-port=0"]
        self.program = Program([str(binary), "--in-memory", *ports], {}, folder / "local.log")

    def __enter__(self) -> "Stack":
        try:
            ready = wait_until("local", lambda: READY.search(self.program.text()), self.program)
        except BaseException:
            self.program.stop()
            raise
        self.gateway = ready[1]
        return self

    def __exit__(self, *_) -> None:
        self.program.stop()

    def sign_in(self, user_id: str) -> str:
        """A user's token."""
        return self.ask("/dev/login", {"user_id": user_id})["token"]

    def sign_in_server(self) -> str:
        """What stands for a server's IAM credentials."""
        return self.ask("/dev/login", {"server": True})["token"]

    def ask(self, path: str, body: dict, token: str = "") -> dict:
        """The gateway's answer, which must be good."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return _post(self.gateway + path, body, headers)

    def ask_plaid(self, path: str, body: dict) -> dict:
        """The simulator's answer, which must be good."""
        return _post(self.plaid + path, body, KEYS)

    def ask_astra(self, path: str, body: dict) -> dict:
        """The answer of Astra's simulator, which must be good."""
        return _post(self.astra + path, body, {})

    def read(self, path: str, token: str) -> dict:
        """Reads from the gateway."""
        headers = {"authorization": f"Bearer {token}"}
        return json.loads(_send(urllib.request.Request(self.gateway + path, headers=headers)))

    def delete(self, path: str, token: str) -> None:
        """Deletes at the gateway."""
        headers = {"authorization": f"Bearer {token}"}
        _send(urllib.request.Request(self.gateway + path, headers=headers, method="DELETE"))

    def run_link(self, bank: str, username: str = "user_good") -> str:
        """A public token, as if this user of the bank had run Link."""
        options = {"override_username": username}
        body = {"institution_id": bank, "initial_products": ["auth"], "options": options}
        return self.ask_plaid("/sandbox/public_token/create", body)["public_token"]


def _post(url: str, body: dict, headers: dict) -> dict:
    headers = {"content-type": "application/json", **headers}
    return json.loads(_send(urllib.request.Request(url, json.dumps(body).encode(), headers)))


def _send(request: urllib.request.Request) -> bytes:
    try:
        with DIRECT.open(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        said = error.read().decode()
        raise Failure(f"{request.full_url} answered {error.code}: {said}") from error
