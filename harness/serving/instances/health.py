"""Whether an instance answers `GET /ping`, whether its model is loaded, and the waits for either.

Owns nothing that runs. `wait_healthy` is the platform's question and all that it asks before `InService`; TorchServe
answers it before the model is loaded, so `wait_loaded` asks further.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from harness.core.errors import ServiceDidNotStart, TimedOut
from harness.core.waiting import wait_until
from harness.serving.instances.runtime import Instance
from harness.serving.stacks.torchserve.log import DIED, load_failure

PING_TIMEOUT_SECONDS = 2.0
"""The platform's. Source: AWS developer guide, "Use your own inference code with hosting services"."""
_LOG_LINES = 400
_CAUSE_TIMEOUT_SECONDS = 1.0
_MODEL_NAME = "model"
"""The toolkit's name for the one model of a container."""


def is_healthy(base_url: str, client: httpx.Client) -> bool:
    try:
        return client.get(f"{base_url}/ping", timeout=PING_TIMEOUT_SECONDS).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def is_loaded(base_url: str, client: httpx.Client) -> bool:
    """Whether a worker of TorchServe holds the model; of a server without its management API, whether it is healthy."""
    try:
        answer = client.get(f"{base_url}/models/{_MODEL_NAME}", timeout=PING_TIMEOUT_SECONDS)
    except httpx.HTTPError:
        return False
    if answer.status_code != httpx.codes.OK:
        return is_healthy(base_url, client)
    return any(worker["status"] == "READY" for version in answer.json() for worker in version["workers"])


def wait_healthy(instance: Instance, timeout_seconds: float | None = None) -> None:
    """Return when the instance passes the ping health check; by default within its own startup time-out.

    Raises ServiceDidNotStart, with the last log lines, as soon as it has ended or when the time is over.
    """
    with httpx.Client(trust_env=False) as client:
        _wait(instance, timeout_seconds, "to pass the ping health check", lambda: is_healthy(instance.base_url, client))


def wait_loaded(instance: Instance, timeout_seconds: float | None = None) -> None:
    """Return when a worker holds the model, so that a request is answered and not kept waiting.

    Raises ServiceDidNotStart as `wait_healthy` does, and as soon as the log says that the model cannot be loaded.
    """
    with httpx.Client(trust_env=False) as client:

        def attempt() -> bool:
            if load_failure(instance.log_tail(_LOG_LINES)) is not None:
                raise ServiceDidNotStart(
                    f"the container of {instance.spec.endpoint_name} cannot load its model: {_cause(instance)}; "
                    f"its log: {instance.spec.log_path}",
                    log_tail=instance.log_tail(),
                )
            return is_loaded(instance.base_url, client)

        _wait(instance, timeout_seconds, "to load its model", attempt)


def _cause(instance: Instance) -> str:
    """The traceback may follow the news of the death by some lines."""

    def attempt() -> str | None:
        cause = load_failure(instance.log_tail(_LOG_LINES))
        return None if cause == DIED else cause

    try:
        return wait_until(attempt, what="the cause in the log", timeout_seconds=_CAUSE_TIMEOUT_SECONDS)
    except TimedOut:
        return DIED


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
