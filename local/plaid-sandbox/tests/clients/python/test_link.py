"""Link tokens, Hosted Link among them, and what became of them."""

from datetime import timedelta

from plaid.model.country_code import CountryCode
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
from plaid.model.link_token_create_hosted_link import LinkTokenCreateHostedLink
from plaid.model.link_token_create_request import LinkTokenCreateRequest
from plaid.model.link_token_create_request_user import LinkTokenCreateRequestUser
from plaid.model.link_token_get_request import LinkTokenGetRequest
from plaid.model.products import Products
from plaid.model.sandbox_item_reset_login_request import SandboxItemResetLoginRequest

from programs import DIRECT
from words import SimulatorTest


def wish(**more: object) -> LinkTokenCreateRequest:
    """What an application asks for."""
    return LinkTokenCreateRequest(
        client_name="Corner Shop", language="en", country_codes=[CountryCode("US")],
        user=LinkTokenCreateRequestUser(client_user_id="u1"), **more)


class Link(SimulatorTest):

    def test_a_link_token_is_made_for_four_hours_and_tells_what_it_is_for(self):
        made = self.api.link_token_create(wish(products=[Products("auth")]))
        self.assertRegex(made.link_token, "^link-sandbox-")
        found = self.api.link_token_get(LinkTokenGetRequest(link_token=made.link_token))
        self.assertEqual(found.expiration - found.created_at, timedelta(hours=4))
        self.assertEqual(found.metadata.client_name, "Corner Shop")
        self.assertEqual([str(one) for one in found.metadata.initial_products], ["auth"])
        self.assertEqual(found.link_sessions, [])

    def test_hosted_link_has_a_page_and_brings_a_public_token(self):
        hosted = LinkTokenCreateHostedLink(completion_redirect_uri="https://shop.example/done")
        made = self.api.link_token_create(wish(products=[Products("auth")], hosted_link=hosted))
        with DIRECT.open(made.hosted_link_url) as page:
            self.assertEqual(page.headers.get_content_type(), "text/html")
        # The user goes through the page.
        session = self.simulator.control(
            "POST", "/link-sessions", {"link_token": made.link_token})
        found = self.api.link_token_get(LinkTokenGetRequest(link_token=made.link_token))
        added = found.link_sessions[0].results.item_add_results[0]
        self.assertEqual(added.public_token, session["public_token"])
        exchange = ItemPublicTokenExchangeRequest(public_token=added.public_token)
        item = self.api.item_public_token_exchange(exchange)
        self.assertIn(item.item_id, self.simulator.live_items())

    def test_update_mode_opens_for_an_item_and_mends_it(self):
        bank = self.simulator.link()
        self.api.sandbox_item_reset_login(
            SandboxItemResetLoginRequest(access_token=bank.access_token))
        made = self.api.link_token_create(wish(access_token=bank.access_token))
        session = self.simulator.control(
            "POST", "/link-sessions", {"link_token": made.link_token})
        self.assertIsNone(session["public_token"])
        found = self.api.item_get(ItemGetRequest(access_token=bank.access_token)).item
        self.assertEqual((found.item_id, found.error), (bank.item_id, None))
