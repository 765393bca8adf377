"""POST /v1/items: from Link's public token to an Item and a processor token."""

import hashlib
import os

from plaid import ApiException
from plaid.model.accounts_get_request import AccountsGetRequest
from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
from plaid.model.item_remove_request import ItemRemoveRequest
from plaid.model.processor_token_create_request import ProcessorTokenCreateRequest

import plaid_client
import table
from api import Problem, handle, json_of, plaid_code, user_of
from vault import DataKey

PROCESSOR = os.environ["PROCESSOR"]
PREFIX = f"public-{os.environ['PLAID_ENVIRONMENT']}-"
# Seconds; longer than an invocation may take.
LEASE = 30
FREE = "attribute_not_exists(pk) OR (step = :claimed AND lease_until < :now)"
FIELDS = ("name", "mask", "type", "subtype", "verification_status")


def read(event: dict) -> dict:
    request = json_of(event)
    if not str(request.get("public_token")).startswith(PREFIX):
        raise Problem(400, "invalid_field", "public_token is not one of this environment.")
    return request


def accounts_of(api, access_token: str, request: dict) -> list[dict]:
    """As the browser tells them; Plaid is asked only if it tells none."""
    if hints := request.get("accounts"):
        return [{"account_id": hint["id"], **hint} for hint in hints]
    return api.accounts_get(AccountsGetRequest(access_token=access_token)).to_dict()["accounts"]


def choose(accounts: list[dict], account_id: str | None) -> dict:
    """The account that was named, or the only one there is."""
    usable = [account for account in accounts if account.get("type") == "depository"]
    if account_id:
        usable = [account for account in usable if account["account_id"] == account_id]
    if len(usable) != 1:
        raise Problem(422, "unknown_account", "Name one of the checking accounts.")
    return usable[0]


def claim(key: dict, user: str) -> None:
    """Whoever holds the claim may exchange. One that was never finished ends by itself."""
    now = table.now()
    lease = {"step": "claimed", "created_at": now, "lease_until": now + LEASE}
    record = {**key, "user_id": user, **lease, "expires_at": table.in_a_month()}
    try:
        table.dynamodb.put_item(
            TableName=table.NAME,
            Item=table.row(record),
            ConditionExpression=FREE,
            ExpressionAttributeValues=table.row({":claimed": "claimed", ":now": now}))
    except table.Taken:
        raise Problem(409, "exchange_in_progress", "This public token was sent before.") from None


def exchange(api, key: dict, public_token: str):
    try:
        request = ItemPublicTokenExchangeRequest(public_token=public_token)
        return api.item_public_token_exchange(request)
    except ApiException as error:
        # Plaid said no: nothing was made, and the token may be tried again.
        table.dynamodb.delete_item(TableName=table.NAME, Key=table.row(key))
        if plaid_code(error) != "INVALID_PUBLIC_TOKEN":
            raise
        raise Problem(422, "public_token_refused", "Plaid refused the public token.") from None


def record(key: dict, user: str, made, institution, account: dict, token: str, sealing: DataKey):
    owner, item_id, account_id = f"OWNER#{user}", made.item_id, account["account_id"]
    place = f"{owner}/{item_id}"
    common = {"pk": owner, "item_id": item_id, "wrapped_key": sealing.wrapped,
              "created_at": table.now()}
    rows = [
        {
            **common,
            "sk": f"ITEM#{item_id}",
            "status": "active",
            "institution": institution,
            "access_token": sealing.seal(made.access_token, f"{place}/access_token"),
        },
        {
            **common,
            "sk": f"ACCOUNT#{item_id}#{account_id}",
            **account,
            "processor": PROCESSOR,
            "processor_token": sealing.seal(token, f"{place}/{account_id}/processor_token"),
        },
    ]
    puts = [{"Put": {"TableName": table.NAME, "Item": table.row(values)}} for values in rows]
    finish = {
        "TableName": table.NAME,
        "Key": table.row(key),
        "UpdateExpression": "SET step = :finished",
        "ConditionExpression": "step = :claimed",
        "ExpressionAttributeValues": table.row({":finished": "finished", ":claimed": "claimed"}),
    }
    table.dynamodb.transact_write_items(TransactItems=[*puts, {"Update": finish}])


def settle(api, key: dict, user: str, made, request: dict, sealing: DataKey) -> dict:
    accounts = accounts_of(api, made.access_token, request)
    account = choose(accounts, request.get("account_id"))
    known = {name: account.get(name) for name in ("account_id", *FIELDS)}
    token = api.processor_token_create(ProcessorTokenCreateRequest(
        access_token=made.access_token,
        account_id=known["account_id"],
        processor=PROCESSOR)).processor_token
    record(key, user, made, request.get("institution"), known, token, sealing)
    return {**known, "status": "ready", "processor_token": token}


def undo(api, made, line: dict) -> None:
    """An Item that nobody knows must not live on at Plaid."""
    try:
        api.item_remove(ItemRemoveRequest(access_token=made.access_token))
    except Exception as error:
        line["orphan"] = type(error).__name__


@handle
def handler(event: dict, line: dict) -> tuple[int, dict]:
    user, request = user_of(event), read(event)
    digest = hashlib.sha256(request["public_token"].encode()).hexdigest()
    key = {"pk": f"EXCHANGE#{digest}", "sk": "EXCHANGE"}
    api, sealing = plaid_client.client(), DataKey()
    claim(key, user)
    made = exchange(api, key, request["public_token"])
    line |= {"item_id": made.item_id, "plaid_request_id": made.request_id}
    try:
        account = settle(api, key, user, made, request, sealing)
    except Exception:
        undo(api, made, line)
        raise
    return 201, {
        "item_id": made.item_id,
        "status": "active",
        "institution": request.get("institution"),
        "accounts": [account],
        "processor": PROCESSOR,
    }
