"""Between API Gateway's events and the functions: who calls, with what, and the answer."""

import base64
import json
import os
import time

from plaid import ApiException
from urllib3.exceptions import HTTPError


class Problem(Exception):
    """Why a caller does not get what it asked for."""

    def __init__(self, status: int, code: str, detail: str):
        super().__init__(detail)
        self.status, self.code = status, code


def plaid_code(error: ApiException) -> str:
    """Plaid's code of an error; its body holds no tokens."""
    try:
        return json.loads(error.body)["error_code"]
    except (KeyError, TypeError, ValueError):
        return "unintelligible"


def body_of(event: dict) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def json_of(event: dict) -> dict:
    try:
        return json.loads(body_of(event))
    except ValueError:
        raise Problem(400, "invalid_json", "The body is not valid JSON.") from None


def user_of(event: dict) -> str:
    try:
        return event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    except KeyError:
        raise Problem(401, "unauthenticated", "The caller is not signed in.") from None


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, ApiException):
        return Problem(503, "plaid_unavailable", plaid_code(error))
    if isinstance(error, HTTPError):
        return Problem(503, "plaid_unavailable", type(error).__name__)
    return Problem(500, "internal_error", type(error).__name__)


def _answer(status: int, media_type: str, body: dict) -> dict:
    return {"statusCode": status, "headers": {"content-type": media_type}, "body": json.dumps(body)}


def handle(work):
    """A handler that answers what `work` returns, and logs one line."""

    def handler(event, context):
        started, request_id = time.perf_counter(), context.aws_request_id
        line = {"level": "info", "function": os.environ["_HANDLER"], "request_id": request_id}
        try:
            status, body = work(event, line)
            response = _answer(status, "application/json", body)
        except Exception as error:
            problem = _problem_of(error)
            line["level"] = "warn" if problem.status < 500 else "error"
            line |= {"code": problem.code, "reason": str(problem)}
            body = {"status": problem.status, "code": problem.code, "detail": str(problem)}
            body["request_id"] = request_id
            response = _answer(problem.status, "application/problem+json", body)
        line["status"] = response["statusCode"]
        line["duration_ms"] = round((time.perf_counter() - started) * 1000, 2)
        print(json.dumps(line))
        return response

    return handler
