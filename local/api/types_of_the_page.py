"""The types of docs/openapi.d.ts: made of docs/openapi.yaml, and kept by the reference page."""

import subprocess
from pathlib import Path

from programs import Failure

from node import node_environment, program

HERE = Path(__file__).resolve().parent
PAIR = ["docs/openapi.yaml", "--output", "docs/openapi.d.ts"]


def write(root: Path) -> None:
    """Makes the types anew."""
    _run(root, "openapi-typescript", *PAIR)


def check(root: Path) -> None:
    """Fails when the types are old, or the page's code does not fit them."""
    _run(root, "openapi-typescript", *PAIR, "--check",
         advice="python3 local/api types --write makes docs/openapi.d.ts anew")
    _run(root, "tsc", "--project", str(HERE / "tsconfig.json"),
         advice="local/web does not fit docs/openapi.d.ts")
    print("docs/openapi.d.ts is made of docs/openapi.yaml, and local/web fits it")


def _run(root: Path, name: str, *arguments: str, advice: str = "") -> None:
    ran = subprocess.run([program(name), *arguments], cwd=root, env=node_environment(),
                         capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode:
        raise Failure(f"{advice}\n{ran.stdout}{ran.stderr}")
