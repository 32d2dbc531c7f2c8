"""Answers Application Auto Scaling for the service namespace `sagemaker`. It writes rows; `scaler` acts on them.

Messages are the emulator's own where AWS's are not published.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.control_plane import listing
from harness.emulator.protocol.faults import AwsFault, invalid
from harness.emulator.protocol.operations import AUTO_SCALING, Operation
from harness.emulator.protocol.shapes import Document, Parameters
from harness.emulator.scaling.cloud_alarms import ScalingAlarms
from harness.emulator.scaling.documents import activity_document, alarm_documents, policy_document, target_document
from harness.emulator.scaling.records import DIMENSION, Policy, Records, Target
from harness.emulator.scaling.tracking import tracking_alarms

_SERVICE_ROLE = (
    "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


class ScalingApi:
    def __init__(self, context: EmulatorContext, records: Records, alarms: ScalingAlarms) -> None:
        self._catalog, self._account, self._now = context.catalog, context.account, context.now
        self._records, self._alarms = records, alarms

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(AUTO_SCALING, "RegisterScalableTarget", self.register_scalable_target),
            Operation(AUTO_SCALING, "DescribeScalableTargets", self.describe_scalable_targets),
            Operation(AUTO_SCALING, "DeregisterScalableTarget", self.deregister_scalable_target),
            Operation(AUTO_SCALING, "PutScalingPolicy", self.put_scaling_policy),
            Operation(AUTO_SCALING, "DescribeScalingPolicies", self.describe_scaling_policies),
            Operation(AUTO_SCALING, "DeleteScalingPolicy", self.delete_scaling_policy),
            Operation(AUTO_SCALING, "DescribeScalingActivities", self.describe_scaling_activities),
        )

    def register_scalable_target(self, request: Parameters) -> Document:
        resource_id = self._resource(request)
        known = self._records.target(resource_id)
        target = self._merged(resource_id, known, request)
        if not 0 <= target.min_capacity <= target.max_capacity:
            raise invalid("Maximum capacity cannot be less than minimum capacity, and neither can be below 0.")
        self._require_variant(target)
        self._records.put_target(target)
        return {"ScalableTargetARN": target.arn}

    def describe_scalable_targets(self, request: Parameters) -> Document:
        _require_namespace(request)
        wanted = request.get("ResourceIds")
        found = [it for it in self._records.targets() if wanted is None or it.resource_id in wanted]
        page, token = listing.page(found, _paging(request), lambda it: listing.Listed(it.resource_id, it.created_at, 0))
        return {"ScalableTargets": [target_document(it) for it in page], **_token(token)}

    def deregister_scalable_target(self, request: Parameters) -> Document:
        resource_id = self._resource(request)
        self._require_target(resource_id)
        self.forget(resource_id)
        return {}

    def put_scaling_policy(self, request: Parameters) -> Document:
        resource_id = self._resource(request)
        target = self._require_target(resource_id)
        kind, configuration = _configuration(request)
        known = self._records.policy(resource_id, request["PolicyName"])
        arn = known.arn if known is not None else self._policy_arn(resource_id, request["PolicyName"])
        policy = Policy(arn, request["PolicyName"], resource_id, kind, configuration, (), self._now())
        alarms = tracking_alarms(policy, target) if kind == "TargetTrackingScaling" else []
        if known is not None:
            self._alarms.remove(known.alarm_names)
        for alarm in alarms:
            self._alarms.put(alarm)
        policy = replace(policy, alarm_names=tuple(alarm.name for alarm in alarms))
        self._records.put_policy(policy)
        return {"PolicyARN": arn, "Alarms": alarm_documents(policy, self._account)}

    def describe_scaling_policies(self, request: Parameters) -> Document:
        _require_namespace(request)
        names = request.get("PolicyNames")
        found = [it for it in self._records.policies(request.get("ResourceId")) if names is None or it.name in names]
        page, token = listing.page(found, _paging(request), lambda it: listing.Listed(it.name, it.created_at, 0))
        return {"ScalingPolicies": [policy_document(it, self._account) for it in page], **_token(token)}

    def delete_scaling_policy(self, request: Parameters) -> Document:
        resource_id = self._resource(request)
        policy = self._records.policy(resource_id, request["PolicyName"])
        if policy is None:
            raise _not_found("scaling policy found", resource_id, f", policy name: {request['PolicyName']}")
        self._alarms.remove(policy.alarm_names)
        self._records.remove_policy(policy)
        return {}

    def describe_scaling_activities(self, request: Parameters) -> Document:
        _require_namespace(request)
        found = self._records.activities(request.get("ResourceId"))
        page, token = listing.page(found, _paging(request), lambda it: listing.Listed(it.id, it.started_at, 0))
        return {"ScalingActivities": [activity_document(it) for it in page], **_token(token)}

    def forget(self, resource_id: str) -> None:
        """Remove a target with its policies and their alarms."""
        for policy in self._records.policies(resource_id):
            self._alarms.remove(policy.alarm_names)
        self._records.remove_target(resource_id)

    def forget_endpoint(self, endpoint_name: str) -> None:
        """DeleteEndpoint deregisters the endpoint's targets."""
        for target in self._records.targets():
            if target.endpoint_name == endpoint_name:
                self.forget(target.resource_id)

    def _resource(self, request: Parameters) -> str:
        _require_namespace(request)
        resource_id: str = request["ResourceId"]
        pieces = resource_id.split("/")
        if len(pieces) != 4 or pieces[0] != "endpoint" or pieces[2] != "variant" or not all(pieces):
            raise invalid(f"Unsupported resource ID {resource_id!r}: expected endpoint/<name>/variant/<name>.")
        if request["ScalableDimension"] != DIMENSION:
            raise invalid(f"Unsupported scalable dimension {request['ScalableDimension']}: expected {DIMENSION}.")
        return resource_id

    def _merged(self, resource_id: str, known: Target | None, request: Parameters) -> Target:
        least, most = request.get("MinCapacity"), request.get("MaxCapacity")
        if known is None:
            if least is None or most is None:
                raise invalid("Both MinCapacity and MaxCapacity are required to register a new scalable target.")
            arn = self._account.arn("application-autoscaling", f"scalable-target/{uuid.uuid4().hex[:24]}")
            role = f"arn:aws:iam::{self._account.account_id}:role/{_SERVICE_ROLE}"
            known = Target(resource_id, arn, least, most, request.get("RoleARN") or role, self._now())
        suspended = request.get("SuspendedState") or {}
        return replace(
            known,
            min_capacity=known.min_capacity if least is None else least,
            max_capacity=known.max_capacity if most is None else most,
            is_in_suspended=suspended.get("DynamicScalingInSuspended", known.is_in_suspended),
            is_out_suspended=suspended.get("DynamicScalingOutSuspended", known.is_out_suspended),
            is_scheduled_suspended=suspended.get("ScheduledScalingSuspended", known.is_scheduled_suspended),
        )

    def _require_variant(self, target: Target) -> None:
        endpoint = self._catalog.endpoint(self._account.endpoint(target.endpoint_name))
        if endpoint is None or endpoint.deployment.variant(target.variant_name) is None:
            raise invalid(f"No endpoint variant was found for resource ID: {target.resource_id}")
        if target.min_capacity == 0 and endpoint.deployment.async_request is None:
            raise invalid("Minimum capacity 0 is supported only by endpoints with an AsyncInferenceConfig.")

    def _require_target(self, resource_id: str) -> Target:
        target = self._records.target(resource_id)
        if target is None:
            raise _not_found("scalable target registered", resource_id)
        return target

    def _policy_arn(self, resource_id: str, name: str) -> str:
        resource = f"scalingPolicy:{uuid.uuid4()}:resource/sagemaker/{resource_id}:policyName/{name}"
        return self._account.arn("autoscaling", resource)


