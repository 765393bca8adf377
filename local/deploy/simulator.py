"""Plaid and Astra on this machine: the simulators of this repository, as programs."""

import re
from pathlib import Path

from programs import Failure, Program, wait_until

# What the simulators accept unless told otherwise.
PLAIDS_KEYS = {"client_id": "sandbox-client-id", "secret": "sandbox-secret"}
ASTRAS_KEYS = {"client_id": "astra-client-id", "secret": "astra-client-secret"}
READY = re.compile(r"^ready (http://127\.0\.0\.1:[0-9]+)$", re.MULTILINE)


class Simulator:
    """A running simulator without state."""

    def __init__(self, binary: Path, folder: Path, *options: str):
        if not binary.exists():
            raise Failure(f"{binary} is missing: cargo build --workspace makes it")
        self._name = binary.name
        log = folder / f"{self._name}.log"
        self.program = Program([str(binary), "--port", "0", *options], {}, log)
        self.url = ""

    def wait(self) -> None:
        """Until it says where it is."""
        found = wait_until(self._name, lambda: READY.search(self.program.text()), self.program)
        self.url = found[1]
