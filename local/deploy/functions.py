"""The functions' programs: built as AWS runs them, but linked cheaply, and zipped."""

import io
import subprocess
import zipfile
from pathlib import Path

from programs import Failure

PROFILE = "deploy-test"
EXECUTABLE = 0o100755 << 16


def build(root: Path, packages: list[str]) -> None:
    """Builds them; Cargo says how it goes."""
    command = ["cargo", "build", "--locked", "--profile", PROFILE]
    for package in packages:
        command += ["--package", package]
    if subprocess.run(command, cwd=root).returncode != 0:
        raise Failure("the functions cannot be built")


def zipped(target: Path, package: str) -> bytes:
    """A deployment package: the program under the name that Lambda starts."""
    program = target / PROFILE / package
    if not program.exists():
        raise Failure(f"{program} is missing: leave --no-build away")
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = EXECUTABLE
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(entry, program.read_bytes())
    return data.getvalue()
