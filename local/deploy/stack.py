"""A deployment of the template: code, stack, the secrets' values, and an ear at the bus."""

import json
import platform
import time

import functions
import template as sam
from emulator import REGION, Emulator
from http_api import API
from programs import Failure

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
    """A stack in the emulator."""

    def __init__(self, emulator: Emulator, name: str):
        self._emulator, self.name = emulator, name
        self._ears: list[dict] = []
        self._queue = ""

    def upload(self, packages: dict[str, bytes], template: dict) -> str:
        """Puts the code and the template into a bucket; gives the template's URL."""
        s3 = self._emulator.client("s3")
        # It is there already for a second stack, and that is no error in this region.
        s3.create_bucket(Bucket=sam.BUCKET)
        for name, data in packages.items():
            s3.put_object(Bucket=sam.BUCKET, Key=f"{name}.zip", Body=data)
        s3.put_object(Bucket=sam.BUCKET, Key="template.json", Body=json.dumps(template))
        return f"{self._emulator.url}/{sam.BUCKET}/template.json"

    def deploy(self, url: str, values: dict[str, str]) -> None:
        """Creates the stack; fails with what CloudFormation complains of."""
        client = self._emulator.client("cloudformation")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        client.create_stack(StackName=self.name, TemplateURL=url, Parameters=given,
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
        names = self._physical_ids("AWS::Lambda::Function")
        client = self._emulator.client("lambda")
        return [client.get_function_configuration(FunctionName=name) for name in names]

    def physical_id(self, logical: str) -> str:
        """What a resource of the template is called here."""
        found = self._emulator.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def stop(self) -> None:
        """Lets none of its functions run any more."""
        for name in self._physical_ids("AWS::Lambda::Function"):
            self.rest(name)

    def rest(self, function: str) -> None:
        """Lets a function not run until it is woken."""
        client = self._emulator.client("lambda")
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    def wake(self, function: str) -> None:
        """Lets it run again."""
        self._emulator.client("lambda").delete_function_concurrency(FunctionName=function)

    def start_anew(self, function: str) -> None:
        """Has its next invocation be a new sandbox's first."""
        client = self._emulator.client("lambda")
        memory = client.get_function_configuration(FunctionName=function)["MemorySize"]
        client.update_function_configuration(FunctionName=function, MemorySize=memory)
        client.get_waiter("function_updated_v2").wait(FunctionName=function)

    def give_records_up_after(self, seconds: int) -> None:
        """Has its functions' mappings give up records of the stream that are as old as this."""
        client = self._emulator.client("lambda")
        for mapping in self._physical_ids("AWS::Lambda::EventSourceMapping"):
            client.update_event_source_mapping(UUID=mapping, MaximumRecordAgeInSeconds=seconds)

    def provision(self, table: str, units: int | None) -> None:
        """Gives a table so much capacity a second, or as much as is asked for."""
        capacity = {"BillingMode": "PAY_PER_REQUEST"} if units is None else {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": units, "WriteCapacityUnits": units}}
        self._emulator.client("dynamodb").update_table(TableName=table, **capacity)

    def messages(self, queue: str) -> int:
        """How many there are to be had from a queue."""
        wanted = {"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]}
        found = self._emulator.client("sqs").get_queue_attributes(**wanted)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])

    def restore_table(self, name: str) -> None:
        """Restores its table, as it is now, beside it."""
        self._emulator.client("dynamodb").restore_table_to_point_in_time(
            SourceTableName=self.outputs()["TableName"], TargetTableName=name,
            UseLatestRestorableTime=True)

    def put_secret(self, secret_id: str, keys: dict[str, str]) -> None:
        """What an operator does after deploying: keys go into their secret."""
        client = self._emulator.client("secretsmanager")
        client.put_secret_value(SecretId=secret_id, SecretString=json.dumps(keys))

    def servers_keys(self) -> dict[str, str]:
        """The credentials of a server of ours, which may call the API and nothing else."""
        key = self._emulator.user("server", SERVER)
        return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"],
                "region": REGION}

    def take_domain(self, name: str) -> None:
        """Lets a domain lead to its API, as an operator does with WebhookBaseUrl."""
        api = self._emulator.client("apigatewayv2")
        if name not in [each["DomainName"] for each in api.get_domain_names()["Items"]]:
            configuration = [{"CertificateArn": "none"}]
            api.create_domain_name(DomainName=name, DomainNameConfigurations=configuration)
        for mapping in api.get_api_mappings(DomainName=name)["Items"]:
            api.delete_api_mapping(DomainName=name, ApiMappingId=mapping["ApiMappingId"])
        api_id, = self._physical_ids(API)
        api.create_api_mapping(DomainName=name, ApiId=api_id, Stage="$default")

    def tell(self, kind: str, detail: dict) -> None:
        """Puts an event on its bus, as its functions do."""
        self._emulator.client("events").put_events(Entries=[{
            "EventBusName": self.outputs()["EventBusName"], "Source": "plaid-link",
            "DetailType": kind, "Detail": json.dumps(detail)}])

    def listen(self, bus: str) -> None:
        """Has everything that is put on the bus sent to a queue, as a customer would."""
        sqs, events = (self._emulator.client(name) for name in ("sqs", "events"))
        self._queue = sqs.create_queue(QueueName=f"ear-{self.name}")["QueueUrl"]
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

    def _physical_ids(self, kind: str) -> list[str]:
        client = self._emulator.client("cloudformation")
        found = client.describe_stack_resources(StackName=self.name)["StackResources"]
        return [each["PhysicalResourceId"] for each in found if each["ResourceType"] == kind]

    def _describe(self, client) -> dict:
        return client.describe_stacks(StackName=self.name)["Stacks"][0]

    def _complaints(self, client) -> str:
        events = client.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(f"{each['LogicalResourceId']}: {each['ResourceStatusReason']}"
                         for each in events if "FAILED" in each["ResourceStatus"])
