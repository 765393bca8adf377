"""An identity provider with a real RSA key: OpenID configuration, key set, and tokens."""

import base64
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

AUDIENCE = "deployed"
LIFETIME = 3600


class Issuer:
    """Signs tokens. Its key ends with the process."""

    def __init__(self, url: str):
        self.url = url
        self._key = _new_key()
        self._key_id = uuid.uuid4().hex

    def documents(self) -> dict[str, dict]:
        """What anybody may read, by path."""
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._key_id,
               "n": _number(public.n), "e": _number(public.e)}
        keys = f"{self.url}/.well-known/jwks.json"
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": keys},
            "/.well-known/jwks.json": {"keys": [key]},
        }

    def good_token(self, user_id: str) -> str:
        """A token as the API wants it."""
        return self._sign(self._claims(user_id))

    def bad_tokens(self, user_id: str) -> dict[str, str]:
        """Tokens that are good but for one thing, by what that is."""
        good, now = self._claims(user_id), int(time.time())
        return {
            "expired": self._sign(good | {"iat": now - 7200, "nbf": now - 7200, "exp": now - 3600}),
            "not valid yet": self._sign(good | {"nbf": now + 3600}),
            "for somebody else": self._sign(good | {"aud": "another"}),
            "by somebody else": self._sign(good | {"iss": f"{self.url}/another"}),
            "signed with another key": self._sign(good, _new_key()),
            "signed by nobody": _part({"alg": "none", "kid": self._key_id}) + "." + _part(good) + ".",
        }

    def _claims(self, user_id: str) -> dict:
        now = int(time.time())
        return {"sub": user_id, "iss": self.url, "aud": AUDIENCE, "iat": now, "nbf": now,
                "exp": now + LIFETIME}

    def _sign(self, claims: dict, key: rsa.RSAPrivateKey | None = None) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key_id}
        signed = f"{_part(header)}.{_part(claims)}"
        signature = (key or self._key).sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _part(value: dict) -> str:
    return _base64(json.dumps(value).encode())


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
