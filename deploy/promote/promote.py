"""`deploy --promote`: ship exactly what passed, and leave either the new release in service or the old one.

In order: gates; lock; bundle, topics, model and configuration; rollback alarms; the endpoint, with requests of our own
while an update bakes; scaling; one more request; the release record; the pointer, last. Every step looks before it
acts, so running it again after any interruption finishes the work (`deploy resume`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy import releases
from deploy.apply import ensure_monitoring, ledger_copies
from deploy.apply.apply import patience_seconds, prepare
from deploy.apply.endpoint import Rollout, delete_endpoint, ensure_endpoint
from deploy.apply.ledger import Ledger
from deploy.apply.lock import Lock, held
from deploy.apply.steps import OnStep, Step, Work, ignore
from deploy.apply.storage import ensure_bucket
from deploy.async_client import Destination
from deploy.aws import Clients, aws_errors, describe
from deploy.core.errors import AwsRefused, EndpointFailed, LockLost, RehearsalError
from deploy.core.waiting import REAL_TIME, Clock
from deploy.gates.gate import GateInput, GateVerdict, require_open
from deploy.pricing.prices import Price
from deploy.promote.recording import Recorder, store_of
from deploy.promote.smoke import Probe, SmokeResult, report_failure, smoke
from deploy.releases import Pointer, Release, State
from deploy.releases.keys import Signer
from deploy.resources import tag_list
from deploy.resources.desired_state import EXPIRES_TAG, Desired
from deploy.resources.monitoring import Monitoring

Description = Mapping[str, Any]

_BAKE_SHARE = 0.8
"""Of the bake; the rest is for the alarm, which looks once a minute."""
_SHORTEST_WAIT_SECONDS = 30.0
_SHOWN_CHARACTERS = 160
"""Of a failed answer; the release record has all of it."""
_DELIVERY_SECONDS = 60.0
"""For the download of the input and the upload of the answer."""


@dataclass(frozen=True)
class PromotionRequest:
    """What is to be promoted, and everything that was decided before."""

    gate_input: GateInput
    verdicts: tuple[GateVerdict, ...]
    desired: Desired
    monitoring: Monitoring
    probe: Probe
    price: Price | None
    owner: str
    """See Lock.owner."""
    actor: str
    """ARN of whoever deploys."""
    signer: Signer | None = None
    """Signs the statements of the record; without one they are written unsigned."""


@dataclass(frozen=True)
class Promoted:
    release: Release
    record_key: str
    steps: tuple[Step, ...]


@dataclass
class _Progress:
    """What has happened so far, for the record."""

    in_service: tuple[Pointer, Release] | None
    """What the endpoint served before we began, according to the pointer; None when this endpoint never served."""
    smokes: list[SmokeResult] = field(default_factory=list)
    old_config: str | None = None


def promote(
    request: PromotionRequest, clients: Clients, *, ledger: Ledger, on_step: OnStep = ignore, clock: Clock = REAL_TIME
) -> Promoted:
    """Raises GateRefused before anything is touched; EndpointFailed when the old release had to stay in service."""
    require_open(request.verdicts)
    desired = request.desired
    work = Work(clients, ledger, on_step, clock, desired.account, desired.region)
    ensure_bucket(work, desired.bucket)
    lock = Lock(desired.bucket.name, f"{desired.releases_prefix}/lock.json", request.owner, request.actor)
    with held(clients, lock, clock) as hold:
        return _promote(request, work.under(hold))


def _promote(request: PromotionRequest, work: Work) -> Promoted:
    store = store_of(request.desired)
    ledger_copies.join(work.clients, store, work.ledger)
    try:
        return _under_record(request, work)
    except LockLost:
        raise
    except RehearsalError:
        ledger_copies.keep(work.clients, store, work.ledger)
        raise


def _under_record(request: PromotionRequest, work: Work) -> Promoted:
    """Every attempt that ends is recorded, whichever way."""
    store = store_of(request.desired)
    progress = _Progress(in_service=_in_service(request, work))
    recorder = Recorder(
        request.gate_input, request.desired, request.monitoring, request.price, request.actor, request.signer
    )
    try:
        prepare(work, request.desired)
        served = _endpoint(request, work, progress)
        _scaling(request, work, progress)
        _prove(request, work, progress)
        _renew_expiry(request, work, served)
    except LockLost:
        raise
    except RehearsalError as error:
        state: State = "rolled_back" if isinstance(error, EndpointFailed) and progress.old_config else "failed"
        recorder.write(work, state, progress.smokes, request.verdicts, reason=str(error))
        raise
    work.require_lock()
    ledger_copies.keep(work.clients, store, work.ledger)
    key, release = recorder.write(work, "promoted", progress.smokes, request.verdicts, served=served)
    return Promoted(release, key, tuple(work.steps))


def _in_service(request: PromotionRequest, work: Work) -> tuple[Pointer, Release] | None:
    """The pointer outlives an endpoint that was destroyed or expired; one that is younger than it never served."""
    pointed = releases.current(work.clients, store_of(request.desired))
    found = describe.endpoint(work.clients, request.desired.endpoint.name)
    if pointed is None or found is None or found["EndpointStatus"] == "Failed":
        return None
    return pointed if found["CreationTime"] <= pointed[0].updated else None


def _endpoint(request: PromotionRequest, work: Work, progress: _Progress) -> Description:
    progress.old_config = _old_config(request, work, progress)
    ensure_monitoring.ensure_rollback_alarms(work, request.monitoring)
    desired = request.desired
    rollout = Rollout(
        bake_seconds=request.gate_input.project.rollout.bake_seconds,
        alarms=tuple(alarm.name for alarm in request.monitoring.rollback_alarms),
        before_update=lambda: ensure_monitoring.suspend_scaling(work, request.monitoring, desired.endpoint_config.name),
        while_baking=lambda: _bake(request, work, progress),
    )
    try:
        return ensure_endpoint(work, desired.endpoint, timeout_seconds=patience_seconds(desired), rollout=rollout)
    except (EndpointFailed, AwsRefused):
        if progress.old_config:
            ensure_monitoring.resume_scaling(work, request.monitoring)
        raise


def _old_config(request: PromotionRequest, work: Work, progress: _Progress) -> str | None:
    """What to go back to: what the endpoint serves, or, when it serves the new one already, what was pointed to."""
    wanted = request.desired.endpoint_config.name
    found = describe.endpoint(work.clients, request.desired.endpoint.name)
    candidates = [str(found["EndpointConfigName"])] if found and found["EndpointStatus"] != "Failed" else []
    if candidates and progress.in_service is not None:
        candidates.append(progress.in_service[1].config_name)
    return next((name for name in candidates if name != wanted), None)


def _bake(request: PromotionRequest, work: Work, progress: _Progress) -> None:
    """A quiet queue has no data, and no data is no alarm: without requests of ours any bake would pass.

    An answer that comes only when the bake is over could not bring the old fleet back, so the wait ends before.
    """
    rollout = request.gate_input.project.rollout
    timeout_seconds = max(_BAKE_SHARE * rollout.bake_seconds / rollout.smoke_requests, _SHORTEST_WAIT_SECONDS)
    for _ in range(rollout.smoke_requests):
        try:
            result = _smoke(request, work, timeout_seconds)
        except AwsRefused as refused:  # what could not be asked is not proven
            result = SmokeResult("", 0.0, str(refused))
        progress.smokes.append(result)
        if not result.passed:
            report_failure(work.clients, request.desired.endpoint.name)


def _scaling(request: PromotionRequest, work: Work, progress: _Progress) -> None:
    """An endpoint without scaling runs, and costs, for ever: a new one does not outlive the failure to set it up."""
    try:
        ensure_monitoring.ensure_scaling(work, request.monitoring)
    except LockLost:
        raise
    except RehearsalError as error:
        if not _is_first(request, work, progress):
            raise
        delete_endpoint(work, request.desired.endpoint.name)
        raise EndpointFailed(
            f"endpoint {request.desired.endpoint.name} was removed again, since it would have run unscaled: {error}"
        ) from error


def _is_first(request: PromotionRequest, work: Work, progress: _Progress) -> bool:
    """Whether the endpoint is this deployment's own creation and never was in service, also after a resume."""
    owned = {entry.name for entry in work.ledger.owned() if entry.kind == "endpoint"}
    return progress.in_service is None and progress.old_config is None and request.desired.endpoint.name in owned


