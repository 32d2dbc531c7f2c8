"""Sends a promotion's own requests: while an update bakes, and one at the end. Without a good answer it goes back."""

from __future__ import annotations

from deploy.apply import ensure_monitoring
from deploy.apply.apply import patience_seconds
from deploy.apply.endpoint import delete_endpoint, ensure_endpoint
from deploy.apply.steps import Work
from deploy.aws import describe
from deploy.core.errors import AwsRefused, EndpointFailed
from deploy.plan.observe import Description
from deploy.promote.progress import Progress
from deploy.promote.request import PromotionRequest, destination
from deploy.promote.smoke import SmokeResult, report_failure, smoke

# Requests are sent in this share of the bake; the rest is for the alarm, which is evaluated once a minute.
_BAKE_SHARE = 0.8
_SHORTEST_WAIT_SECONDS = 30.0
# Messages show this much of a failed answer; the release record has all of it.
_SHOWN_CHARACTERS = 160
# Downloading the input and uploading the answer may take this long.
_DELIVERY_SECONDS = 60.0


def bake(request: PromotionRequest, work: Work, progress: Progress) -> None:
    """Send requests while the update bakes: a quiet queue has no data, so no alarm could go off.

    An answer after the end of the bake could not roll the update back, so the wait ends before.
    """
    rollout = request.gate_input.project.rollout
    timeout_seconds = max(_BAKE_SHARE * rollout.bake_seconds / rollout.smoke_requests, _SHORTEST_WAIT_SECONDS)
    for _ in range(rollout.smoke_requests):
        result = _answered(request, work, timeout_seconds)
        progress.smokes.append(result)
        if not result.passed:
            report_failure(work.clients, request.desired.endpoint.name)


def _answered(request: PromotionRequest, work: Work, timeout_seconds: float) -> SmokeResult:
    """Send one request; an error while sending counts as a failed answer."""
    try:
        return _smoke(request, work, timeout_seconds)
    except AwsRefused as refused:
        return SmokeResult("", 0.0, str(refused))


def prove(request: PromotionRequest, work: Work, progress: Progress, served: Description) -> None:
    """Send one request to the finished endpoint, which `served` describes.

    Without a good answer the old release is restored, or a first endpoint deleted; raises EndpointFailed then.
    """
    result = _smoke(request, work, _answer_seconds(request, served))
    progress.smokes.append(result)
    if not result.passed:
        _take_back(request, work, progress, f"its smoke test failed: {result.problem}")


def _take_back(request: PromotionRequest, work: Work, progress: Progress, said: str) -> None:
    name = request.desired.endpoint.name
    if progress.old_config is not None:
        _serve_again(request, work, progress.old_config)
        raise EndpointFailed(f"endpoint {name} serves {progress.old_config} again: {said}")
    if progress.is_first(work, name):
        ensure_monitoring.deregister(work, name)
        delete_endpoint(work, name)
        raise EndpointFailed(f"endpoint {name} was removed again: {said}")
    raise EndpointFailed(f"endpoint {name} serves what it served before, and {said}")


def _serve_again(request: PromotionRequest, work: Work, old_config: str) -> None:
    back = request.desired.back_to(old_config)
    found = describe.endpoint(work.clients, back.name)
    if found is not None:
        wanted = describe.endpoint_config(work.clients, old_config)
        ensure_monitoring.suspend_scaling(work, request.monitoring, str(found["EndpointConfigName"]), wanted)
    ensure_endpoint(work, back, found, timeout_seconds=patience_seconds(request.desired))
    ensure_monitoring.resume_scaling(work, request.monitoring)


def _smoke(request: PromotionRequest, work: Work, timeout_seconds: float) -> SmokeResult:
    where = destination(request.desired)
    result = smoke(work.clients, where, request.probe, timeout_seconds=timeout_seconds, clock=work.clock)
    problem = result.problem.splitlines()[0][:_SHOWN_CHARACTERS] if result.problem else ""
    said = problem or f"as expected, after {result.seconds:g} s"
    work.tell("endpoint", f"smoke {result.inference_id}", "ready" if result.passed else "waiting", said)
    return result


def _answer_seconds(request: PromotionRequest, served: Description) -> float:
    """How long to wait: the invocation time-out, and a cold start before it when no instance runs."""
    running = sum(variant.get("CurrentInstanceCount", 0) for variant in served.get("ProductionVariants", ()))
    cold_start = 0.0 if running else patience_seconds(request.desired)
    return cold_start + request.desired.invocation_timeout_seconds + _DELIVERY_SECONDS
