"""Seals tokens with AES-256-GCM under data keys of KMS."""

import os

import boto3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_kms = boto3.client("kms", region_name=os.environ["AWS_REGION"])


class DataKey:
    """A key for what belongs together; in clear only as long as this object lives."""

    def __init__(self):
        generated = _kms.generate_data_key(
            KeyId=os.environ["TOKEN_KEY_ID"],
            KeySpec="AES_256",
            EncryptionContext={"vault": os.environ["VAULT_ID"], "purpose": "access"})
        self._cipher = AESGCM(generated["Plaintext"])
        self.wrapped = generated["CiphertextBlob"]

    def seal(self, text: str, place: str) -> bytes:
        """Nonce, ciphertext and tag; opens only where it was sealed for."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())
