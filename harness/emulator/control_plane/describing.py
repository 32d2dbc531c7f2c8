"""DescribeEndpoint's answer, from the endpoint's row and the instances that are healthy now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from harness.emulator.context.timestamps import epoch_millis
from harness.emulator.endpoints.rollout import Phase
from harness.emulator.protocol.shapes import Document
from harness.emulator.store.catalog import CREATING, DELETING, UPDATING, Endpoint
from harness.emulator.store.deployment import VariantPlan
from harness.emulator.store.update_plan import UpdatePlan


def describe(endpoint: Endpoint, counts: Mapping[str, int], phase: Phase) -> Document:
    document: Document = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.deployment.config_name,
        "EndpointStatus": endpoint.status,
        "CreationTime": epoch_millis(endpoint.created_at),
        "LastModifiedTime": epoch_millis(endpoint.modified_at),
    }
    if endpoint.status not in (CREATING, "Failed"):
        document["ProductionVariants"] = [_variant(endpoint, plan, counts) for plan in endpoint.deployment.variants]
    optional = {
        "FailureReason": endpoint.failure_reason,
        "AsyncInferenceConfig": endpoint.deployment.async_request,
        "LastDeploymentConfig": endpoint.last_deployment_config,
        "PendingDeploymentSummary": _pending(endpoint, phase),
    }
    return document | {name: value for name, value in optional.items() if value is not None}


def _variant(endpoint: Endpoint, plan: VariantPlan, counts: Mapping[str, int]) -> Document:
    capacity = endpoint.capacities[plan.name]
    desired_count, desired_weight = capacity.instance_count, capacity.weight
    if endpoint.update is not None and endpoint.update.deployment is None:
        desired_count, desired_weight = endpoint.update.capacities[plan.name]
    status = {UPDATING: "Updating", DELETING: "Deleting"}.get(endpoint.status)
    return {
        "VariantName": plan.name,
        "DeployedImages": [_image(plan.image, endpoint.created_at)],
        "CurrentWeight": capacity.weight,
        "DesiredWeight": desired_weight,
        "CurrentInstanceCount": counts.get(plan.name, 0),
        "DesiredInstanceCount": desired_count,
        **({"VariantStatus": [{"Status": status}]} if status else {}),
    }


def _pending(endpoint: Endpoint, phase: Phase) -> Document | None:
    if endpoint.status == CREATING:
        variants = [_pending_variant(plan, plan.initial_instance_count, phase) for plan in endpoint.deployment.variants]
        name, started_at = endpoint.deployment.config_name, endpoint.created_at
    elif endpoint.update is not None and endpoint.update.deployment is not None:
        plan: UpdatePlan = endpoint.update
        deployment = endpoint.update.deployment
        variants = [_pending_variant(it, plan.capacities[it.name][0], phase) for it in deployment.variants]
        name, started_at = deployment.config_name, plan.started_at
    else:
        return None
    return {"EndpointConfigName": name, "ProductionVariants": variants, "StartTime": epoch_millis(started_at)}


def _pending_variant(plan: VariantPlan, desired: int, phase: Phase) -> Document:
    return {
        "VariantName": plan.name,
        "InstanceType": plan.instance_type,
        "DesiredInstanceCount": desired,
        "DesiredWeight": plan.initial_weight,
        "VariantStatus": [{"Status": phase.status, **({"StatusMessage": phase.message} if phase.message else {})}],
    }


def _image(image: str, at: float) -> Document:
    """The digest is the image name's, because the emulator pulls no image here."""
    repository = image.partition("@")[0].rpartition(":")[0] or image
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {
        "SpecifiedImage": image,
        "ResolvedImage": f"{repository}@sha256:{digest}",
        "ResolutionTime": epoch_millis(at),
    }
