"""`deploy rollback`: back to a release that served before. Its model and configuration still stand, nothing is rebuilt.

All at once and without a bake: who rolls back by hand wants the old fleet now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy import releases
from deploy.apply import monitoring
from deploy.apply.endpoint import ensure_endpoint
from deploy.apply.ledger import Ledger
from deploy.apply.lock import Lock, held
from deploy.apply.steps import OnStep, Outcome, Work, ignore
from deploy.async_client.requests import Destination
from deploy.aws import Clients, describe
from deploy.core.errors import AwsRefused, ConfigurationError, EndpointFailed
from deploy.core.waiting import REAL_TIME, Clock
from deploy.promote.smoke import Probe, SmokeResult, smoke
from deploy.promote.verify import require_proven
from deploy.releases import Pointer, Release, Shelf, Stored
from deploy.releases.keys import PublicKey
from deploy.resources import Endpoint
from deploy.resources.monitoring import Watching

_PATIENCE_SECONDS = 3600.0


@dataclass(frozen=True)
class Retreat:
    """Where to go back, and how to prove that it was reached."""

    wanted: str | None
    """A release id or its beginning; None means the one before the present."""
    shelf: Shelf
    watching: Watching
    destination: Destination
    probe: Callable[[Release], Probe]
    """What to send to that release, and what it should answer: as its rehearsal did, where that is at hand."""
    owner: str
    actor: str
    trusted: tuple[PublicKey, ...] = ()
    """Whose signature a release needs to serve again; empty: nobody's."""


@dataclass(frozen=True)
class RolledBack:
    release: Release
    compared: bool
    """Whether its answer was held against its rehearsal; False: any answer would have done."""


def rollback(
    retreat: Retreat, clients: Clients, *, ledger: Ledger, on_step: OnStep = ignore, clock: Clock = REAL_TIME
) -> RolledBack:
    """Raises ConfigurationError when there is none to go back to, NotProven when keys are trusted and it is not what
    one of them signed.
    """
    chosen = choose(retreat, clients)
    _check_stands(clients, chosen.release)
    probe = retreat.probe(chosen.release)
    if retreat.trusted:
        require_proven(clients, retreat.shelf, chosen, retreat.trusted)
    lock = Lock(retreat.shelf.bucket, f"{retreat.shelf.prefix}/lock.json", retreat.owner, retreat.actor)
    work = Work(clients, ledger, on_step, clock, chosen.release.account, chosen.release.region)
    with held(clients, lock, clock) as hold:
        _go_back(retreat, work.under(hold), chosen, probe)
    return RolledBack(chosen.release, compared=probe.expected is not None)


def choose(retreat: Retreat, clients: Clients) -> Stored:
    """Where a rollback would go. Raises ConfigurationError when there is no such release."""
    in_service = _in_service(retreat, clients)
    return releases.choose(releases.releases(clients, retreat.shelf), retreat.wanted, in_service)


def _in_service(retreat: Retreat, clients: Clients) -> str:
    """The release that the pointer names, whatever became of its record: that is a reason to go back, not to stay."""
    try:
        pointer = releases.pointed(clients, retreat.shelf)
    except ConfigurationError as error:
        if retreat.wanted is None:
            raise ConfigurationError(f"{error}. Say which release is to serve: `deploy rollback RELEASE`") from error
        return ""
    if pointer is None:
        raise ConfigurationError("nothing was promoted here yet: there is nothing to go back to")
    return pointer.release


def _check_stands(clients: Clients, release: Release) -> None:
    config = describe.endpoint_config(clients, release.config_name)
    model = describe.model(clients, str(release.model["ModelName"]))
    if config is None or model is None:
        missing = release.config_name if config is None else release.model["ModelName"]
        raise ConfigurationError(
            f"release {release.release} cannot serve again: {missing} was deleted. Promote its bundle "
            f"({release.bundle_url}) anew"
        )


def _go_back(retreat: Retreat, work: Work, chosen: Stored, probe: Probe) -> None:
    endpoint = Endpoint(chosen.release.endpoint_name, chosen.release.config_name, _tags(chosen.release))
    monitoring.make_way(work, retreat.watching, endpoint.config_name)
    try:
        ensure_endpoint(work, endpoint, timeout_seconds=_PATIENCE_SECONDS)
    except (EndpointFailed, AwsRefused):
        monitoring.resume_scaling(work, retreat.watching)
        raise
    monitoring.ensure_scaling(work, retreat.watching)
    result = smoke(work.clients, retreat.destination, probe, timeout_seconds=_PATIENCE_SECONDS, clock=work.clock)
    said = "the answer of its rehearsal" if probe.expected else "an answer, with no rehearsal here to compare it with,"
    work.tell("endpoint", f"smoke {result.inference_id}", *_outcome(result, f"{said} after {result.seconds:g} s"))
    if not result.passed:
        raise EndpointFailed(
            f"endpoint {endpoint.name} serves {endpoint.config_name} now, and its smoke test failed: {result.problem}. "
            "`deploy releases` lists what else there is to go back to"
        )
    work.require_lock()
    releases.point(work.clients, retreat.shelf, _pointer(retreat, work, chosen))


def _outcome(result: SmokeResult, good: str) -> tuple[Outcome, str]:
    return ("ready", good) if result.passed else ("waiting", result.problem.splitlines()[0])


def _pointer(retreat: Retreat, work: Work, chosen: Stored) -> Pointer:
    return Pointer(
        release=chosen.release.release,
        record=chosen.key,
        record_sha256=chosen.sha256,
        updated=work.clock.today(),
        updated_by=retreat.actor,
    )


def _tags(release: Release) -> Mapping[str, Any]:
    return {"rehearsal:project": release.project, "rehearsal:release": release.release}
