"""The restore of docs/deploy.md: a lost table, and a new stack that goes on where it was."""

import json
import os
import subprocess
from pathlib import Path

from api import User, get
from deployer import Deployer, Parts
from emulator import REGION, Emulator
from programs import Failure
from stack import Stack

RESTORED = "restored"


def run(deployer: Deployer, old: Stack, program: Path) -> Stack:
    """Goes through it; fails with what is not as before. Gives the new stack."""
    user = User(deployer.parts, "olivia")
    kept, removed = user.link(), user.link()
    path, gone = (f"/v1/items/{item['item_id']}" for item in (kept, removed))
    _expect("the removal", user.call("DELETE", gone).status, 204)
    connection = user.connect_astra()
    handed_over = user.wait_for_astra(kept["item_id"])

    deployer.say("the drill: the stack is stopped, its table restored beside it")
    old.stop()
    # API Gateway says 503 where the emulator says 429.
    _expect("a stopped stack at work", user.call("GET", path).status in (429, 503), True)
    old.restore_table(RESTORED)
    new = deployer.deploy("restored", ExistingTokenKeyArn=old.outputs()["TokenKeyArn"])
    _expect("the token key", new.outputs()["TokenKeyArn"], old.outputs()["TokenKeyArn"])
    _expect("the new table", user.call("GET", path).status, 404)
    _copy(deployer.parts.aws, program, new.outputs()["TableName"])

    again = user.call("POST", f"{path}/refresh", {})
    _expect("a restored Item at Plaid", (again.status, again.body.get("status")), (200, "active"))
    account = {"account_id": kept["accounts"][0]["account_id"]}
    token = user.call("POST", f"{path}/processor-tokens", account).body
    _expect("its processor token", _tokens(token), _tokens(kept))
    _expect("the connection", user.call("GET", "/v1/astra/connections").body, connection)
    _expect("the removed Item", user.call("GET", gone).body.get("status"), "removed")
    user.break_at_plaid(kept["item_id"])
    user.wait_for_status(kept["item_id"], "login_required")
    _expect("a new link", User(deployer.parts, "oscar").link()["status"], "active")
    _expect("accounts at Astra", len(_at_astra(deployer.parts, handed_over)), 1)
    _expect("the last removal", user.call("DELETE", path).status, 204)
    _expect("accounts at Astra after it", len(_at_astra(deployer.parts, handed_over)), 0)
    _expect("old events that were told again", _told_twice(old, new), [])
    deployer.say("the drill: tokens open, removed Items stay removed, webhooks and Astra are there")
    return new


def _expect(what: str, found, wanted) -> None:
    if found != wanted:
        raise Failure(f"the drill: {what} is {found} and not {wanted}")


def _tokens(item: dict) -> list[str]:
    return [account["processor_token"] for account in item.get("accounts", [])]


def _at_astra(parts: Parts, item: dict) -> set[str]:
    """The Item's accounts that Astra has."""
    there = get(f"{parts.astra.url}/simulator/accounts")["accounts"]
    told = {account["at_astra"]["astra_account_id"] for account in item["accounts"]}
    return told & {account["id"] for account in there}


def _copy(aws: Emulator, program: Path, table: str) -> None:
    """`cargo local restore`, with the credentials of somebody who may do this and no more."""
    may = [("dynamodb:Scan", RESTORED), ("dynamodb:PutItem", table)]
    keys = aws.user("restorer", {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:dynamodb:*:*:table/{name}"}
        for action, name in may]})
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws.url,
                   "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}
    command = [str(program), "restore", "--from", RESTORED, "--to", table]
    if subprocess.run(command, env=environment).returncode != 0:
        raise Failure("the drill: the table was not copied")


def _told_twice(old: Stack, new: Stack) -> list[str]:
    ids = [{json.dumps(event["detail"]["event_id"]) for event in stack.events()}
           for stack in (old, new)]
    return sorted(ids[0] & ids[1])
