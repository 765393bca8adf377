"""POST /v1/webhooks/plaid: keeps what Plaid signed, and nothing else."""

import hashlib
import hmac
import json
import re
import time

import jwt
from plaid import ApiException
from plaid.model.webhook_verification_key_get_request import WebhookVerificationKeyGetRequest

import plaid_client
import table
from api import Problem, body_of, handle

MAX_AGE = 5 * 60
KEY_KNOWN_FOR = 12 * 3600
TOKENS = re.compile(r"\b(public|link|access|processor)-(sandbox|production)-[\w-]+")
_keys: dict[str, tuple[jwt.PyJWK, float]] = {}


def refuse(reason: str) -> Problem:
    return Problem(401, "webhook_not_verified", reason)


def key_of(key_id: str) -> jwt.PyJWK:
    key, until = _keys.get(key_id, (None, 0.0))
    if time.monotonic() < until:
        return key
    try:
        request = WebhookVerificationKeyGetRequest(key_id=key_id)
        found = plaid_client.client().webhook_verification_key_get(request).key
    except ApiException as error:
        if error.status == 400:
            raise refuse("Plaid has no such key.") from None
        raise
    if found.expired_at is not None:
        raise refuse("The key has expired.")
    key = jwt.PyJWK(found.to_dict(), algorithm="ES256")
    _keys[key_id] = key, time.monotonic() + KEY_KNOWN_FOR
    return key


def verify(token: str | None, body_hash: str) -> int:
    """When it was signed."""
    if not token:
        raise refuse("There is no signature.")
    try:
        header = jwt.get_unverified_header(token)
        if header["alg"] != "ES256":
            raise refuse("The algorithm is another one.")
        claims = jwt.decode(token, key_of(header["kid"]), algorithms=["ES256"])
        issued_at, signed_hash = claims["iat"], claims["request_body_sha256"]
    except (jwt.InvalidTokenError, KeyError) as error:
        raise refuse(type(error).__name__) from None
    if issued_at < time.time() - MAX_AGE:
        raise refuse("It is too old.")
    if not hmac.compare_digest(signed_hash, body_hash):
        raise refuse("The body is another one.")
    return issued_at


@handle
def handler(event: dict, line: dict) -> tuple[int, dict]:
    body = body_of(event)
    body_hash = hashlib.sha256(body).hexdigest()
    issued_at = verify(event["headers"].get("plaid-verification"), body_hash)
    text = body.decode()
    webhook = json.loads(text)
    known = {name: webhook.get(name) for name in ("webhook_type", "webhook_code", "item_id")}
    line |= known
    try:
        table.put_new({
            "pk": f"INBOX#{known['item_id'] or body_hash}",
            "sk": f"{issued_at}#{body_hash}",
            **known,
            "body": TOKENS.sub(r"\1-\2-...", text),
            "body_sha256": body_hash,
            "issued_at": issued_at * 1000,
            "received_at": int(time.time() * 1000),
            "stale": False,
            "expires_at": table.in_a_month(),
        })
    except table.Taken:
        # Plaid sent it before, and it is kept.
        pass
    return 200, {}
