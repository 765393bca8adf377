"""POST /v1/link-tokens: a link token for a new Item."""

import hashlib
import os
import uuid

from plaid.model.country_code import CountryCode
from plaid.model.link_token_create_request import LinkTokenCreateRequest
from plaid.model.link_token_create_request_user import LinkTokenCreateRequestUser
from plaid.model.products import Products

import plaid_client
import table
from api import handle, user_of

env = os.environ


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@handle
def handler(event: dict, line: dict) -> tuple[int, dict]:
    user = user_of(event)
    base = env.get("WEBHOOK_BASE_URL") or f"https://{event['requestContext']['domainName']}"
    made = plaid_client.client().link_token_create(LinkTokenCreateRequest(
        client_name=env["PLAID_CLIENT_NAME"],
        language=env["PLAID_LANGUAGE"],
        country_codes=[CountryCode(code) for code in env["PLAID_COUNTRY_CODES"].split(",")],
        # Plaid learns no name of the user.
        user=LinkTokenCreateRequestUser(client_user_id=sha256(f"{env['VAULT_ID']}\n{user}")),
        products=[Products("auth")],
        webhook=f"{base}/v1/webhooks/plaid"))
    link_id, expiration = str(uuid.uuid4()), made.expiration.isoformat()
    table.put_new({
        "pk": f"OWNER#{user}",
        "sk": f"LINK#{link_id}",
        "link_token_sha256": sha256(made.link_token),
        "expiration": expiration,
        "created_at": table.now(),
        "expires_at": table.in_a_month(),
    })
    line |= {"link_id": link_id, "plaid_request_id": made.request_id}
    return 201, {
        "link_id": link_id,
        "link_token": made.link_token,
        "expiration": expiration,
        "request_id": made.request_id,
    }
