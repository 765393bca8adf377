"""What the README shows of Python and of a shell does what it says."""

import os
import subprocess
import sys


from simulator import ROOT
from words import SimulatorTest

README = (ROOT / "local/plaid-sandbox/README.md").read_text()


class Readme(SimulatorTest):

    def block(self, heading: str, language: str) -> str:
        """The first block of code in this language under a heading, for this simulator."""
        section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        code = section.split(f"```{language}\n")[1].split("```")[0]
        code = code.replace("http://127.0.0.1:3001", self.simulator.base)
        return code.replace("http://127.0.0.1:4000/webhooks", self.receiver.url)

    def run_it(self, command: list[str]) -> str:
        """What the command prints; it must end well."""
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def test_the_python_example_makes_a_public_token(self):
        code = self.block("Point an application at it", "python")
        self.assertRegex(self.run_it([sys.executable, "-c", code]), "^public-sandbox-")

    def test_the_walk_in_a_shell_does_what_its_comments_say(self):
        code = self.block("Try it", "sh")
        self.run_it(["sh", "-euc", code])
        asked = self.simulator.control("GET", "/requests")["requests"]
        codes = [(one["endpoint"], one["error_code"]) for one in asked if one["error_code"]]
        self.assertEqual(codes, [("/accounts/get", "ITEM_LOGIN_REQUIRED")])
        for code in ["ERROR", "LOGIN_REPAIRED", "NEW_ACCOUNTS_AVAILABLE"]:
            [item_id] = self.simulator.live_items()
            self.assertIsNone(self.receiver.next(code, item_id).refusal)
        self.assertIsNone(self.receiver.next("SOMETHING_NEW").refusal)
        faults = self.simulator.control("GET", "/faults")["faults"]
        self.assertEqual(
            [(one["endpoint"], one["call"], one["kind"]) for one in faults],
            [("/accounts/get", 2, "plaid_error"),
             ("/item/public_token/exchange", 1, "lose_answer")])
