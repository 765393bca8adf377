"""The restore of docs/deploy.md: a lost table, and a new stack that goes on where it was."""

import json
import os
import subprocess
from pathlib import Path

from api import User
from deployer import Deployer
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
    _expect("its processor token", token.get("accounts"), kept["accounts"])
    _expect("the removed Item", user.call("GET", gone).body.get("status"), "removed")
    user.break_at_plaid(kept["item_id"])
    user.wait_for_status(kept["item_id"], "login_required")
    _expect("a new link", user.link()["status"], "active")
    _expect("old events that were told again", _told_twice(old, new), [])
    deployer.say("the drill: tokens open, removed Items stay removed, webhooks arrive")
    return new


def _expect(what: str, found, wanted) -> None:
    if found != wanted:
        raise Failure(f"the drill: {what} is {found} and not {wanted}")


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
