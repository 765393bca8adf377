"""Lambda's own report of an invocation, in the log of a function that logs JSON.

lambda/latest/dg/telemetry-schema-reference.html of docs.aws.amazon.com, `platform.report`."""

import json
import time
from datetime import datetime, timezone

from ministack.core.lambda_runtime import ProvidedWorker


def install() -> None:
    """Has it written from now on."""
    ProvidedWorker._spawn = _timed(ProvidedWorker._spawn)
    ProvidedWorker.invoke = _reported(ProvidedWorker.invoke)


def _timed(spawn):
    """Until the program asks for its first event: the init phase."""
    def timed(worker, *arguments, **more):
        begun = time.monotonic()
        spawn(worker, *arguments, **more)
        worker.init_ms = _milliseconds_since(begun)

    return timed


def _reported(invoke):
    def reported(worker, event, request_id, **more):
        begun = time.monotonic()
        result = invoke(worker, event, request_id, **more)
        metrics = {"durationMs": _milliseconds_since(begun)}
        if result["cold_start"]:
            metrics = {"durationMs": max(0.0, metrics["durationMs"] - worker.init_ms),
                       "initDurationMs": worker.init_ms}
        status = "success" if result["status"] == "ok" else "error"
        report = {"time": datetime.now(timezone.utc).isoformat(), "type": "platform.report",
                  "record": {"requestId": request_id, "status": status, "metrics": metrics}}
        result["log"] = "\n".join(filter(None, [result["log"], json.dumps(report)]))
        return result

    return reported


def _milliseconds_since(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000, 3)
