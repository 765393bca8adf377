"""template.yaml, and what AWS makes of it: SAM's resources as plain CloudFormation."""

import copy
import os
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

BUCKET = "code"
FUNCTION = "AWS::Serverless::Function"
# SAM needs to know the region; it asks nobody.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


class _NoManagedPolicies:
    """SAM looks managed policies up in the account; the template's roles have none."""

    def load(self) -> dict:
        return {}


def read(path: Path) -> dict:
    """The template as it is written, its short forms as their long ones."""
    return yaml_parse(path.read_text())


def packages(template: dict) -> list[str]:
    """The functions' packages."""
    return [Path(function["CodeUri"]).name for function in _functions(template)]


def translate(template: dict, parameters: dict[str, str]) -> dict:
    """Plain CloudFormation, with each function's code as PACKAGE.zip in the bucket."""
    template = copy.deepcopy(template)
    for function in _functions(template):
        function["CodeUri"] = f"s3://{BUCKET}/{Path(function['CodeUri']).name}.zip"
    values = {name: _as_aws_has_it(template["Parameters"][name], value)
              for name, value in parameters.items()}
    return transform(template, values, _NoManagedPolicies(), passthrough_metadata=True)


def _as_aws_has_it(parameter: dict, value: str) -> str | list[str]:
    return value.split(",") if parameter["Type"] == "CommaDelimitedList" else value


def _functions(template: dict) -> list[dict]:
    resources = template["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == FUNCTION]
