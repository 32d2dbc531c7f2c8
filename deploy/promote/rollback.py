"""Goes back to a release that served before (`deploy rollback`). Its model and configuration exist; nothing is rebuilt.

The update is all at once and without a bake: a manual rollback needs the old fleet now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy import releases
from deploy.apply import ensure_monitoring
from deploy.apply.endpoint import ensure_endpoint
from deploy.apply.ledger import Ledger
from deploy.apply.lock import Lock, held
from deploy.apply.steps import OnStep, StepOutcome, Work, ignore
from deploy.async_client import Destination
from deploy.aws import Clients, describe
from deploy.core.errors import AwsRefused, ConfigurationError, EndpointFailed
from deploy.core.waiting import REAL_TIME, Clock
from deploy.plan.observe import Description
from deploy.promote.smoke import Probe, SmokeResult, smoke
from deploy.promote.verify import require_proven
from deploy.releases import Pointer, Release, ReleaseStore, Stored
from deploy.resources import Endpoint
from deploy.resources.monitoring import Monitoring
from deploy.signatures.keys import PublicKey

_PATIENCE_SECONDS = 3600.0


@dataclass(frozen=True)
class RollbackRequest:
    """The release to go back to, and how to prove that it serves."""

    wanted: str | None
    """A release id or its beginning; None means the one before the present."""
    store: ReleaseStore
    monitoring: Monitoring
    destination: Destination
    probe: Callable[[Release], Probe]
    """The smoke request for that release and the expected answer, from its rehearsal where this machine has that."""
    owner: str
    actor: str
    trusted: tuple[PublicKey, ...] = ()
    """The keys of which one must have signed the release; when empty, no signature is needed."""


@dataclass(frozen=True)
class RolledBack:
    release: Release
    compared: bool
    """Whether its answer was compared with its rehearsal; when False, any answer passed."""


def rollback(
    request: RollbackRequest, clients: Clients, *, ledger: Ledger, on_step: OnStep = ignore, clock: Clock = REAL_TIME
) -> RolledBack:
    """Raises ConfigurationError when there is none to go back to, NotProven when keys are trusted and it is not what
    one of them signed.
    """
    chosen = choose(request, clients)
    config = _config_of(clients, chosen.release)
    probe = request.probe(chosen.release)
    if request.trusted:
        require_proven(clients, request.store, chosen, request.trusted)
    lock = Lock(request.store.bucket, f"{request.store.prefix}/lock.json", request.owner, request.actor)
    work = Work(clients, ledger, on_step, clock, chosen.release.account, chosen.release.region)
    with held(clients, lock, clock) as hold:
        _go_back(request, work.under(hold), chosen, config, probe)
    return RolledBack(chosen.release, compared=probe.expected is not None)


def choose(request: RollbackRequest, clients: Clients) -> Stored:
    """The target of the rollback. Raises ConfigurationError when there is no such release."""
    in_service = _in_service(request, clients)
    return releases.choose(releases.releases(clients, request.store), request.wanted, in_service)


def _in_service(request: RollbackRequest, clients: Clients) -> str:
    """The release that the pointer names, even if its record is unreadable: that must not prevent a rollback."""
    try:
        pointer = releases.pointed(clients, request.store)
    except ConfigurationError as error:
        if request.wanted is None:
            raise ConfigurationError(f"{error}. Say which release is to serve: `deploy rollback RELEASE`") from error
        return ""
    if pointer is None:
        raise ConfigurationError("nothing was promoted here yet: there is nothing to go back to")
    return pointer.release


def _config_of(clients: Clients, release: Release) -> Description:
    """The release's configuration. Raises ConfigurationError when it or its model was deleted."""
    config = describe.endpoint_config(clients, release.config_name)
    model = describe.model(clients, str(release.model["ModelName"]))
    if config is None or model is None:
        missing = release.config_name if config is None else release.model["ModelName"]
        raise ConfigurationError(
            f"release {release.release} cannot serve again: {missing} was deleted. Promote its bundle "
            f"({release.bundle_url}) anew"
        )
    return config


def _go_back(request: RollbackRequest, work: Work, chosen: Stored, config: Description, probe: Probe) -> None:
    endpoint = Endpoint(chosen.release.endpoint_name, chosen.release.config_name, _tags(chosen.release))
    _serve(request, work, endpoint, config)
    ensure_monitoring.ensure_scaling(work, request.monitoring)
    _prove(request, work, endpoint, probe)
    work.require_lock()
    releases.point(work.clients, request.store, _pointer(request, work, chosen))


def _serve(request: RollbackRequest, work: Work, endpoint: Endpoint, config: Description) -> None:
    found = describe.endpoint(work.clients, endpoint.name)
    if found is not None:
        ensure_monitoring.suspend_scaling(work, request.monitoring, str(found["EndpointConfigName"]), config)
    try:
        ensure_endpoint(work, endpoint, found, timeout_seconds=_PATIENCE_SECONDS)
    except (EndpointFailed, AwsRefused):
        ensure_monitoring.resume_scaling(work, request.monitoring)
        raise


def _prove(request: RollbackRequest, work: Work, endpoint: Endpoint, probe: Probe) -> None:
    result = smoke(work.clients, request.destination, probe, timeout_seconds=_PATIENCE_SECONDS, clock=work.clock)
    said = "the answer of its rehearsal" if probe.expected else "an answer, with no rehearsal here to compare it with,"
    work.tell("endpoint", f"smoke {result.inference_id}", *_outcome(result, f"{said} after {result.seconds:g} s"))
    if not result.passed:
        raise EndpointFailed(
            f"endpoint {endpoint.name} serves {endpoint.config_name} now, and its smoke test failed: {result.problem}. "
            "`deploy releases` lists what else there is to go back to"
        )


def _outcome(result: SmokeResult, good: str) -> tuple[StepOutcome, str]:
    return ("ready", good) if result.passed else ("waiting", result.problem.splitlines()[0])


def _pointer(request: RollbackRequest, work: Work, chosen: Stored) -> Pointer:
    return Pointer(
        release=chosen.release.release,
        record=chosen.key,
        record_sha256=chosen.sha256,
        updated=work.clock.today(),
        updated_by=request.actor,
    )


def _tags(release: Release) -> Mapping[str, Any]:
    return {"rehearsal:project": release.project, "rehearsal:release": release.release}
