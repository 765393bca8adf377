"""From a linked bank to a processor token, and to the Item's end."""

from plaid.model.auth_get_request import AuthGetRequest
from plaid.model.country_code import CountryCode
from plaid.model.institutions_get_by_id_request import InstitutionsGetByIdRequest
from plaid.model.institutions_get_by_id_request_options import InstitutionsGetByIdRequestOptions
from plaid.model.item_access_token_invalidate_request import ItemAccessTokenInvalidateRequest
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.item_remove_request import ItemRemoveRequest
from plaid.model.processor_auth_get_request import ProcessorAuthGetRequest
from plaid.model.processor_token_create_request import ProcessorTokenCreateRequest
from plaid.model.processor_token_permissions_get_request import ProcessorTokenPermissionsGetRequest
from plaid.model.processor_token_permissions_set_request import ProcessorTokenPermissionsSetRequest
from plaid.model.products import Products

from simulator import Bank
from words import SimulatorTest

INSTITUTIONS = [
    "ins_109508", "ins_127287", "ins_109512", "ins_135858", "ins_13", "ins_56", "ins_127990",
    "ins_132363", "ins_132361", "ins_133402"]


class FromTheBankToTheProcessor(SimulatorTest):

    def processor_token(self, bank: Bank) -> str:
        request = ProcessorTokenCreateRequest(
            access_token=bank.access_token, account_id=bank.checking, processor="astra")
        return self.api.processor_token_create(request).processor_token

    def test_a_bank_is_linked_and_its_account_given_to_the_processor(self):
        bank = self.simulator.link()
        self.assertIn(bank.item_id, self.simulator.live_items())
        auth = self.api.auth_get(AuthGetRequest(access_token=bank.access_token))
        numbers = next(one for one in auth.numbers.ach if one.account_id == bank.checking)
        self.assertRegex(numbers.routing, "^[0-9]{9}$")
        token = self.processor_token(bank)
        self.assertRegex(token, "^processor-sandbox-")
        # What the processor sees with it.
        seen = self.api.processor_auth_get(ProcessorAuthGetRequest(processor_token=token))
        self.assertEqual(seen.account.account_id, bank.checking)
        self.assertEqual(seen.numbers.ach.account, numbers.account)

    def test_a_processor_token_can_be_limited_to_products(self):
        token = self.processor_token(self.simulator.link())
        self.api.processor_token_permissions_set(ProcessorTokenPermissionsSetRequest(
            processor_token=token, products=[Products("auth")]))
        allowed = self.api.processor_token_permissions_get(
            ProcessorTokenPermissionsGetRequest(processor_token=token))
        self.assertEqual([str(one) for one in allowed.products], ["auth"])

    def test_an_item_tells_what_it_is(self):
        bank = self.simulator.link("ins_13")
        answer = self.api.item_get(ItemGetRequest(access_token=bank.access_token))
        self.assertEqual(answer.item.item_id, bank.item_id)
        self.assertEqual([str(one) for one in answer.item.products], ["auth"])
        # PNC's consent ends.
        self.assertGreater(answer.item.consent_expiration_time, answer.item.created_at)

    def test_every_institution_tells_what_it_is(self):
        options = InstitutionsGetByIdRequestOptions(
            include_optional_metadata=True, include_status=True, include_auth_metadata=True,
            include_payment_initiation_metadata=True)
        found = {}
        for institution in INSTITUTIONS:
            request = InstitutionsGetByIdRequest(
                institution_id=institution, country_codes=[CountryCode("US")], options=options)
            found[institution] = self.api.institutions_get_by_id(request).institution
        self.assertEqual(found["ins_127287"].name, "Platypus OAuth Bank")
        self.assertTrue(found["ins_127287"].oauth)
        self.assertEqual(str(found["ins_133402"].connection_availability), "NOT_SUPPORTED")
        self.assertEqual(str(found["ins_132361"].status.auth.status), "DOWN")

    def test_a_removed_item_is_gone_with_its_tokens(self):
        bank = self.simulator.link()
        token = self.processor_token(bank)
        self.api.item_remove(ItemRemoveRequest(access_token=bank.access_token))
        self.assertNotIn(bank.item_id, self.simulator.live_items())
        item = ItemGetRequest(access_token=bank.access_token)
        _, error = self.refusal(self.api.item_get, item)
        self.assertEqual(error.error_code, "ITEM_NOT_FOUND")
        auth = ProcessorAuthGetRequest(processor_token=token)
        _, error = self.refusal(self.api.processor_auth_get, auth)
        self.assertEqual(error.error_code, "ITEM_NOT_FOUND")

    def test_an_invalidated_access_token_gives_way_to_a_new_one(self):
        bank = self.simulator.link()
        answer = self.api.item_access_token_invalidate(
            ItemAccessTokenInvalidateRequest(access_token=bank.access_token))
        old = ItemGetRequest(access_token=bank.access_token)
        _, error = self.refusal(self.api.item_get, old)
        self.assertEqual(error.error_code, "INVALID_ACCESS_TOKEN")
        new = self.api.item_get(ItemGetRequest(access_token=answer.new_access_token))
        self.assertEqual(new.item.item_id, bank.item_id)
