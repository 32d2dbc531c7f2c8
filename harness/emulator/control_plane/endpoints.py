"""Answers CreateEndpoint, DescribeEndpoint, DeleteEndpoint, ListEndpoints and the two UpdateEndpoint operations.

They write the desired state as rows and answer at once; the package `endpoints` brings the state about. They change no
row of a busy endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.context.timestamps import epoch_millis
from harness.emulator.control_plane import listing
from harness.emulator.control_plane.describing import describe
from harness.emulator.control_plane.endpoint_configs import Configs
from harness.emulator.control_plane.tags import Tags
from harness.emulator.endpoints.rollout import Phase
from harness.emulator.protocol import faults
from harness.emulator.protocol.operations import SAGEMAKER, Operation
from harness.emulator.protocol.shapes import Document, Parameters
from harness.emulator.store.catalog import BUSY, CREATING, DELETING, FAILED, UPDATING, Capacity, Endpoint
from harness.emulator.store.deployment import Deployment
from harness.emulator.store.update_plan import UpdatePlan

KIND = "endpoint"
# From an endpoint's id to its healthy instances by variant.
InstanceCounts = Callable[[int], Mapping[str, int]]


class Fleets(Protocol):
    """The instances of an endpoint, by the endpoint's id."""

    def instance_counts(self, endpoint_id: int) -> Mapping[str, int]:
        """Healthy instances by variant."""
        ...

    def phase(self, endpoint_id: int) -> Phase: ...


class Endpoints:
    def __init__(
        self,
        context: EmulatorContext,
        configs: Configs,
        tags: Tags,
        fleets: Fleets,
        is_scaled: Callable[[str, str], bool],
    ) -> None:
        """`is_scaled` tells whether a variant of an endpoint is a registered scalable target."""
        self._catalog, self._account, self._now = context.catalog, context.account, context.now
        self._instance_quota = context.settings.instance_quota
        self._configs, self._tags, self._fleets, self._is_scaled = configs, tags, fleets, is_scaled

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(SAGEMAKER, "CreateEndpoint", self.create_endpoint),
            Operation(SAGEMAKER, "DescribeEndpoint", self.describe_endpoint),
            Operation(SAGEMAKER, "UpdateEndpoint", self.update_endpoint),
            Operation(SAGEMAKER, "UpdateEndpointWeightsAndCapacities", self.update_endpoint_weights_and_capacities),
            Operation(SAGEMAKER, "DeleteEndpoint", self.delete_endpoint),
            Operation(SAGEMAKER, "ListEndpoints", self.list_endpoints),
        )

    def create_endpoint(self, request: Parameters) -> Document:
        name = request["EndpointName"]
        arn = self._account.endpoint(name)
        deployment = self._configs.deployment(request["EndpointConfigName"])
        now = self._now()
        endpoint = Endpoint(0, arn, name, CREATING, None, now, now, deployment, _initial(deployment),
                            last_deployment_config=request.get("DeploymentConfig"))  # fmt: skip
        with self._catalog.store.transaction():
            if self._catalog.endpoint(arn) is not None:
                raise faults.already_exists(KIND, arn)
            self._require_quota(deployment, 0, _pairs(endpoint.capacities))
            self._catalog.add_endpoint(endpoint)
            self._tags.put(arn, request.get("Tags"))
        return {"EndpointArn": arn}

    def describe_endpoint(self, request: Parameters) -> Document:
        endpoint = self.find(request["EndpointName"])
        return describe(endpoint, self._fleets.instance_counts(endpoint.id), self._fleets.phase(endpoint.id))

    def list_endpoints(self, request: Parameters) -> Document:
        found, token = listing.page(self._catalog.endpoints(), request, _listed)
        return {"Endpoints": [_summary(endpoint) for endpoint in found], **({"NextToken": token} if token else {})}

    def delete_endpoint(self, request: Parameters) -> None:
        with self._catalog.store.transaction():
            endpoint = self._idle(request["EndpointName"], may_be_failed=True)
            self._catalog.save_endpoint(replace(endpoint, status=DELETING, modified_at=self._now()))

    def update_endpoint(self, request: Parameters) -> Document:
        with self._catalog.store.transaction():
            endpoint = self._idle(request["EndpointName"])
            deployment = self._configs.deployment(request["EndpointConfigName"])
            if endpoint.deployment.async_request is not None and deployment.async_request is None:
                raise faults.invalid(
                    f"The AsyncInferenceConfig parameter cannot be removed from this endpoint {endpoint.name}."
                    " To change the endpoint's inference type, create a new endpoint."
                )
            if endpoint.deployment.async_request is None and deployment.async_request is not None:
                raise faults.invalid(
                    f"The AsyncInferenceConfig parameter cannot be added to this endpoint {endpoint.name}."
                    " To change the endpoint's inference type, create a new endpoint."
                )
            self._require_unscaled(endpoint, deployment)
            capacities = _retained(endpoint, deployment, request)
            self._begin(endpoint, UpdatePlan(self._now(), deployment, capacities, _policy(endpoint, request),
                                             _pairs(endpoint.capacities)))  # fmt: skip
        return {"EndpointArn": endpoint.arn}

    def update_endpoint_weights_and_capacities(self, request: Parameters) -> Document:
        with self._catalog.store.transaction():
            endpoint = self._idle(request["EndpointName"])
            changes = request["DesiredWeightsAndCapacities"]
            self._require_variants(endpoint, [change["VariantName"] for change in changes])
            _require_capacity(endpoint, changes)
            capacities = {
                **_pairs(endpoint.capacities),
                **{it["VariantName"]: _changed(endpoint, it) for it in changes},
            }
            self._begin(endpoint, UpdatePlan(self._now(), None, capacities, None, _pairs(endpoint.capacities)))
        return {"EndpointArn": endpoint.arn}

    def find(self, name: str) -> Endpoint:
        arn = self._account.endpoint(name)
        endpoint = self._catalog.endpoint(arn)
        if endpoint is None:
            raise faults.could_not_find(KIND, arn)
        return endpoint

    def _idle(self, name: str, *, may_be_failed: bool = False) -> Endpoint:
        endpoint = self.find(name)
        if endpoint.status in BUSY or (endpoint.status == FAILED and not may_be_failed):
            raise faults.in_progress(endpoint.arn)
        return endpoint

    def _require_quota(self, deployment: Deployment, now: int, wanted: Mapping[str, tuple[int, float]]) -> None:
        """`now` is the number of instances that the endpoint has already."""
        used = sum(each.instance_count for it in self._catalog.endpoints() for each in it.capacities.values())
        delta = sum(count for count, _ in wanted.values()) - now
        if delta > 0 and used + delta > self._instance_quota:
            raise faults.over_quota(deployment.variants[0].instance_type, self._instance_quota, used, delta)

    def _begin(self, endpoint: Endpoint, plan: UpdatePlan) -> None:
        now = sum(capacity.instance_count for capacity in endpoint.capacities.values())
        self._require_quota(plan.deployment or endpoint.deployment, now, plan.capacities)
        self._catalog.save_endpoint(replace(endpoint, status=UPDATING, update=plan, modified_at=self._now()))

    def _require_unscaled(self, endpoint: Endpoint, deployment: Deployment) -> None:
        """Source: developer guide, "Update endpoints that use automatic scaling"; the text is from memory."""
        scaled = [
            plan.name
            for plan in endpoint.deployment.variants
            if self._is_scaled(endpoint.name, plan.name) and _type_of(deployment, plan.name) != plan.instance_type
        ]
        if scaled:
            raise faults.invalid(
                f'The variant(s) "[{", ".join(scaled)}]" must be deregistered as a scalable target with AWS Auto'
                " Scaling before they can be removed or have their instance type updated."
            )

    def _require_variants(self, endpoint: Endpoint, names: Sequence[str]) -> None:
        unknown = [name for name in names if endpoint.deployment.variant(name) is None]
        if unknown:
            quoted = ", ".join(f'"{name}"' for name in unknown)
            raise faults.invalid(
                f"The variant name(s) {quoted} is/are not present within endpoint configuration"
                f' "{endpoint.deployment.config_name}".'
            )


