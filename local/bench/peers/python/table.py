"""The one table."""

import os
import time

import boto3
from boto3.dynamodb.types import TypeSerializer

MONTH = 30 * 24 * 3600

NAME = os.environ["TABLE_NAME"]
dynamodb = boto3.client("dynamodb", region_name=os.environ["AWS_REGION"])
Taken = dynamodb.exceptions.ConditionalCheckFailedException
_serialize = TypeSerializer().serialize


def now() -> int:
    return int(time.time())


def in_a_month() -> int:
    return now() + MONTH


def row(values: dict) -> dict:
    """The values as DynamoDB takes them, without those that are missing."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def put_new(values: dict) -> None:
    """Fails with `Taken` if there is a record with this key."""
    condition = "attribute_not_exists(pk)"
    dynamodb.put_item(TableName=NAME, Item=row(values), ConditionExpression=condition)
