"""The tool's own virtual environment, made where it is missing, so that nobody has to."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = (HERE / "requirements.txt", HERE / "constraints.txt")


def enter(target: Path) -> None:
    """Goes on in the virtual environment; it is made anew when a pin has changed."""
    pins = hashlib.sha256(b"".join(file.read_bytes() for file in PINS)).hexdigest()[:12]
    folder = target / f"deploy-venv-{sys.version_info.major}.{sys.version_info.minor}-{pins}"
    if Path(sys.prefix) == folder:
        return
    if not (folder / "complete").exists():
        _make(folder)
    python = str(folder / "bin" / "python")
    os.execv(python, [python, str(HERE), *sys.argv[1:]])


def _make(folder: Path) -> None:
    print(f"installing {PINS[0].name} into {folder}", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    pip += ["--disable-pip-version-check", "-r", str(PINS[0]), "-c", str(PINS[1])]
    subprocess.run(pip, check=True)
    (folder / "complete").touch()
