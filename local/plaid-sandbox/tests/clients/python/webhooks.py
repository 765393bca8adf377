"""A receiver of webhooks that believes only what Plaid signed, as Plaid's documentation advises.

https://plaid.com/docs/api/webhooks/webhook-verification/
"""

import hashlib
import hmac
import json
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import plaid
from plaid.api.plaid_api import PlaidApi
from plaid.model.webhook_verification_key_get_request import WebhookVerificationKeyGetRequest

PATIENCE = 20
MAX_AGE = 5 * 60


class Refused(Exception):
    """The webhook is not to be believed; the text says why."""


def verify(api: PlaidApi, token: str | None, body: bytes) -> None:
    """Fails unless Plaid signed exactly this body within the last five minutes."""
    if not token:
        raise Refused("there is no signature")
    header = jwt.get_unverified_header(token)
    if header["alg"] != "ES256":
        raise Refused(f"the algorithm is {header['alg']}")
    request = WebhookVerificationKeyGetRequest(key_id=header["kid"])
    key = api.webhook_verification_key_get(request).key
    claims = jwt.decode(token, jwt.PyJWK(key.to_dict()), algorithms=["ES256"])
    if claims["iat"] < time.time() - MAX_AGE:
        raise Refused("it is too old")
    if not hmac.compare_digest(claims["request_body_sha256"], hashlib.sha256(body).hexdigest()):
        raise Refused("the body is another one")


@dataclass
class Webhook:
    """What arrived, and why it is not believed."""

    body: dict
    refusal: str | None

    def is_about(self, code: str, item_id: str | None) -> bool:
        return self.body["webhook_code"] == code and self.body.get("item_id") == item_id


class Receiver:
    """Listens on a free port of this machine's loopback address."""

    def __init__(self, api: PlaidApi):
        self.api = api
        self.arrived: queue.Queue[Webhook] = queue.Queue()
        self.aside: list[Webhook] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks"

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refusal = receiver._refusal(self.headers["Plaid-Verification"], body)
                # 200 for the others too, or Plaid sends them again.
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.arrived.put(Webhook(json.loads(body), refusal))

            def log_message(self, *_) -> None:
                pass

        return Handler

    def _refusal(self, token: str | None, body: bytes) -> str | None:
        try:
            verify(self.api, token, body)
        except plaid.ApiException as error:
            return json.loads(error.body)["error_code"]
        except (Refused, jwt.InvalidTokenError) as error:
            return str(error)
        return None

    def next(self, code: str, item_id: str | None = None) -> Webhook:
        """The next webhook with this code, and about this Item; they come in no certain order."""
        for webhook in self.aside:
            if webhook.is_about(code, item_id):
                self.aside.remove(webhook)
                return webhook
        while not (webhook := self.arrived.get(timeout=PATIENCE)).is_about(code, item_id):
            self.aside.append(webhook)
        return webhook

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
