"""Ships exactly what passed, and leaves either the new release in service or the old one (`deploy --promote`).

In order: gates; lock; one look at what exists; bundle, topics, model and configuration; rollback alarms; the endpoint,
with requests of our own while an update bakes; scaling; one more request; the release record; the pointer, last. Every
step creates or adopts, so running it again after any interruption finishes the work (`deploy resume`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.apply import ensure_monitoring, ledger_copies
from deploy.apply.apply import patience_seconds, prepare
from deploy.apply.endpoint import Rollout, delete_endpoint, ensure_endpoint
from deploy.apply.ledger import Ledger
from deploy.apply.lock import Lock, held
from deploy.apply.steps import OnStep, Step, Work, ignore
from deploy.apply.storage import ensure_bucket
from deploy.aws import Clients, aws_errors
from deploy.core.errors import AwsRefused, EndpointFailed, LockLost, RehearsalError
from deploy.core.waiting import REAL_TIME, Clock
from deploy.gates.gate import require_open
from deploy.plan.observe import Description
from deploy.promote import proving
from deploy.promote.progress import Progress, look
from deploy.promote.recording import Recorder, store_of
from deploy.promote.request import PromotionRequest, destination
from deploy.releases import Release, State
from deploy.resources import tag_list
from deploy.resources.desired_state import EXPIRES_TAG

__all__ = ["Promoted", "PromotionRequest", "destination", "promote"]


@dataclass(frozen=True)
class Promoted:
    release: Release
    record_key: str
    steps: tuple[Step, ...]


def promote(
    request: PromotionRequest, clients: Clients, *, ledger: Ledger, on_step: OnStep = ignore, clock: Clock = REAL_TIME
) -> Promoted:
    """Raises GateRefused before anything is changed; EndpointFailed when the old release had to stay in service."""
    require_open(request.verdicts)
    desired = request.desired
    work = Work(clients, ledger, on_step, clock, desired.account, desired.region)
    ensure_bucket(work, desired.bucket)
    lock = Lock(desired.bucket.name, f"{desired.releases_prefix}/lock.json", request.owner, request.actor)
    with held(clients, lock, clock) as hold:
        return _under_lock(request, work.under(hold))


def _under_lock(request: PromotionRequest, work: Work) -> Promoted:
    """Keep the ledger's copy and a record of every attempt, whichever way it ends."""
    store = store_of(request.desired)
    ledger_copies.join(work.clients, store, work.ledger)
    with _on_failure(lambda _: ledger_copies.keep(work.clients, store, work.ledger)):
        progress = look(work, request.desired)
        with _on_failure(lambda error: _record_failure(request, work, progress, error)):
            served = _carry_out(request, work, progress)
        return _record(request, work, progress, served)


@contextmanager
def _on_failure(do: Callable[[RehearsalError], object]) -> Iterator[None]:
    """Call `do` with the error that ended the promotion, unless the lock was lost: then nothing more may be changed."""
    try:
        yield
    except LockLost:
        raise
    except RehearsalError as error:
        do(error)
        raise


def _carry_out(request: PromotionRequest, work: Work, progress: Progress) -> Description:
    """Make the changes in order, and return the endpoint's description at the end."""
    prepare(work, request.desired, progress.observed)
    progress.alarms = ensure_monitoring.ensure_rollback_alarms(work, request.monitoring)
    served = _update_endpoint(request, work, progress)
    _scale(request, work, progress)
    proving.prove(request, work, progress, served)
    _renew_expiry(request, work, served)
    return served


def _update_endpoint(request: PromotionRequest, work: Work, progress: Progress) -> Description:
    desired, rollout = request.desired, _rollout(request, work, progress)
    patience = patience_seconds(desired)
    try:
        return ensure_endpoint(
            work, desired.endpoint, progress.observed.endpoint, timeout_seconds=patience, rollout=rollout
        )
    except (EndpointFailed, AwsRefused):
        if progress.old_config:
            ensure_monitoring.resume_scaling(work, request.monitoring)
        raise


def _rollout(request: PromotionRequest, work: Work, progress: Progress) -> Rollout:
    wanted = request.desired.endpoint_config.request()
    return Rollout(
        bake_seconds=request.gate_input.project.rollout.bake_seconds,
        alarms=tuple(alarm.name for alarm in request.monitoring.rollback_alarms),
        before_update=lambda serving: ensure_monitoring.suspend_scaling(work, request.monitoring, serving, wanted),
        while_baking=lambda: proving.bake(request, work, progress),
    )


def _scale(request: PromotionRequest, work: Work, progress: Progress) -> None:
    """Set up scaling. If that fails, a new endpoint is deleted: without scaling it would run, and cost, for ever."""
    name = request.desired.endpoint.name
    try:
        ensure_monitoring.ensure_scaling(work, request.monitoring, progress.alarms)
    except LockLost:
        raise
    except RehearsalError as error:
        if not progress.is_first(work, name):
            raise
        delete_endpoint(work, name)
        raise EndpointFailed(f"endpoint {name} was removed again, since it would have run unscaled: {error}") from error


def _renew_expiry(request: PromotionRequest, work: Work, served: Description) -> None:
    """Set the expiry tag again, because an update keeps the tags of the endpoint's creation."""
    expires = request.desired.endpoint.tags.get(EXPIRES_TAG)
    if expires is not None:
        tags = tag_list({EXPIRES_TAG: expires})
        with aws_errors("renewing the endpoint's end of life"):
            work.clients.sagemaker.add_tags(ResourceArn=served["EndpointArn"], Tags=tags)  # type: ignore[arg-type]  # of plain dicts


def _record(request: PromotionRequest, work: Work, progress: Progress, served: Description) -> Promoted:
    work.require_lock()
    ledger_copies.keep(work.clients, store_of(request.desired), work.ledger)
    key, release = _recorder(request, progress).write(
        work, "promoted", progress.smokes, request.verdicts, served=served
    )
    return Promoted(release, key, tuple(work.steps))


def _record_failure(request: PromotionRequest, work: Work, progress: Progress, error: RehearsalError) -> None:
    state: State = "rolled_back" if isinstance(error, EndpointFailed) and progress.old_config else "failed"
    _recorder(request, progress).write(work, state, progress.smokes, request.verdicts, reason=str(error))


def _recorder(request: PromotionRequest, progress: Progress) -> Recorder:
    return Recorder(
        request.gate_input,
        request.desired,
        request.monitoring,
        request.price,
        request.actor,
        request.signer,
        previous=progress.pointed[0].record if progress.pointed else None,
    )
