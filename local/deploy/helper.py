"""What a test asks beside the API, on the paths that `cargo local` has for it too."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from issuer import Issuer


class Helper:
    """The identity provider and the ear at the event bus, on one loopback port."""

    def __init__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.issuer = Issuer(self.url)
        self._server.issuer = self.issuer
        self._server.events = lambda: []
        self._server.servers_keys = {}
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def knows(self, events, servers_keys: dict) -> None:
        """Where events are heard, and what a server of ours signs with."""
        self._server.events, self._server.servers_keys = events, servers_keys

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/dev/events":
            heard = enumerate(self.server.events(), 1)
            return self._answer([{"number": number, "event": event} for number, event in heard])
        document = self.server.issuer.documents().get(path)
        return self._answer(document) if document else self._answer({}, 404)

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        login = json.loads(self.rfile.read(length) or b"{}")
        issuer = self.server.issuer
        match self.path, login:
            case "/dev/login", {"server": True}:
                self._answer(self.server.servers_keys)
            case "/dev/login", {"user_id": user_id}:
                self._answer({"token": issuer.good_token(user_id)})
            case "/dev/bad-tokens", {"user_id": user_id}:
                self._answer(issuer.bad_tokens(user_id))
            case _:
                self._answer({}, 404)

    def _answer(self, value, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""