def _require_namespace(request: Parameters) -> None:
    if request["ServiceNamespace"] != "sagemaker":
        raise invalid(f"Service namespace {request['ServiceNamespace']} is not emulated; only sagemaker is.")


def _configuration(request: Parameters) -> tuple[str, Parameters]:
    step, tracking = (
        request.get("StepScalingPolicyConfiguration"),
        request.get("TargetTrackingScalingPolicyConfiguration"),
    )
    kind = request.get("PolicyType", "TargetTrackingScaling" if tracking is not None else "StepScaling")
    if kind == "StepScaling" and step is not None and tracking is None:
        if not step.get("StepAdjustments") or not step.get("AdjustmentType"):
            raise invalid(
                "AdjustmentType and at least one step adjustment must be specified for a step scaling policy."
            )
        return kind, step
    if kind == "TargetTrackingScaling" and tracking is not None and step is None:
        _require_metric(tracking)
        return kind, tracking
    raise invalid("Exactly one policy configuration, that of the PolicyType, must be specified.")


def _require_metric(tracking: Parameters) -> None:
    predefined, customized = (
        tracking.get("PredefinedMetricSpecification"),
        tracking.get("CustomizedMetricSpecification"),
    )
    if (predefined is None) == (customized is None):
        raise invalid("Exactly one of predefined and customized metric specification must be specified.")
    if tracking["TargetValue"] <= 0:
        raise invalid("TargetValue must be above 0.")
    if predefined is not None and predefined["PredefinedMetricType"] != "SageMakerVariantInvocationsPerInstance":
        raise invalid(f"Predefined metric {predefined['PredefinedMetricType']} is not emulated.")
    if customized is not None and not (customized.get("MetricName") and customized.get("Statistic")):
        raise invalid("A customized metric needs MetricName, Namespace and Statistic; metric math is not emulated.")


def _not_found(what: str, resource_id: str, more: str = "") -> AwsFault:
    where = f"service namespace: sagemaker, resource ID: {resource_id}, scalable dimension: {DIMENSION}"
    return AwsFault("ObjectNotFoundException", f"No {what} for {where}{more}")


def _paging(request: Parameters) -> Parameters:
    return {"MaxResults": request.get("MaxResults", 50), "NextToken": request.get("NextToken")}


def _token(token: str | None) -> Document:
    return {"NextToken": token} if token else {}
