"""Webhooks: fired, signed, and verified in the application's own language."""

from plaid.model.auth_default_update_webhook import AuthDefaultUpdateWebhook
from plaid.model.automatically_verified_webhook import AutomaticallyVerifiedWebhook
from plaid.model.hosted_mmd_verification_webhook import HostedMMDVerificationWebhook
from plaid.model.item_add_result_webhook import ItemAddResultWebhook
from plaid.model.item_error_webhook import ItemErrorWebhook
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.item_login_repaired_webhook import ItemLoginRepairedWebhook
from plaid.model.item_webhook_update_request import ItemWebhookUpdateRequest
from plaid.model.link_events_webhook import LinkEventsWebhook
from plaid.model.link_session_finished_webhook import LinkSessionFinishedWebhook
from plaid.model.new_accounts_available_webhook import NewAccountsAvailableWebhook
from plaid.model.pending_disconnect_webhook import PendingDisconnectWebhook
from plaid.model.pending_expiration_webhook import PendingExpirationWebhook
from plaid.model.processor_token_create_request import ProcessorTokenCreateRequest
from plaid.model.processor_token_webhook_update import ProcessorTokenWebhookUpdate
from plaid.model.processor_token_webhook_update_request import ProcessorTokenWebhookUpdateRequest
from plaid.model.product_permissions_required_auth_webhook import (
    ProductPermissionsRequiredAuthWebhook)
from plaid.model.sandbox_item_fire_webhook_request import SandboxItemFireWebhookRequest
from plaid.model.sandbox_item_reset_login_request import SandboxItemResetLoginRequest
from plaid.model.user_account_revoked_webhook import UserAccountRevokedWebhook
from plaid.model.user_permission_revoked_webhook import UserPermissionRevokedWebhook
from plaid.model.verification_expired_webhook import VerificationExpiredWebhook
from plaid.model.webhook_type import WebhookType
from plaid.model.webhook_update_acknowledged_webhook import WebhookUpdateAcknowledgedWebhook

import strict
from simulator import Bank
from words import SimulatorTest

OF_ITEMS = {
    ("AUTH", "AUTOMATICALLY_VERIFIED"): AutomaticallyVerifiedWebhook,
    ("AUTH", "DEFAULT_UPDATE"): AuthDefaultUpdateWebhook,
    ("AUTH", "PRODUCT_PERMISSIONS_REQUIRED"): ProductPermissionsRequiredAuthWebhook,
    ("AUTH", "SMS_MICRODEPOSITS_VERIFICATION"): HostedMMDVerificationWebhook,
    ("AUTH", "VERIFICATION_EXPIRED"): VerificationExpiredWebhook,
    ("ITEM", "ERROR"): ItemErrorWebhook,
    ("ITEM", "LOGIN_REPAIRED"): ItemLoginRepairedWebhook,
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"): NewAccountsAvailableWebhook,
    ("ITEM", "PENDING_DISCONNECT"): PendingDisconnectWebhook,
    ("ITEM", "PENDING_EXPIRATION"): PendingExpirationWebhook,
    ("ITEM", "USER_ACCOUNT_REVOKED"): UserAccountRevokedWebhook,
    ("ITEM", "USER_PERMISSION_REVOKED"): UserPermissionRevokedWebhook,
    ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED"): WebhookUpdateAcknowledgedWebhook,
}
OF_LINK = {
    ("LINK", "EVENTS"): LinkEventsWebhook,
    ("LINK", "ITEM_ADD_RESULT"): ItemAddResultWebhook,
    ("LINK", "SESSION_FINISHED"): LinkSessionFinishedWebhook,
}
SPOILED = {
    "signature": "Signature verification failed",
    "body": "the body is another one",
    "kid": "INVALID_WEBHOOK_VERIFICATION_KEY_ID",
    "alg": "the algorithm is none",
    "no_header": "there is no signature",
}


