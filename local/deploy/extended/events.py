"""Functions get a bus's events as all asynchronous invocations: what fails is tried again, and what is
given up goes where the function's configuration says. ministack does so for other callers only.

lambda/latest/dg/invocation-async-error-handling.html of docs.aws.amazon.com."""

import json

from ministack.services import eventbridge, lambda_svc


def install() -> None:
    """Has events come to functions like that from now on."""
    eventbridge._dispatch_to_lambda = _invoke


def _invoke(arn: str, payload: str) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        raise LookupError(f"there is no function {name}")
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