def _prove(request: PromotionRequest, work: Work, progress: _Progress) -> None:
    """One request on the finished endpoint; without a good answer the old release comes back, or nothing stays."""
    result = _smoke(request, work, _answer_seconds(request, work))
    progress.smokes.append(result)
    if result.passed:
        return
    name = request.desired.endpoint.name
    said = f"its smoke test failed: {result.problem}"
    if progress.old_config is not None:
        back = request.desired.back_to(progress.old_config)
        ensure_monitoring.suspend_scaling(work, request.monitoring, back.config_name)
        ensure_endpoint(work, back, timeout_seconds=patience_seconds(request.desired))
        ensure_monitoring.resume_scaling(work, request.monitoring)
        raise EndpointFailed(f"endpoint {name} serves {progress.old_config} again: {said}")
    if _is_first(request, work, progress):
        ensure_monitoring.deregister(work, name)
        delete_endpoint(work, name)
        raise EndpointFailed(f"endpoint {name} was removed again: {said}")
    raise EndpointFailed(f"endpoint {name} serves what it served before, and {said}")


def _smoke(request: PromotionRequest, work: Work, timeout_seconds: float) -> SmokeResult:
    where = destination(request.desired)
    result = smoke(work.clients, where, request.probe, timeout_seconds=timeout_seconds, clock=work.clock)
    problem = result.problem.splitlines()[0][:_SHOWN_CHARACTERS] if result.problem else ""
    said = problem or f"as expected, after {result.seconds:g} s"
    work.tell("endpoint", f"smoke {result.inference_id}", "ready" if result.passed else "waiting", said)
    return result


def _answer_seconds(request: PromotionRequest, work: Work) -> float:
    """An instance that runs answers within the invocation time-out; at zero the cold start comes first."""
    found = describe.endpoint(work.clients, request.desired.endpoint.name) or {}
    running = sum(variant.get("CurrentInstanceCount", 0) for variant in found.get("ProductionVariants", ()))
    cold_start = 0.0 if running else patience_seconds(request.desired)
    return cold_start + request.desired.invocation_timeout_seconds + _DELIVERY_SECONDS


def _renew_expiry(request: PromotionRequest, work: Work, served: Description) -> None:
    """An update keeps the tags of the endpoint's creation, and with them the old end of its life."""
    expires = request.desired.endpoint.tags.get(EXPIRES_TAG)
    if expires is not None:
        tags = tag_list({EXPIRES_TAG: expires})
        with aws_errors("renewing the endpoint's end of life"):
            work.clients.sagemaker.add_tags(ResourceArn=served["EndpointArn"], Tags=tags)  # type: ignore[arg-type]  # of plain dicts


def destination(desired: Desired) -> Destination:
    return Destination(
        desired.endpoint.name,
        f"s3://{desired.bucket.name}/{desired.input_prefix}",
        desired.invocation_timeout_seconds,
        desired.request_ttl_seconds,
    )
