"""Derives the serving container's environment: the handler's settings, and those of the serving stack.

May not: read the process environment; the container's environment depends on the project alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from deploy.config import Project
from deploy.core.errors import ConfigurationError

_LOG_LEVELS = {"DEBUG": "10", "INFO": "20", "WARNING": "30", "ERROR": "40"}
_MAX_ENTRIES = 100
_MAX_LENGTH = 1024


def container_environment(project: Project) -> Mapping[str, str]:
    """`Environment` of CreateModel. Raises ConfigurationError for settings the stack would ignore or SageMaker refuse.

    TorchServe's own limits must be at least SageMaker's: by default it refuses inputs above 6.5 MB and ends requests
    after 60 s.
    The toolkit writes SAGEMAKER_MODEL_SERVER_TIMEOUT into TorchServe's configuration, TS_DEFAULT_RESPONSE_TIMEOUT
    overrides that, and a per-model block overrides both: the toolkit writes such a block with a response timeout of
    60 s and one worker as soon as any SAGEMAKER_TS_* variable is set (ts_environment.py of sagemaker-pytorch-inference
    2.0.25), so then SAGEMAKER_TS_RESPONSE_TIMEOUT and the numbers of workers are set too.
    Workers share the cores, and OpenMP spins while it waits for a core that another worker has, unless it is told
    before torch is loaded; with GNU's libgomp, which torch's wheels have, OMP_WAIT_POLICY does that.
    """
    handler = {name: _spelled(value) for name, value in project.handler.environment.items()}
    stack = _stack_environment(project)
    if any(name.startswith("SAGEMAKER_TS_") for name in handler):
        handler = {**_model_block(project), **handler}
    if project.container.workers > 1:
        handler.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _check(project, handler, stack)
    return dict(sorted({**stack, **handler}.items()))


def _stack_environment(project: Project) -> Mapping[str, str]:
    invocation_timeout = str(project.endpoint.invocation_timeout_seconds)
    payload = str(project.endpoint.max_payload_bytes)
    return {
        "SAGEMAKER_CONTAINER_LOG_LEVEL": _LOG_LEVELS[project.container.log_level],
        "SAGEMAKER_MODEL_SERVER_TIMEOUT": invocation_timeout,
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(project.container.workers),
        "SAGEMAKER_PROGRAM": project.handler.entry_point,
        "TS_DEFAULT_RESPONSE_TIMEOUT": invocation_timeout,
        "TS_DEFAULT_STARTUP_TIMEOUT": str(project.endpoint.startup_timeout_seconds),
        "TS_MAX_REQUEST_SIZE": payload,
        "TS_MAX_RESPONSE_SIZE": payload,
    }


def _model_block(project: Project) -> Mapping[str, str]:
    workers = str(project.container.workers)
    return {
        "SAGEMAKER_TS_MAX_WORKERS": workers,
        "SAGEMAKER_TS_MIN_WORKERS": workers,
        "SAGEMAKER_TS_RESPONSE_TIMEOUT": str(project.endpoint.invocation_timeout_seconds),
    }


def _spelled(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check(project: Project, handler: Mapping[str, str], stack: Mapping[str, str]) -> None:
    derived = sorted(set(handler) & set(stack))
    if derived:
        raise ConfigurationError(
            f"{project.path}: handler.environment sets {', '.join(derived)}, which follow from [endpoint], "
            "[container] and [handler]: set invocation_timeout_seconds, startup_timeout_seconds, max_payload_bytes, "
            "workers or entry_point there"
        )
    if len(handler) + len(stack) > _MAX_ENTRIES:
        raise ConfigurationError(f"{project.path}: SageMaker takes {_MAX_ENTRIES} environment variables; remove some")
    too_long = sorted(name for name, value in handler.items() if len(value) > _MAX_LENGTH)
    if too_long:
        raise ConfigurationError(
            f"{project.path}: SageMaker takes values of up to {_MAX_LENGTH} characters; "
            f"handler.environment has longer ones: {', '.join(too_long)}. Put them in a file beside the handler"
        )
