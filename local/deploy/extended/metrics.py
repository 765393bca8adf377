"""The metrics that AWS's services publish of themselves and that ministack does not.

apigateway/latest/developerguide/http-api-metrics.html,
lambda/latest/dg/monitoring-metrics-types.html of docs.aws.amazon.com."""

import time

from ministack.services import apigateway, cloudwatch, lambda_svc


def install() -> None:
    """Has requests to an API and invocations be counted from now on."""
    apigateway.handle_execute = _counting_requests(apigateway.handle_execute)
    lambda_svc._execute_function_dispatch = _counting_invocations(
        lambda_svc._execute_function_dispatch)


def _counting_requests(execute):
    async def counted(api_id, *arguments, **more):
        begun = time.time()
        answer = await execute(api_id, *arguments, **more)
        dimensions = {"ApiId": api_id}

        def tell(name, value, unit="Count"):
            cloudwatch.record_metric("AWS/ApiGateway", name, value, unit, dimensions)

        tell("Count", 1)
        tell("4xx", int(400 <= answer[0] < 500))
        tell("5xx", int(answer[0] >= 500))
        tell("Latency", (time.time() - begun) * 1000, "Milliseconds")
        return answer

    return counted


def _counting_invocations(dispatch):
    def counted(function, config, event, *arguments):
        begun = time.time()
        dimensions = {"FunctionName": config["FunctionName"]}

        def tell(name, milliseconds):
            cloudwatch.record_metric("AWS/Lambda", name, milliseconds, "Milliseconds", dimensions)

        if (age := _iterator_age(event, begun)) is not None:
            tell("IteratorAge", age)
        result = dispatch(function, config, event, *arguments)
        # The others are counted: those by way of Lambda's own API.
        if isinstance(event, dict) and "routeKey" in event:
            tell("Duration", (time.time() - begun) * 1000)
        return result

    return counted


def _iterator_age(event: dict, now: float) -> float | None:
    """How old the last record of a stream's batch is, in milliseconds."""
    records = event.get("Records", []) if isinstance(event, dict) else []
    if not records or records[-1].get("eventSource") != "aws:dynamodb":
        return None
    return max(0.0, now - records[-1]["dynamodb"]["ApproximateCreationDateTime"]) * 1000
