"""Targets, policies and activities as the API's answers show them."""

from __future__ import annotations

from harness.emulator.context.arns import Account
from harness.emulator.context.timestamps import epoch_millis
from harness.emulator.protocol.shapes import Document
from harness.emulator.scaling.records import DIMENSION, Activity, Policy, Target


def policy_document(policy: Policy, account: Account) -> Document:
    return {
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": policy.resource_id,
        "ScalableDimension": DIMENSION,
        "PolicyType": policy.kind,
        f"{policy.kind}PolicyConfiguration": dict(policy.configuration),
        "Alarms": alarm_documents(policy, account),
        "CreationTime": epoch_millis(policy.created_at),
    }


def alarm_documents(policy: Policy, account: Account) -> list[Document]:
    return [{"AlarmName": name, "AlarmARN": account.arn("cloudwatch", f"alarm:{name}")} for name in policy.alarm_names]


def target_document(target: Target) -> Document:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": target.resource_id,
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": target.role_arn,
        "CreationTime": epoch_millis(target.created_at),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.is_in_suspended,
            "DynamicScalingOutSuspended": target.is_out_suspended,
            "ScheduledScalingSuspended": target.is_scheduled_suspended,
        },
        "ScalableTargetARN": target.arn,
    }


def activity_document(activity: Activity) -> Document:
    document: Document = {
        "ActivityId": activity.id,
        "ServiceNamespace": "sagemaker",
        "ResourceId": activity.resource_id,
        "ScalableDimension": DIMENSION,
        "Description": f"Setting desired instance count to {activity.capacity}.",
        "Cause": activity.cause,
        "StartTime": epoch_millis(activity.started_at),
        "StatusCode": activity.status,
    }
    if activity.ended_at is not None:
        document["EndTime"] = epoch_millis(activity.ended_at)
    return {**document, "StatusMessage": activity.message} if activity.message else document
