"""AWS on this machine: ministack, on a loopback address, with IAM's checks switched on."""

import json
import os
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from programs import Program, answers, free_port, wait_until

REGION = "us-east-1"
PROGRAM = Path(__file__).resolve().parent / "extended"
# The emulator takes this one for the account's root; roles get keys of their own.
ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class Emulator:
    """A running ministack without state."""

    def __init__(self, folder: Path):
        port = free_port()
        # One port, two names: AWS's services at this one, the API at the other.
        self.url = f"http://localhost:{port}"
        self.api_domain = "127.0.0.1"
        self.api_url = f"http://{self.api_domain}:{port}"
        command = [sys.executable, str(PROGRAM)]
        self.program = Program(command, _environment(folder, port, self.url),
                               folder / "ministack.log")

    def wait(self) -> None:
        """Until it answers."""
        health = f"{self.url}/_ministack/health"
        wait_until("ministack", lambda: answers(health), self.program)

    def user(self, name: str, policy: dict) -> dict:
        """The access key of a new user who may do what the policy says."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        return iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service: str):
        """A client of the account's root."""
        # Only this machine is asked, whatever proxy is configured.
        config = Config(proxies={}, retries={"max_attempts": 1})
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, config=config,
                            **ROOT)


def _environment(folder: Path, port: int, url: str) -> dict[str, str]:
    """Nothing of ours: functions inherit all of it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AUTH": "true",
        "AWS_ENDPOINT_URL": url,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "INFO",
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        # Nothing is left between the sources.
        "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
    }
