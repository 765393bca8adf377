"""What the emulator cannot do, and what the template becomes for it. Each with its reason."""

# Left out: a type, the property that makes the difference if one does, and why.
LEFT_OUT = (
    ("AWS::Events::Archive", None, "the emulator has no archives"),
    ("AWS::CloudWatch::Alarm", "Metrics", "the emulator's alarms know no metric math"),
)


def adapt(template: dict) -> list[str]:
    """Changes the template in place; says what it changed."""
    return [
        *_leave_out(template["Resources"]),
        *_name_secrets_by_arn(template),
    ]


def _leave_out(resources: dict) -> list[str]:
    told = []
    for kind, member, reason in LEFT_OUT:
        for name, each in list(resources.items()):
            if each["Type"] == kind and (member is None or member in each["Properties"]):
                del resources[name]
                told.append(f"{name} is left out: {reason}")
    return told


def _name_secrets_by_arn(template: dict) -> list[str]:
    """AWS's Ref of a secret is its ARN, the emulator's is its name."""
    resources = template["Resources"]
    secrets = {name for name, each in resources.items()
               if each["Type"] == "AWS::SecretsManager::Secret"}

    def by_arn(value):
        if isinstance(value, dict) and value.get("Ref") in secrets:
            return {"Fn::GetAtt": [value["Ref"], "Id"]}
        return value

    for part in ("Resources", "Outputs"):
        template[part] = _replaced(template.get(part, {}), by_arn)
    return [f"Ref of {name} became its ARN: the emulator gives its name" for name in secrets]


def _replaced(value, change):
    """The value with a change made everywhere inside it."""
    value = change(value)
    if isinstance(value, dict):
        return {key: _replaced(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, change) for inner in value]
    return value
