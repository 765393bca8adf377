"""What the tests have in common: a simulator each, a receiver of webhooks, and refusals."""

import json
import unittest

import plaid
from plaid.model.plaid_error import PlaidError

import strict
from simulator import Simulator
from webhooks import Receiver


class SimulatorTest(unittest.TestCase):
    """Tests that share a simulator and a receiver of its webhooks."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)
        cls.api = cls.simulator.plaid
        cls.receiver = Receiver(cls.api)
        cls.addClassCleanup(cls.receiver.stop)

    def refusal(self, call, request) -> tuple[int, PlaidError]:
        """The status and the error with which the call is refused, as one of Plaid's models."""
        with self.assertRaises(plaid.ApiException) as refused:
            call(request)
        error = json.loads(refused.exception.body)
        configuration = self.api.api_client.configuration
        return refused.exception.status, strict.read(error, PlaidError, configuration)
