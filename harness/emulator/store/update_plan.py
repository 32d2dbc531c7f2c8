"""The plan of an update: the target state, the deployment policy, and the capacities to roll back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.emulator.store.deployment import Deployment


@dataclass(frozen=True)
class UpdatePlan:
    """A new deployment (UpdateEndpoint), or None when only capacities change (UpdateEndpointWeightsAndCapacities)."""

    started_at: float
    deployment: Deployment | None
    capacities: Mapping[str, tuple[int, float]]
    policy: Mapping[str, Any] | None
    """DeploymentConfig as the caller sent it."""
    previous: Mapping[str, tuple[int, float]]
    """The capacities to roll back to."""

    def to_json(self) -> dict[str, Any]:
        return {
            "started_at": self.started_at,
            "deployment": None if self.deployment is None else self.deployment.to_json(),
            "capacities": {name: list(pair) for name, pair in self.capacities.items()},
            "policy": self.policy,
            "previous": {name: list(pair) for name, pair in self.previous.items()},
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> UpdatePlan:
        deployment = document["deployment"]
        return UpdatePlan(
            started_at=document["started_at"],
            deployment=None if deployment is None else Deployment.from_json(deployment),
            capacities={name: (pair[0], pair[1]) for name, pair in document["capacities"].items()},
            policy=document["policy"],
            previous={name: (pair[0], pair[1]) for name, pair in document["previous"].items()},
        )
