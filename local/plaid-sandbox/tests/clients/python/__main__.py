"""Plaid's Python client goes through everything that the simulator does, in its own words.

PLAID_SANDBOX_BIN names the simulator's program; the default is the debug build.
"""

import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[4]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
sys.path.append(str(ROOT / "local" / "python"))
# Nothing is left between the sources.
sys.pycache_prefix = str(TARGET / "clients-pycache")


def main() -> None:
    """All tests; options are those of `python3 -m unittest discover`, such as -v and -k."""
    from own_venv import enter
    enter(HERE, TARGET)
    arguments = ["unittest", "discover", "--start-directory", str(HERE), *sys.argv[1:]]
    unittest.main(module=None, argv=arguments)


if __name__ == "__main__":
    main()