class Webhooks(SimulatorTest):

    def fire(self, bank: Bank, code: str) -> None:
        answer = self.api.sandbox_item_fire_webhook(SandboxItemFireWebhookRequest(
            access_token=bank.access_token, webhook_code=code,
            webhook_type=WebhookType("ITEM")))
        self.assertTrue(answer.webhook_fired)

    def send(self, **webhook: object) -> None:
        self.simulator.control("POST", "/webhooks/send", {"url": self.receiver.url, **webhook})

    def test_a_fired_webhook_arrives_and_is_believed(self):
        bank = self.simulator.link(webhook=self.receiver.url)
        self.fire(bank, "NEW_ACCOUNTS_AVAILABLE")
        told = self.receiver.next("NEW_ACCOUNTS_AVAILABLE", bank.item_id)
        self.assertIsNone(told.refusal)
        answer = self.api.item_get(ItemGetRequest(access_token=bank.access_token))
        self.assertEqual(answer.status.last_webhook.code_sent, "NEW_ACCOUNTS_AVAILABLE")

    def test_a_webhook_url_can_be_changed_and_the_new_one_hears_of_it(self):
        bank = self.simulator.link()
        answer = self.api.item_webhook_update(ItemWebhookUpdateRequest(
            access_token=bank.access_token, webhook=self.receiver.url))
        self.assertEqual(answer.item.webhook, self.receiver.url)
        told = self.receiver.next("WEBHOOK_UPDATE_ACKNOWLEDGED", bank.item_id)
        self.assertIsNone(told.refusal)
        self.assertEqual(told.body["new_webhook_url"], self.receiver.url)

    def test_a_processor_has_a_webhook_of_its_own(self):
        bank = self.simulator.link()
        made = self.api.processor_token_create(ProcessorTokenCreateRequest(
            access_token=bank.access_token, account_id=bank.checking, processor="astra"))
        self.api.processor_token_webhook_update(ProcessorTokenWebhookUpdateRequest(
            processor_token=made.processor_token, webhook=self.receiver.url))
        told = self.receiver.next("WEBHOOK_UPDATE_ACKNOWLEDGED")
        configuration = self.api.api_client.configuration
        webhook = strict.read(told.body, ProcessorTokenWebhookUpdate, configuration)
        self.assertEqual((told.refusal, webhook.account_id), (None, bank.checking))

    def test_a_broken_login_is_told_by_webhook(self):
        bank = self.simulator.link(webhook=self.receiver.url)
        self.api.sandbox_item_reset_login(
            SandboxItemResetLoginRequest(access_token=bank.access_token))
        told = self.receiver.next("ERROR", bank.item_id)
        self.assertIsNone(told.refusal)
        self.assertEqual(told.body["error"]["error_code"], "ITEM_LOGIN_REQUIRED")

    def test_a_key_that_was_rotated_out_gives_way_to_a_new_one(self):
        bank = self.simulator.link(webhook=self.receiver.url)
        self.simulator.control("POST", "/webhooks/rotate-key", {})
        self.fire(bank, "LOGIN_REPAIRED")
        self.assertIsNone(self.receiver.next("LOGIN_REPAIRED", bank.item_id).refusal)

    def test_the_client_has_a_model_for_every_webhook_and_it_fits(self):
        item_id = self.simulator.link().item_id
        for wanted, about in [(OF_ITEMS, {"item_id": item_id}), (OF_LINK, {})]:
            for (webhook_type, code), model in wanted.items():
                with self.subTest(webhook_type=webhook_type, code=code):
                    self.send(webhook_type=webhook_type, webhook_code=code, **about)
                    told = self.receiver.next(code, about.get("item_id"))
                    self.assertIsNone(told.refusal)
                    strict.read(told.body, model, self.api.api_client.configuration)

    def test_a_spoiled_webhook_is_refused(self):
        for tamper, reason in SPOILED.items():
            with self.subTest(tamper=tamper):
                body = {"webhook_type": "TEST", "webhook_code": tamper}
                self.send(body=body, tamper=tamper)
                self.assertEqual(self.receiver.next(tamper).refusal, reason)

    def test_a_webhook_that_was_signed_too_long_ago_is_refused(self):
        body = {"webhook_type": "TEST", "webhook_code": "OLD"}
        self.send(body=body, iat_offset_seconds=-301)
        self.assertEqual(self.receiver.next("OLD").refusal, "it is too old")
