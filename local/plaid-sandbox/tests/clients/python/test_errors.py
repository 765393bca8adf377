"""Errors, as the client shows them; those that a test arms too."""

import plaid
import urllib3
from plaid.model.accounts_get_request import AccountsGetRequest
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
from plaid.model.sandbox_item_reset_login_request import SandboxItemResetLoginRequest

from simulator import client
from words import SimulatorTest


class Errors(SimulatorTest):

    def arm(self, **fault: object) -> None:
        self.addCleanup(self.simulator.control, "DELETE", "/faults")
        self.simulator.control("POST", "/faults", fault)

    def test_an_error_has_type_code_and_the_request_id_that_the_simulator_logged(self):
        token = self.simulator.link().access_token
        self.api.sandbox_item_reset_login(SandboxItemResetLoginRequest(access_token=token))
        request = AccountsGetRequest(access_token=token)
        status, error = self.refusal(self.api.accounts_get, request)
        self.assertEqual(status, 400)
        self.assertEqual(str(error.error_type), "ITEM_ERROR")
        self.assertEqual(error.error_code, "ITEM_LOGIN_REQUIRED")
        logged = self.simulator.control("GET", "/requests")["requests"]
        endpoint = next(
            one["endpoint"] for one in logged if one["request_id"] == error.request_id)
        self.assertEqual(endpoint, "/accounts/get")
        item = self.api.item_get(ItemGetRequest(access_token=token)).item
        self.assertEqual(item.error.error_code, "ITEM_LOGIN_REQUIRED")

    def test_wrong_keys_are_refused(self):
        stranger = client(self.simulator.base, secret="not-the-secret")
        request = ItemGetRequest(access_token="access-sandbox-x")
        _, error = self.refusal(stranger.item_get, request)
        self.assertEqual(error.error_code, "INVALID_API_KEYS")

    def test_a_scripted_error_strikes_the_chosen_call_and_no_other(self):
        request = AccountsGetRequest(access_token=self.simulator.link().access_token)
        self.arm(endpoint="/accounts/get", call=2, kind="plaid_error", error_code="RATE_LIMIT")
        self.api.accounts_get(request)
        status, error = self.refusal(self.api.accounts_get, request)
        self.assertEqual((status, str(error.error_type)), (429, "RATE_LIMIT_EXCEEDED"))
        self.api.accounts_get(request)

    def test_an_answer_that_is_not_from_plaid_is_seen_as_it_is(self):
        self.arm(endpoint="*", kind="http_status", status=502, body="<html>Bad gateway</html>")
        with self.assertRaises(plaid.ApiException) as refused:
            self.api.item_get(ItemGetRequest(access_token="any"))
        self.assertEqual(refused.exception.status, 502)
        self.assertEqual(refused.exception.body, "<html>Bad gateway</html>")

    def test_a_lost_answer_leaves_an_item_that_only_the_simulator_knows(self):
        before = self.simulator.live_items()
        request = ItemPublicTokenExchangeRequest(public_token=self.simulator.public_token())
        self.arm(endpoint="/item/public_token/exchange", kind="lose_answer")
        with self.assertRaises(urllib3.exceptions.ProtocolError):
            self.api.item_public_token_exchange(request)
        self.assertEqual(len(self.simulator.live_items()), len(before) + 1)
        _, error = self.refusal(self.api.item_public_token_exchange, request)
        self.assertEqual(error.error_code, "INVALID_PUBLIC_TOKEN")
