"""The programs of package.json."""

import os
from pathlib import Path

from programs import Failure

HERE = Path(__file__).resolve().parent


def program(name: str) -> str:
    """Where a package's program is."""
    path = HERE / "node_modules" / ".bin" / name
    if not path.exists():
        raise Failure(f"{name} is missing: npm ci --ignore-scripts --prefix local/api brings it")
    return str(path)


def node_environment() -> dict[str, str]:
    """Nothing of the caller's but where programs are: no proxy stands before this machine."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
