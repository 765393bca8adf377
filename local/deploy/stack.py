"""A deployment of the template: code, stack, the secret's value, and an ear at the bus."""

import json
import platform
import time

import functions
import simulator
import template as sam
from emulator import REGION, Emulator
from http_api import API
from programs import Failure

NAME = "e2e"
PATIENCE = 120
# A server of ours may call the API, and nothing else.
SERVER = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}


def parameters(overrides: dict[str, str]) -> dict[str, str]:
    """The template's parameters without a default, and those that are told."""
    machine = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    return {"AllowedOrigins": "http://127.0.0.1", "Architecture": machine, "ClientName": "Demo",
            **overrides}


class Stack:
    """The stack in the emulator."""

    def __init__(self, emulator: Emulator):
        self._emulator = emulator
        self._ears: list[dict] = []
        self._queue = ""

    def upload(self, packages: dict[str, bytes], template: dict) -> str:
        """Puts the code and the template into a bucket; gives the template's URL."""
        s3 = self._emulator.client("s3")
        s3.create_bucket(Bucket=sam.BUCKET)
        for name, data in packages.items():
            s3.put_object(Bucket=sam.BUCKET, Key=f"{name}.zip", Body=data)
        s3.put_object(Bucket=sam.BUCKET, Key="template.json", Body=json.dumps(template))
        return f"{self._emulator.url}/{sam.BUCKET}/template.json"

    def deploy(self, url: str, values: dict[str, str]) -> None:
        """Creates the stack; fails with what CloudFormation complains of."""
        client = self._emulator.client("cloudformation")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        client.create_stack(StackName=NAME, TemplateURL=url, Parameters=given,
                            Capabilities=["CAPABILITY_IAM"])
        end = time.monotonic() + PATIENCE
        while (status := self._describe(client)["StackStatus"]) == "CREATE_IN_PROGRESS":
            if time.monotonic() > end:
                raise Failure(f"the stack is not there after {PATIENCE} s")
            time.sleep(0.2)
        if status != "CREATE_COMPLETE":
            raise Failure(f"the stack is {status}:\n{self._complaints(client)}")

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        found = self._describe(self._emulator.client("cloudformation"))["Outputs"]
        return {each["OutputKey"]: each["OutputValue"] for each in found}

    def functions(self) -> list[dict]:
        """The functions' configurations."""
        return self._emulator.client("lambda").list_functions()["Functions"]

    def put_secret(self, secret_id: str) -> None:
        """What an operator does after deploying: Plaid's keys go into the secret."""
        client = self._emulator.client("secretsmanager")
        client.put_secret_value(SecretId=secret_id, SecretString=json.dumps(simulator.KEYS))

    def servers_keys(self) -> dict[str, str]:
        """The credentials of a server of ours, which may call the API and nothing else."""
        iam = self._emulator.client("iam")
        iam.create_user(UserName="server")
        iam.put_user_policy(UserName="server", PolicyName="api", PolicyDocument=json.dumps(SERVER))
        key = iam.create_access_key(UserName="server")["AccessKey"]
        return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"],
                "region": REGION}

    def give_domain(self, name: str) -> None:
        """Gives the API a domain of its own, as an operator does with WebhookBaseUrl."""
        cloudformation, api = (self._emulator.client(each)
                               for each in ("cloudformation", "apigatewayv2"))
        found = cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
        api_id, = (each["PhysicalResourceId"] for each in found if each["ResourceType"] == API)
        api.create_domain_name(DomainName=name, DomainNameConfigurations=[{"CertificateArn": "none"}])
        api.create_api_mapping(DomainName=name, ApiId=api_id, Stage="$default")

    def listen(self, bus: str) -> None:
        """Has everything that is put on the bus sent to a queue, as a customer would."""
        sqs, events = (self._emulator.client(name) for name in ("sqs", "events"))
        self._queue = sqs.create_queue(QueueName="ear")["QueueUrl"]
        wanted = {"QueueUrl": self._queue, "AttributeNames": ["QueueArn"]}
        arn = sqs.get_queue_attributes(**wanted)["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": [{"prefix": ""}]})
        events.put_rule(Name="ear", EventBusName=bus, EventPattern=pattern)
        events.put_targets(Rule="ear", EventBusName=bus, Targets=[{"Id": "ear", "Arn": arn}])

    def events(self) -> list[dict]:
        """Everything that was heard on the bus so far."""
        sqs = self._emulator.client("sqs")
        while found := sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10,
                                           WaitTimeSeconds=0).get("Messages"):
            for message in found:
                self._ears.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._ears

    def _describe(self, client) -> dict:
        return client.describe_stacks(StackName=NAME)["Stacks"][0]

    def _complaints(self, client) -> str:
        events = client.describe_stack_events(StackName=NAME)["StackEvents"]
        return "\n".join(f"{each['LogicalResourceId']}: {each['ResourceStatusReason']}"
                         for each in events if "FAILED" in each["ResourceStatus"])
