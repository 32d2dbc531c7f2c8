"""The instance registry: the actors of all endpoints, by the endpoint's id."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from harness.emulator.endpoints.life_cycle import ActorTools, EndpointActor
from harness.emulator.endpoints.rollout import BRINGING_UP, Phase
from harness.emulator.instances.fleet import FleetSlot
from harness.emulator.store.catalog import Endpoint
from harness.serving.instances.runtime import Instance


class InstanceRegistry:
    def __init__(self, tools: ActorTools) -> None:
        self._tools = tools
        self._lock = threading.Lock()
        self._actors: dict[int, EndpointActor] = {}

    def missing(self) -> list[Endpoint]:
        """The endpoints that have a row and no actor yet."""
        known = set(self._snapshot())
        return [endpoint for endpoint in self._tools.context.catalog.endpoints() if endpoint.id not in known]

    def add(self, endpoint: Endpoint) -> EndpointActor:
        actor = EndpointActor(endpoint, self._tools)
        with self._lock:
            return self._actors.setdefault(endpoint.id, actor)

    def remove(self, endpoint_id: int) -> None:
        with self._lock:
            self._actors.pop(endpoint_id, None)

    def actors(self) -> list[EndpointActor]:
        return list(self._snapshot().values())

    def instances(self) -> list[Instance]:
        return [member.handle for actor in self.actors() for fleet in actor.fleets() for member in fleet.members()]

    def acquire(self, endpoint_id: int) -> FleetSlot | None:
        actor = self._snapshot().get(endpoint_id)
        return None if actor is None else actor.acquire()

    def acquire_for_request(self, endpoint_id: int, variant_name: str | None) -> FleetSlot | None:
        actor = self._snapshot().get(endpoint_id)
        return None if actor is None else actor.acquire_for_request(variant_name)

    def instance_counts(self, endpoint_id: int) -> Mapping[str, int]:
        actor = self._snapshot().get(endpoint_id)
        return {} if actor is None else actor.instance_counts()

    def phase(self, endpoint_id: int) -> Phase:
        actor = self._snapshot().get(endpoint_id)
        return BRINGING_UP if actor is None else actor.phase()

    def _snapshot(self) -> dict[int, EndpointActor]:
        with self._lock:
            return dict(self._actors)
