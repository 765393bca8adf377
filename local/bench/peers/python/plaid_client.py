"""Plaid's client, with the keys that Secrets Manager has."""

import json
import os
import time

import boto3
import plaid
from plaid.api.plaid_api import PlaidApi

FRESH_FOR = 5 * 60

_secrets = boto3.client("secretsmanager", region_name=os.environ["AWS_REGION"])
_host = os.environ.get("PLAID_BASE_URL") or {
    "sandbox": plaid.Environment.Sandbox,
    "production": plaid.Environment.Production,
}[os.environ["PLAID_ENVIRONMENT"]]
_kept = (None, 0.0)


def client() -> PlaidApi:
    """The client; its keys are read again after five minutes."""
    global _kept
    api, until = _kept
    if time.monotonic() < until:
        return api
    secret = _secrets.get_secret_value(SecretId=os.environ["PLAID_SECRET_ID"])["SecretString"]
    keys = json.loads(secret)
    configuration = plaid.Configuration(
        host=_host,
        api_key={"clientId": keys["client_id"], "secret": keys["secret"]},
        ssl_ca_cert=os.environ.get("SSL_CERT_FILE"))
    _kept = PlaidApi(plaid.ApiClient(configuration)), time.monotonic() + FRESH_FOR
    return _kept[0]


# Read while the function starts, not in the first request.
client()
