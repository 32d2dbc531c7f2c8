"""The life of an endpoint: Creating -> InService | Failed, InService -> Updating -> InService, -> Deleting -> removed.

An `EndpointActor` owns the endpoint's fleets and, while the endpoint is busy, its row; each `step` advances it. It has
no thread of its own and never sleeps.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.emulator.async_inference import notifications
from harness.emulator.context.cloud import CloudRefused, CloudUnreachable, Topics
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.endpoints.rollout import BRINGING_UP, Alarms, Phase, RolledBack, RolledOut, Rollout
from harness.emulator.instances.fleet import Fleet, FleetSlot, FleetTools, shortened
from harness.emulator.store.catalog import (
    CREATING,
    DELETING,
    FAILED,
    IN_SERVICE,
    ROLLING_BACK,
    UPDATING,
    Capacity,
    Endpoint,
)
from harness.emulator.store.deployment import Deployment
from harness.emulator.store.update_plan import UpdatePlan


@dataclass(frozen=True)
class ActorTools:
    context: EmulatorContext
    topics: Topics
    alarms: Alarms
    fleets: FleetTools
    on_gone: Callable[[Endpoint], None]
    """Called with an endpoint before its row is removed."""


class EndpointActor:
    def __init__(self, endpoint: Endpoint, tools: ActorTools) -> None:
        self.endpoint_id = endpoint.id
        self._tools = tools
        self._fleets = self._new_fleets(endpoint.name, endpoint.deployment)
        self._rollout: Rollout | None = None
        self._are_topics_tested = False

    def step(self) -> bool:
        """Take one step; return False when the endpoint is deleted and nothing is left to do."""
        endpoint = self._tools.context.catalog.endpoint_by_id(self.endpoint_id)
        if endpoint is None:
            self.stop()
            return False
        steps: Mapping[str, Callable[[Endpoint], None]] = {
            CREATING: self._create,
            IN_SERVICE: self._keep,
            UPDATING: self._update,
            ROLLING_BACK: self._roll_back_capacities,
            DELETING: self._delete,
        }
        steps.get(endpoint.status, self._rest)(endpoint)
        return endpoint.status != DELETING

    def acquire(self) -> FleetSlot | None:
        """Return a slot for the queue's next job."""
        rollout = self._rollout
        if rollout is not None:
            return rollout.acquire(self._limit)
        return next((slot for fleet in self._fleets.values() if (slot := fleet.acquire(self._limit(False)))), None)

    def acquire_for_request(self, variant_name: str | None) -> FleetSlot | None:
        """Return a slot for a real-time request: on the named variant, or else on one chosen by weight."""
        if variant_name is not None:
            fleet = self._fleets.get(variant_name)
            return None if fleet is None else fleet.acquire(None)
        rollout = self._rollout
        if rollout is not None:
            return rollout.acquire(lambda _: None)
        return self._weighted()

    def instance_counts(self) -> Mapping[str, int]:
        """Healthy instances by variant, of both sides during a deployment."""
        rollout = self._rollout
        counts = {name: fleet.healthy_count for name, fleet in self._fleets.items()}
        if rollout is not None:
            for name, fleet in rollout.green.items():
                counts[name] = counts.get(name, 0) + fleet.healthy_count
        return counts

    def phase(self) -> Phase:
        """The phase of a creation or deployment."""
        rollout = self._rollout
        return BRINGING_UP if rollout is None else rollout.phase

    def fleets(self) -> list[Fleet]:
        rollout = self._rollout
        return [*self._fleets.values(), *(rollout.green.values() if rollout is not None else ())]

    def stop(self) -> None:
        """End every instance of this endpoint now."""
        for fleet in self.fleets():
            fleet.stop()

    def _create(self, endpoint: Endpoint) -> None:
        refusal = self._test_topics(endpoint.deployment)
        if refusal is not None:
            self._fail(endpoint, refusal)
            return
        self._converge(endpoint)
        failure = self._failure()
        if failure is not None:
            self._fail(endpoint, failure)
        elif self._is_full(endpoint.capacities):
            self._save(replace(endpoint, status=IN_SERVICE, failure_reason=None))

    def _keep(self, endpoint: Endpoint) -> None:
        self._are_topics_tested = False
        self._converge(endpoint)

    def _update(self, endpoint: Endpoint) -> None:
        plan = endpoint.update
        if plan is None:
            self._save(replace(endpoint, status=IN_SERVICE))
            return
        refusal = self._test_topics(plan.deployment or endpoint.deployment)
        if plan.deployment is None:
            self._change_capacities(endpoint, plan, refusal)
        else:
            self._deploy(endpoint, plan, plan.deployment, refusal)

    def _change_capacities(self, endpoint: Endpoint, plan: UpdatePlan, refusal: str | None) -> None:
        wanted = replace(endpoint, capacities=_capacities(plan.capacities))
        self._converge(wanted)
        failure = refusal or self._failure()
        if failure is not None:
            self._save(replace(endpoint, status=ROLLING_BACK, failure_reason=shortened(failure)))
        elif self._is_full(wanted.capacities):
            self._save(replace(wanted, status=IN_SERVICE, update=None, failure_reason=None))

    def _roll_back_capacities(self, endpoint: Endpoint) -> None:
        self._converge(endpoint)
        if self._is_full(endpoint.capacities):
            self._save(replace(endpoint, status=IN_SERVICE, update=None))

    def _deploy(self, endpoint: Endpoint, plan: UpdatePlan, deployment: Deployment, refusal: str | None) -> None:
        if self._rollout is None:
            green = self._new_fleets(endpoint.name, deployment)
            self._rollout = Rollout(self._tools.context, self._fleets, green, plan, self._tools.alarms)
        self._rollout.trouble = self._rollout.trouble or refusal
        result = self._rollout.step()
        if isinstance(result, RolledOut):
            capacities = _capacities(plan.capacities)
            self._save(replace(endpoint, status=IN_SERVICE, deployment=deployment, capacities=capacities, update=None,
                               failure_reason=None, last_deployment_config=plan.policy))  # fmt: skip
            self._fleets, self._rollout = self._rollout.green, None
        elif isinstance(result, RolledBack):
            self._save(replace(endpoint, status=IN_SERVICE, update=None, failure_reason=shortened(result.reason)))
            self._rollout = None

    def _delete(self, endpoint: Endpoint) -> None:
        self.stop()
        self._tools.on_gone(endpoint)
        self._tools.context.catalog.remove_endpoint(endpoint)

    def _rest(self, endpoint: Endpoint) -> None:
        """Do nothing: a Failed endpoint has no instances, and only DeleteEndpoint changes it."""

    def _fail(self, endpoint: Endpoint, reason: str) -> None:
        self.stop()
        self._save(replace(endpoint, status=FAILED, failure_reason=shortened(reason)))

    def _converge(self, endpoint: Endpoint) -> None:
        for name, fleet in self._fleets.items():
            fleet.converge(endpoint.capacities[name].instance_count)

    def _failure(self) -> str | None:
        return next((fleet.failure for fleet in self._fleets.values() if fleet.failure is not None), None)

    def _is_full(self, capacities: Mapping[str, Capacity]) -> bool:
        """Whether exactly the desired instances exist and all are healthy."""
        return all(
            fleet.healthy_count == len(fleet.members()) == capacities[name].instance_count
            for name, fleet in self._fleets.items()
        )

    def _test_topics(self, deployment: Deployment) -> str | None:
        """Publish the test message once for each change; return why it failed. The text is the emulator's own."""
        if self._are_topics_tested:
            return None
        for topic in deployment.topics:
            try:
                self._tools.topics.publish(topic, notifications.test_message())
            except CloudRefused as refused:
                return f"Unable to publish a test notification to {topic}: {refused}"
            except CloudUnreachable as unreachable:
                return f"Unable to reach SNS for a test notification to {topic}: {unreachable}"
        self._are_topics_tested = True
        return None

    def _save(self, endpoint: Endpoint) -> None:
        """Store the row; what is in memory changes after that, so that a step that could not store is repeated."""
        self._tools.context.catalog.save_endpoint(replace(endpoint, modified_at=self._tools.context.now()))
        self._are_topics_tested = False

    def _new_fleets(self, endpoint_name: str, deployment: Deployment) -> dict[str, Fleet]:
        return {plan.name: Fleet(endpoint_name, plan, self._tools.fleets) for plan in deployment.variants}

    def _limit(self, is_green: bool) -> int | None:
        endpoint = self._tools.context.catalog.endpoint_by_id(self.endpoint_id)
        if endpoint is None:
            return 0
        plan = endpoint.update
        deployment = plan.deployment if is_green and plan is not None and plan.deployment else endpoint.deployment
        settings = deployment.async_settings
        chosen = None if settings is None else settings.max_concurrent_per_instance
        return chosen or self._tools.context.settings.default_concurrency

    def _weighted(self) -> FleetSlot | None:
        endpoint = self._tools.context.catalog.endpoint_by_id(self.endpoint_id)
        if endpoint is None:
            return None
        names = [name for name, fleet in self._fleets.items() if fleet.healthy_count]
        weights = [endpoint.capacities[name].weight for name in names]
        if not names:
            return None
        chosen = random.choices(names, weights if sum(weights) > 0 else None)[0]  # noqa: S311 - routing, no secret
        return self._fleets[chosen].acquire(None)


def _capacities(pairs: Mapping[str, tuple[int, float]]) -> dict[str, Capacity]:
    return {name: Capacity(count, weight) for name, (count, weight) in pairs.items()}
