"""Programs that run beside the test, each in a session of its own and ended by its id."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOPPING = 10
# This machine is asked directly, whatever proxy is configured.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failure(Exception):
    """What the tool was asked for cannot be had; the text says why."""


class Program:
    """A running program, whose output goes to a file."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path):
        self.name, self.log = log.stem, log
        with log.open("wb") as output:
            # A session of its own: what the program starts ends with it.
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd=log.parent, start_new_session=True)

    def check(self) -> None:
        """Fails with the end of its output if it has ended."""
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        return "\n".join(self.text().splitlines()[-20:])

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Lets it do nothing for a while: who calls it waits."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it and everything that it started."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def wait_until(what: str, ready, program: Program, seconds: int = 30):
    """Asks again until there is an answer, as long as the program lives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        program.check()
        if answer := ready():
            return answer
        time.sleep(0.05)
    raise Failure(f"{what} is not ready after {seconds} s:\n{program.tail()}")


def answers(url: str) -> bool:
    """Whether there is a good answer."""
    try:
        with DIRECT.open(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    """A port of this machine's loopback address that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
