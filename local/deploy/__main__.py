"""Deploys template.yaml on this machine and runs a command against it: see README.md."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# Nothing is left between the sources.
sys.pycache_prefix = str(TARGET / "deploy-pycache")
# What the tools of this repository share.
sys.path.append(str(ROOT / "local" / "python"))


def main() -> int:
    """The command's exit code, or 1 when there was nothing to run it against."""
    arguments = _arguments()
    import tool
    return tool.run(Path(__file__).resolve().parent, TARGET, lambda: arguments.run(arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 local/deploy", description=__doc__)
    commands = parser.add_subparsers(required=True)
    test = commands.add_parser("test", help="deploy, run a command against it, take it down")
    test.add_argument("--no-build", action="store_true", help="take the programs that are there")
    for name in ("plaid-sandbox", "astra-sandbox"):
        test.add_argument(f"--{name}", type=Path, help="the simulator; default: the debug build")
    test.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND",
                      help="gets its addresses in the environment; default: the end-to-end test")
    test.set_defaults(run=_test)
    lint = commands.add_parser("lint", help="sam validate; cfn-lint and checkov, before and after SAM")
    lint.set_defaults(run=_lint)
    return parser.parse_args()


def _test(arguments: argparse.Namespace) -> int:
    from deployment import run
    return run(ROOT, TARGET, arguments)


def _lint(_: argparse.Namespace) -> int:
    import lint
    return lint.run(ROOT, TARGET)


if __name__ == "__main__":
    sys.exit(main())
