"""Accounts that wait for a micro-deposit, and time that moves."""

from plaid.model.accounts_get_request import AccountsGetRequest
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.processor_token_create_request import ProcessorTokenCreateRequest
from plaid.model.sandbox_item_set_verification_status_request import (
    SandboxItemSetVerificationStatusRequest)

from simulator import Bank
from words import SimulatorTest


class Deposits(SimulatorTest):

    def link(self) -> Bank:
        return self.simulator.link(
            "ins_109512", override_username="microdeposits_good", webhook=self.receiver.url)

    def status(self, bank: Bank) -> str:
        answer = self.api.accounts_get(AccountsGetRequest(access_token=bank.access_token))
        return str(answer.accounts[0].verification_status)

    def processor_request(self, bank: Bank) -> ProcessorTokenCreateRequest:
        return ProcessorTokenCreateRequest(
            access_token=bank.access_token, account_id=bank.checking, processor="astra")

    def test_an_account_that_is_not_verified_gets_no_processor_token(self):
        bank = self.link()
        self.assertEqual(self.status(bank), "pending_automatic_verification")
        request = self.processor_request(bank)
        _, error = self.refusal(self.api.processor_token_create, request)
        self.assertEqual(error.error_code, "PRODUCT_NOT_READY")

    def test_a_deposit_is_verified_by_itself_a_day_later_and_a_webhook_says_so(self):
        bank = self.link()
        self.simulator.control("POST", "/clock", {"advance_seconds": 24 * 3600})
        told = self.receiver.next("AUTOMATICALLY_VERIFIED", bank.item_id)
        self.assertEqual((told.refusal, told.body["account_id"]), (None, bank.checking))
        self.assertEqual(self.status(bank), "automatically_verified")
        made = self.api.processor_token_create(self.processor_request(bank))
        self.assertRegex(made.processor_token, "^processor-sandbox-")

    def test_a_deposit_can_be_ended_at_once_for_good_or_ill(self):
        for status, code in [("automatically_verified", "AUTOMATICALLY_VERIFIED"),
                             ("verification_expired", "VERIFICATION_EXPIRED")]:
            bank = self.link()
            self.api.sandbox_item_set_verification_status(SandboxItemSetVerificationStatusRequest(
                access_token=bank.access_token, account_id=bank.checking,
                verification_status=status))
            self.assertEqual(self.status(bank), status)
            told = self.receiver.next(code, bank.item_id)
            self.assertEqual(told.body["account_id"], bank.checking)

    def test_a_same_day_item_has_no_institution(self):
        bank = self.simulator.link(override_username="microdeposits_same_day")
        self.assertEqual(self.status(bank), "pending_manual_verification")
        item = self.api.item_get(ItemGetRequest(access_token=bank.access_token)).item
        self.assertEqual((item.institution_id, item.institution_name), (None, None))
