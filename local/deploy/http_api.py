"""An HTTP API's OpenAPI body, written out as Authorizer, Integration and Route resources."""

from collections.abc import Iterator

from programs import Failure

API = "AWS::ApiGatewayV2::Api"
AUTHORIZATION = {"NONE": "NONE", "AWS_IAM": "AWS_IAM"}


def expand(template: dict) -> str:
    """Expands the API of the template; says what was made."""
    resources = template["Resources"]
    name, = (name for name, each in resources.items() if each["Type"] == API)
    properties = resources[name]["Properties"]
    body = properties.pop("Body")
    # In the spelling of the API, which the emulator wants here.
    cors = body["x-amazon-apigateway-cors"]
    properties |= {"Name": name, "ProtocolType": "HTTP", "CorsConfiguration": cors}
    made = _authorizers(name, body) | _routes(name, body)
    resources.update(made)
    return f"{len(made)} resources"


def _authorizers(api: str, body: dict) -> dict:
    schemes = body["components"]["securitySchemes"]
    return {f"{api}{scheme}Authorizer": _authorizer(api, scheme, definition)
            for scheme, definition in schemes.items() if scheme not in AUTHORIZATION}


def _authorizer(api: str, name: str, scheme: dict) -> dict:
    rule = scheme["x-amazon-apigateway-authorizer"]
    jwt = rule["jwtConfiguration"]
    return {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
        "ApiId": {"Ref": api}, "Name": name, "AuthorizerType": rule["type"].upper(),
        "IdentitySource": [rule["identitySource"]],
        "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]}}}


def _routes(api: str, body: dict) -> dict:
    made = {}
    for number, (path, method, operation, conditions) in enumerate(_operations(body)):
        integration = f"{api}Integration{number}"
        made[integration] = conditions | _integration(
            api, operation["x-amazon-apigateway-integration"])
        made[f"{api}Route{number}"] = conditions | _route(
            api, f"{method.upper()} {path}", integration, operation)
    return made


def _operations(body: dict) -> Iterator[tuple[str, str, dict, dict]]:
    """Each with what its resources are only there for: the condition of its function."""
    for path, methods in body["paths"].items():
        methods, _ = _without_condition(methods)
        for method, operation in methods.items():
            yield path, method, *_without_condition(operation)


def _without_condition(value: dict) -> tuple[dict, dict]:
    """SAM has a function with a condition be there, or no value."""
    if "Fn::If" not in value:
        return value, {}
    condition, there, otherwise = value["Fn::If"]
    if otherwise != {"Ref": "AWS::NoValue"}:
        raise Failure(f"a route without {condition} is {otherwise}")
    return there, {"Condition": condition}


def _integration(api: str, integration: dict) -> dict:
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
        "ApiId": {"Ref": api}, "IntegrationType": integration["type"].upper(),
        "IntegrationMethod": integration["httpMethod"], "IntegrationUri": integration["uri"],
        "PayloadFormatVersion": integration["payloadFormatVersion"]}}


def _route(api: str, key: str, integration: str, operation: dict) -> dict:
    # Without a security requirement a route would be open: there is no default here.
    requirement, = operation["security"]
    (scheme, scopes), = requirement.items()
    properties = {"ApiId": {"Ref": api}, "RouteKey": key,
                  "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
                  "AuthorizationType": AUTHORIZATION.get(scheme, "JWT")}
    if scheme not in AUTHORIZATION:
        properties["AuthorizerId"] = {"Ref": f"{api}{scheme}Authorizer"}
        properties["AuthorizationScopes"] = scopes
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}
