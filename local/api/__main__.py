"""Holds docs/openapi.yaml against a running stack: see README.md."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# Nothing is left between the sources.
sys.pycache_prefix = str(TARGET / "api-pycache")
# What the tools of this repository share.
sys.path.append(str(ROOT / "local" / "python"))


def main() -> int:
    """0 when the description holds."""
    arguments = _arguments()
    import tool
    return tool.run(Path(__file__).resolve().parent, TARGET, lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    for step in [arguments.step] if arguments.step else STEPS:
        STEPS[step](arguments)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 local/api", description=__doc__)
    parser.add_argument("step", nargs="?", choices=STEPS, help="only this; default: all, in order")
    parser.add_argument("--local", type=Path, default=TARGET / "debug" / "local",
                        help="the stack's program; default: the debug build")
    parser.add_argument("--write", action="store_true", help="make docs/openapi.d.ts anew")
    parser.add_argument("--seed", type=int, default=20261126, help="of the requests that are made up")
    return parser.parse_args()


def _types(arguments: argparse.Namespace) -> None:
    import types_of_the_page
    if arguments.write:
        types_of_the_page.write(ROOT)
    types_of_the_page.check(ROOT)


def _walk(arguments: argparse.Namespace) -> None:
    import walk
    walk.run(ROOT, TARGET, arguments.local)


def _fuzz(arguments: argparse.Namespace) -> None:
    import fuzz
    fuzz.run(ROOT, TARGET, arguments.local, arguments.seed)


STEPS = {"types": _types, "walk": _walk, "fuzz": _fuzz}

if __name__ == "__main__":
    sys.exit(main())
