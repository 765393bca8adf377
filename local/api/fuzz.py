"""schemathesis over every operation, signed in and with live ids."""

import os
import time
from pathlib import Path

from programs import Failure

from description import operations
from live import Live
from stack import Stack

HERE = Path(__file__).resolve().parent


def run(root: Path, target: Path, binary: Path, seed: int) -> None:
    """Fails when an answer is not as described, or an operation never went well."""
    description = root / "docs" / "openapi.yaml"
    folder = target / "api"
    begun = time.monotonic()
    with Stack(binary, folder) as stack:
        ledger, code = _schemathesis(stack, description, seed)
    print(f"\nAnswers by status, in {time.monotonic() - begun:.0f} s:\n{ledger}")
    wrong = [f"never answered with 2xx: {name}"
             for name in ledger.never_good(name for name, _, _ in operations(root))]
    wrong += [f"answered with {name}" for name in ledger.server_errors()]
    if code:
        wrong.append(f"schemathesis ended with {code}; python3 local/api fuzz --seed {seed} repeats it")
    if wrong:
        raise Failure("\n     ".join(wrong))


def _schemathesis(stack: Stack, description: Path, seed: int):
    # Only now: it reads its settings when it is imported.
    import hooks
    from schemathesis.cli import schemathesis
    live, ledger = Live(stack), hooks.Ledger()
    os.environ["API_USER_TOKEN"], os.environ["API_SERVER_TOKEN"] = live.user, live.server
    hooks.install(live, ledger)
    arguments = ["--config-file", str(HERE / "schemathesis.toml"), "run", str(description),
                 "--url", stack.gateway, "--seed", str(seed)]
    try:
        schemathesis.main(arguments, prog_name="schemathesis", standalone_mode=True)
    except SystemExit as end:
        return ledger, end.code
    raise Failure("schemathesis did not say how it ended")
