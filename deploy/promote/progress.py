"""Holds the progress of a promotion: what it observed under the lock, and what it did since.

It observes once, right after the lock was taken, since the account may have changed between the plan and the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy import releases
from deploy.apply.steps import Work
from deploy.plan.observe import Description, ObservedResources, observe_resources
from deploy.promote.recording import store_of
from deploy.promote.smoke import SmokeResult
from deploy.releases import Pointer, Release
from deploy.resources.desired_state import Desired


@dataclass
class Progress:
    observed: ObservedResources
    pointed: tuple[Pointer, Release] | None
    """The release that the pointer names, whether an endpoint serves it or not."""
    wanted_config: str
    alarms: Mapping[str, Description] = field(default_factory=dict)
    """As they were before the endpoint was changed."""
    smokes: list[SmokeResult] = field(default_factory=list)

    @property
    def in_service(self) -> Release | None:
        """The release that the endpoint served before, according to the pointer; None when it never served.

        The pointer stays after an endpoint was destroyed or expired; an endpoint younger than the pointer never served.
        """
        endpoint = self._running()
        if self.pointed is None or endpoint is None or endpoint["CreationTime"] > self.pointed[0].updated:
            return None
        return self.pointed[1]

    @property
    def old_config(self) -> str | None:
        """The configuration to roll back to: the serving one or, when that is the new one already, the pointer's."""
        endpoint = self._running()
        candidates = [] if endpoint is None else [str(endpoint["EndpointConfigName"])]
        if self.in_service is not None:
            candidates.append(self.in_service.config_name)
        return next((name for name in candidates if name != self.wanted_config), None)

    def _running(self) -> Description | None:
        """The endpoint if it serves; a failed one does not."""
        endpoint = self.observed.endpoint
        return None if endpoint is None or endpoint["EndpointStatus"] == "Failed" else endpoint

    def is_first(self, work: Work, endpoint_name: str) -> bool:
        """Whether the endpoint is this deployment's own creation and never was in service, also after a resume."""
        owned = {entry.name for entry in work.ledger.owned() if entry.kind == "endpoint"}
        return self.in_service is None and self.old_config is None and endpoint_name in owned


def look(work: Work, desired: Desired) -> Progress:
    """Observe once; every step gets its part of the result."""
    observed = observe_resources(desired, work.clients)
    pointed = releases.current(work.clients, store_of(desired))
    return Progress(observed, pointed, desired.endpoint_config.name)
