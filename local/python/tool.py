"""How a tool of this repository runs: in a virtual environment of its own, and ended in order."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from own_venv import enter
from programs import Failure


def run(folder: Path, target: Path, work: Callable[[], int]) -> int:
    """The work's exit code; 1 when it failed or was interrupted, which is said in one line."""
    enter(folder, target)
    # Ctrl-C and SIGTERM alike go through everything that is to be stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return work()
    except Failure as failure:
        print(f"{folder.name}: {failure}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{folder.name}: interrupted", file=sys.stderr)
    return 1
