"""A tool's own virtual environment, made where it is missing, so that nobody has to."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path


def enter(tool: Path, target: Path) -> None:
    """Goes on in the tool's virtual environment, with its `__main__.py`."""
    folder = made(tool, target)
    if Path(sys.prefix) == folder:
        return
    inside = str(folder / "bin" / "python")
    os.execv(inside, [inside, str(tool), *sys.argv[1:]])


def made(tool: Path, target: Path) -> Path:
    """The virtual environment of a folder with `requirements.txt` and `constraints.txt`, made anew
    when a pin has changed."""
    pins = (tool / "requirements.txt", tool / "constraints.txt")
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in pins)).hexdigest()[:12]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = target / f"{tool.name}-venv-{python}-{mark}"
    if not (folder / "complete").exists():
        _make(folder, *pins)
    return folder


def _make(folder: Path, requirements: Path, constraints: Path) -> None:
    print(f"installing {requirements.name} into {folder}", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    pip += ["--disable-pip-version-check", "-r", str(requirements), "-c", str(constraints)]
    subprocess.run(pip, check=True)
    (folder / "complete").touch()
