"""The waits for an instance: until it answers `GET /ping`, and until its model is loaded.

Owns nothing that runs. `wait_healthy` asks the platform's question, which is all that the platform asks before
`InService`; a stack may answer it before the model is loaded, so `wait_loaded` asks the stack as well.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from deploy.core.waiting import wait_until
from harness.core.errors import ServiceDidNotStart, TimedOut
from harness.serving.instances.runtime import Instance
from harness.serving.stacks import Stack
from harness.serving.stacks.contract.logs import LoadFailure
from harness.serving.stacks.contract.ping import is_healthy

_LOG_LINES = 400


def wait_healthy(instance: Instance, timeout_seconds: float | None = None) -> None:
    """Return when the instance passes the ping health check; by default within its own startup time-out.

    Raises ServiceDidNotStart, with the last log lines, as soon as it has ended or when the time is over.
    """
    with httpx.Client(trust_env=False) as client:
        _wait(instance, timeout_seconds, "to pass the ping health check", lambda: is_healthy(instance.base_url, client))


def wait_loaded(instance: Instance, stack: Stack, timeout_seconds: float | None = None) -> None:
    """Return when the stack holds the model, so that a request is answered and not kept waiting.

    Raises ServiceDidNotStart as `wait_healthy` does, and as soon as the log says that the model cannot be loaded.
    """
    with httpx.Client(trust_env=False) as client:

        def attempt() -> bool:
            if (failure := _load_failure(instance, stack)) is not None:
                raise ServiceDidNotStart(
                    f"the container of {instance.spec.endpoint_name} cannot load its model: "
                    f"{_final_cause(instance, stack, failure)}; its log: {instance.spec.log_path}",
                    log_tail=instance.log_tail(),
                )
            return stack.is_loaded(instance.base_url, client)

        _wait(instance, timeout_seconds, "to load its model", attempt)


def _load_failure(instance: Instance, stack: Stack) -> LoadFailure | None:
    return stack.log.load_failure(instance.log_tail(_LOG_LINES))


def _final_cause(instance: Instance, stack: Stack, first: LoadFailure) -> str:
    """The cause may follow the first line that tells of the failure; the first stays when none follows in time."""

    def attempt() -> str | None:
        failure = _load_failure(instance, stack)
        return failure.cause if failure is not None and failure.is_final else None

    try:
        return wait_until(attempt, what="the cause in the log", timeout_seconds=stack.log.cause_delay_seconds)
    except TimedOut:
        return first.cause


def _wait(instance: Instance, timeout_seconds: float | None, purpose: str, attempt: Callable[[], bool]) -> None:
    spec = instance.spec

    def attempt_while_running() -> bool | None:
        if (end := instance.ended()) is not None:
            raise ServiceDidNotStart(
                f"the container of {spec.endpoint_name} {end.reason} before it was healthy; its log: {spec.log_path}",
                log_tail=instance.log_tail(),
            )
        return attempt() or None

    try:
        wait_until(
            attempt_while_running,
            what=f"{spec.endpoint_name}/{spec.variant_name} {purpose}",
            timeout_seconds=spec.startup_timeout_seconds if timeout_seconds is None else timeout_seconds,
            every_seconds=0.05,
        )
    except TimedOut as error:
        raise ServiceDidNotStart(f"{error}; its log: {spec.log_path}", log_tail=instance.log_tail()) from error