def _initial(deployment: Deployment) -> dict[str, Capacity]:
    return {plan.name: Capacity(plan.initial_instance_count, plan.initial_weight) for plan in deployment.variants}


def _pairs(capacities: Mapping[str, Capacity]) -> dict[str, tuple[int, float]]:
    return {name: (capacity.instance_count, capacity.weight) for name, capacity in capacities.items()}


def _policy(endpoint: Endpoint, request: Parameters) -> Mapping[str, Any] | None:
    given: Mapping[str, Any] | None = request.get("DeploymentConfig")
    if given is None and request.get("RetainDeploymentConfig"):
        return endpoint.last_deployment_config
    if given is not None and ("BlueGreenUpdatePolicy" in given) and ("RollingUpdatePolicy" in given):
        raise faults.invalid("Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified.")
    return given


def _retained(endpoint: Endpoint, deployment: Deployment, request: Parameters) -> dict[str, tuple[int, float]]:
    """Return count and weight of the new config, unless the caller retains the variants' current ones."""
    excluded = {it["VariantPropertyType"] for it in request.get("ExcludeRetainedVariantProperties") or ()}
    wanted = _pairs(_initial(deployment))
    if not request.get("RetainAllVariantProperties"):
        return wanted
    for name, (count, weight) in wanted.items():
        now = endpoint.capacities.get(name)
        if now is not None:
            kept_count = count if "DesiredInstanceCount" in excluded else now.instance_count
            wanted[name] = (kept_count, weight if "DesiredWeight" in excluded else now.weight)
    return wanted


def _changed(endpoint: Endpoint, change: Parameters) -> tuple[int, float]:
    now = endpoint.capacities[change["VariantName"]]
    return (change.get("DesiredInstanceCount", now.instance_count), float(change.get("DesiredWeight", now.weight)))


def _require_capacity(endpoint: Endpoint, changes: Sequence[Parameters]) -> None:
    """Only asynchronous endpoints scale to zero. The text is the emulator's own."""
    to_zero = any(change.get("DesiredInstanceCount") == 0 for change in changes)
    if to_zero and endpoint.deployment.async_request is None:
        raise faults.invalid("DesiredInstanceCount 0 is supported only by endpoints with an AsyncInferenceConfig.")


def _type_of(deployment: Deployment, variant_name: str) -> str | None:
    plan = deployment.variant(variant_name)
    return None if plan is None else plan.instance_type


def _listed(endpoint: Endpoint) -> listing.Listed:
    return listing.Listed(endpoint.name, endpoint.created_at, endpoint.modified_at, endpoint.status)


def _summary(endpoint: Endpoint) -> Document:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": epoch_millis(endpoint.created_at),
        "LastModifiedTime": epoch_millis(endpoint.modified_at),
        "EndpointStatus": endpoint.status,
    }
