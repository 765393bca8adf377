"""The condition keys of KMS and DynamoDB that the template's policies ask for."""

import json
import re

from ministack.core import iam_actions

# The partition key comes with an equals sign: pk = :pk.
EQUALS = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


def encryption_context(request: dict) -> dict:
    """`kms:EncryptionContext:NAME` for each entry."""
    context = request.get("EncryptionContext", {})
    return {f"kms:EncryptionContext:{name}": value for name, value in context.items()}


def leading_keys(request: dict) -> dict:
    """`dynamodb:LeadingKeys`: the partition keys of all records that are asked for."""
    parts = [request, *(part for step in request.get("TransactItems", []) for part in step.values())]
    keys = [key for part in parts for key in _leading_keys_of(part)]
    return {"dynamodb:LeadingKeys": keys} if keys else {}


def _leading_keys_of(request: dict) -> list[str]:
    for record in (request.get("Key"), request.get("Item")):
        if record and "pk" in record:
            return [record["pk"]["S"]]
    if equals := EQUALS.search(request.get("KeyConditionExpression", "")):
        return [request["ExpressionAttributeValues"][equals[2]]["S"]]
    return []


def _with_more_keys(known):
    """The condition keys that ministack makes of a request, and ours."""
    more = {"kms": encryption_context, "dynamodb": leading_keys}

    def keys(service, action, body, parameters):
        found = known(service, action, body, parameters)
        return found | more[service](json.loads(body)) if service in more and body else found

    return keys


def install() -> None:
    """Has requests carry them from now on."""
    iam_actions.request_tag_context = _with_more_keys(iam_actions.request_tag_context)
