"""Plaid on this machine: the simulator of local/plaid-sandbox, as a program."""

import re
from pathlib import Path

from programs import Failure, Program, wait_until

# What the simulator accepts unless told otherwise.
KEYS = {"client_id": "sandbox-client-id", "secret": "sandbox-secret"}
READY = re.compile(r"^ready (http://127\.0\.0\.1:[0-9]+)$", re.MULTILINE)


class Simulator:
    """A running simulator without state."""

    def __init__(self, binary: Path, folder: Path):
        if not binary.exists():
            raise Failure(f"{binary} is missing: cargo build -p plaid-sandbox makes it")
        self.program = Program([str(binary), "--port", "0"], {}, folder / "plaid-sandbox.log")
        self.url = ""

    def wait(self) -> None:
        """Until it says where it is."""
        found = wait_until("plaid-sandbox", lambda: READY.search(self.program.text()),
                           self.program)
        self.url = found[1]
