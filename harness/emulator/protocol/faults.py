"""AWS's errors: a code, an HTTP status and a message. `json_rpc` and `rest_json` encode them.

The messages were observed on AWS unless a function says otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from harness.core.errors import HarnessError
from harness.emulator.store.trouble import local_trouble

log = logging.getLogger(__name__)


class AwsFault(HarnessError):
    """An error answer: the caller receives exactly this code, status and message."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        detail: str | None = None,
        original: OriginalAnswer | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.detail = detail
        """SageMaker Runtime's second code, such as NO_SUCH_ENDPOINT."""
        self.original = original


class OriginalAnswer:
    """The container's answer, which the real-time ModelError carries."""

    def __init__(self, status: int, message: str, log_stream_arn: str) -> None:
        self.status = status
        self.message = message
        self.log_stream_arn = log_stream_arn


def invalid(message: str) -> AwsFault:
    """The error that AWS's control planes give for a missing, an existing or a busy resource."""
    return AwsFault("ValidationException", message)


def could_not_find(kind: str, arn: str) -> AwsFault:
    return invalid(f'Could not find {kind} "{arn}".')


def already_exists(kind: str, arn: str) -> AwsFault:
    return invalid(f'Cannot create already existing {kind} "{arn}".')


def in_progress(arn: str) -> AwsFault:
    return invalid(f'Cannot update in-progress endpoint "{arn}".')


def runtime_invalid(message: str, *, detail: str | None = None) -> AwsFault:
    return AwsFault("ValidationError", message, detail=detail)


def no_such_endpoint(name: str, account_id: str) -> AwsFault:
    return runtime_invalid(f"Endpoint {name} of account {account_id} not found.", detail="NO_SUCH_ENDPOINT")


def wrong_inference_type(name: str) -> AwsFault:
    return runtime_invalid(f"Endpoint {name} does not support this inference type.")


def constraints_failed(code: str, complaints: Sequence[str]) -> AwsFault:
    noun = "error" if len(complaints) == 1 else "errors"
    return AwsFault(code, f"{len(complaints)} validation {noun} detected: {'; '.join(complaints)}")


def over_quota(instance_type: str | None, quota: int, used: int, delta: int) -> AwsFault:
    return AwsFault(
        "ResourceLimitExceeded",
        f"The account-level service limit '{instance_type} for endpoint usage' is {quota} Instances, with current"
        f" utilization of {used} Instances and a request delta of {delta} Instances. Please use AWS Service Quotas to"
        " request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an"
        " increase for this quota.",
    )


def unknown_operation(target: str) -> AwsFault:
    """The message is the emulator's own; AWS sends none."""
    return AwsFault("UnknownOperationException", f"This emulator does not know the operation {target!r}.")


def unreadable(message: str) -> AwsFault:
    return AwsFault("SerializationException", message)


def foreign_caller(why: str) -> AwsFault:
    """The emulator's own: AWS's endpoints have no such check."""
    allowed = "A program that calls it by another name needs `harness up --allow-host NAME`."
    return AwsFault("AccessDeniedException", f"This emulator answers this machine alone: {why}. {allowed}", status=403)


def not_stored(why: str) -> AwsFault:
    """The text is the emulator's own. Clients repeat a 503."""
    text = f"The emulator's machine could not do this, and nothing was accepted: {why}. Make room, and send it again."
    return AwsFault("ServiceUnavailable", text, status=503)


def unexpected(what: str, error: Exception) -> AwsFault:
    """Log an error of the operation `what` that is no AwsFault, and return the answer to it: a 503 or a 500."""
    trouble = local_trouble(error)
    if trouble is not None:
        log.warning("%s was refused: %s", what, trouble)
        return not_stored(trouble)
    log.error("%s failed", what, exc_info=error)
    return internal()


def internal(code: str = "InternalFailure") -> AwsFault:
    return AwsFault(code, "The emulator failed to handle this request; see its log.", status=500)
