"""Derives the least privileges of the execution role and the deployer for one project and account (`deploy policy`).

Sources: AWS service authorization reference; developer guide, "SageMaker roles" (CreateModel execution role),
"Prerequisites" of asynchronous inference, "Deployment guardrails" (DescribeAlarms), "Confused deputy" (trust).
List calls and most describe calls of Application Auto Scaling accept only `*` as a resource.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.config import Project
from deploy.config.images import partition
from deploy.resources.monitoring import DEPLOY_METRICS

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Policies:
    trust: Mapping[str, Any]
    """Who may assume the execution role."""
    execution: Mapping[str, Any]
    """What the container may do, and SageMaker on its behalf."""
    deployer: Mapping[str, Any]
    """What `deploy` does."""


@dataclass(frozen=True)
class _Place:
    project: Project
    account: str

    def arn(self, service: str, resource: str) -> str:
        region = self.project.endpoint.region
        return f"arn:{partition(region)}:{service}:{region}:{self.account}:{resource}"

    def sagemaker(self, resource: str) -> str:
        """The ARN of a SageMaker resource, in which SageMaker writes names in lower case."""
        return self.arn("sagemaker", resource.lower())

    def iam(self, resource: str) -> str:
        return f"arn:{partition(self.project.endpoint.region)}:iam::{self.account}:{resource}"

    def s3(self, path: str = "") -> str:
        return f"arn:{partition(self.project.endpoint.region)}:s3:::{self.project.bucket(self.account)}{path}"

    def topics(self) -> list[str]:
        return [self.arn("sns", name) for name in (self.project.success_topic, self.project.error_topic)]

    @property
    def role(self) -> str:
        """The project's role, or the one that deploy/terraform creates."""
        return self.project.endpoint.role_arn or self.iam(f"role/{self.project.name}-exec")


def policy(project: Project, account: str) -> Policies:
    place = _Place(project, account)
    return Policies(_document([_trust(place)]), _document(_execution(place)), _document(_deployer(place)))


def actions(document: Mapping[str, Any]) -> frozenset[str]:
    """Every action that a policy allows."""
    return frozenset(action for statement in document["Statement"] for action in statement["Action"])


def _document(statements: Sequence[Statement]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _of(service: str, names: str) -> list[str]:
    return [f"{service}:{name}" for name in names.split()]


def _allow(
    sid: str, allowed: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    conditions = {"Condition": condition} if condition else {}
    return {"Sid": sid, "Effect": "Allow", "Action": list(allowed), "Resource": list(resources), **conditions}


def _trust(place: _Place) -> Statement:
    """Uses the source condition that AWS publishes for hosting; an endpoint's ARN would be too narrow."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": ["sts:AssumeRole"],
        "Condition": {"ArnLike": {"aws:SourceArn": place.arn("sagemaker", "*")}},
    }


def _execution(place: _Place) -> list[Statement]:
    """Allows ListBucket on the bucket itself: without it S3 reports a missing input as access denied."""
    project, storage = place.project, place.project.storage
    group = place.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{project.endpoint_name}*")
    repositories = place.arn("ecr", "repository/*").replace(f":{place.account}:", ":*:")
    inputs = [place.s3(f"/{prefix}/*") for prefix in (storage.models, storage.input)]
    results = [place.s3(f"/{prefix}/*") for prefix in (storage.output, storage.failure)]
    own_metrics = {"cloudwatch:namespace": ["AWS/SageMaker*", "/aws/sagemaker/*"]}
    alarms = [place.arn("cloudwatch", f"alarm:{project.endpoint_name}-*")]
    pull = "BatchCheckLayerAvailability GetDownloadUrlForLayer BatchGetImage"
    write_logs = "CreateLogGroup CreateLogStream PutLogEvents DescribeLogStreams"
    return [
        _allow("ReadModelAndInputs", _of("s3", "GetObject"), inputs),
        _allow("WriteResults", _of("s3", "PutObject AbortMultipartUpload"), results),
        _allow("SeeBucket", _of("s3", "ListBucket"), [place.s3()]),
        _allow("Notify", _of("sns", "Publish"), place.topics()),
        _allow("WriteLogs", _of("logs", write_logs), [group, f"{group}:log-stream:*"]),
        _allow("WriteMetrics", _of("cloudwatch", "PutMetricData"), ["*"], {"StringLike": own_metrics}),
        _allow("SeeRollbackAlarms", _of("cloudwatch", "DescribeAlarms"), alarms),
        _allow("PullImageToken", _of("ecr", "GetAuthorizationToken"), ["*"]),
        _allow("PullImage", _of("ecr", pull), [repositories]),
    ]


def _deployer(place: _Place) -> list[Statement]:
    return [*_deployer_sagemaker(place), *_deployer_data(place), *_deployer_monitoring(place)]


def _deployer_sagemaker(place: _Place) -> list[Statement]:
    """Makes the instance type a condition on creating configurations, which also guards the budget."""
    project = place.project
    model = place.sagemaker(f"model/{project.name}-*")
    config = place.sagemaker(f"endpoint-config/{project.name}-*")
    endpoint = place.sagemaker(f"endpoint/{project.endpoint_name}")
    only_this_type = {
        "ForAllValues:StringEquals": {"sagemaker:InstanceTypes": [project.endpoint.instance_type]},
        "Null": {"sagemaker:InstanceTypes": "false"},
    }
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    endpoints = "CreateEndpoint UpdateEndpoint DescribeEndpoint DeleteEndpoint"
    configurations = "DescribeEndpointConfig DeleteEndpointConfig"
    return [
        _allow("Models", _of("sagemaker", "CreateModel DescribeModel DeleteModel"), [model]),
        _allow("CreateConfigurations", _of("sagemaker", "CreateEndpointConfig"), [config], only_this_type),
        _allow("Configurations", _of("sagemaker", configurations), [config]),
        _allow("Endpoints", _of("sagemaker", endpoints), [endpoint, config]),
        _allow("Invoke", _of("sagemaker", "InvokeEndpointAsync"), [endpoint]),
        _allow("Tag", _of("sagemaker", "AddTags ListTags"), [model, config, endpoint]),
        _allow("ListEndpoints", _of("sagemaker", "ListEndpoints"), ["*"]),
        _allow("PassRole", _of("iam", "PassRole"), [place.role], to_sagemaker),
    ]


def _deployer_data(place: _Place) -> list[Statement]:
    storage = place.project.storage
    owned = " CreateBucket DeleteBucket" if storage.create_bucket else ""
    prefixes = (storage.models, storage.releases, storage.input, storage.output, storage.failure)
    objects = [place.s3(f"/{prefix}/*") for prefix in prefixes]
    topics = "CreateTopic GetTopicAttributes TagResource DeleteTopic"
    return [
        _allow("Bucket", _of("s3", f"ListBucket ListBucketVersions GetBucketLocation{owned}"), [place.s3()]),
        _allow("Objects", _of("s3", "GetObject PutObject DeleteObject DeleteObjectVersion"), objects),
        _allow("Topics", _of("sns", topics), place.topics()),
    ]


def _deployer_monitoring(place: _Place) -> list[Statement]:
    """Includes alarms, because target tracking creates its own with the caller's permissions."""
    name = place.project.endpoint_name
    service = "sagemaker.application-autoscaling.amazonaws.com"
    linked_role = place.iam(
        f"role/aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
    for_scaling = {"StringLike": {"iam:AWSServiceName": service}}
    alarms = [place.arn("cloudwatch", f"alarm:{each}*") for each in (f"{name}-", f"TargetTracking-endpoint/{name}")]
    dashboard = place.arn("cloudwatch", f"dashboard/{name}").replace(f":{place.project.endpoint.region}:", "::")
    log_group = place.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{name}:*")
    targets = "RegisterScalableTarget DeregisterScalableTarget DescribeScalableTargets"
    policies = "PutScalingPolicy DeleteScalingPolicy DescribeScalingPolicies"
    smoke_metric = {"StringEquals": {"cloudwatch:namespace": DEPLOY_METRICS}}
    return [
        _allow("Scaling", _of("application-autoscaling", f"{targets} {policies}"), ["*"]),
        _allow("ScalingLinkedRole", _of("iam", "CreateServiceLinkedRole"), [linked_role], for_scaling),
        _allow("Alarms", _of("cloudwatch", "PutMetricAlarm DeleteAlarms DescribeAlarms"), alarms),
        _allow("Dashboards", _of("cloudwatch", "PutDashboard DeleteDashboards"), [dashboard]),
        _allow("ReadMetrics", _of("cloudwatch", "ListDashboards GetMetricData"), ["*"]),
        _allow("SmokeMetric", _of("cloudwatch", "PutMetricData"), ["*"], smoke_metric),
        _allow("ReadLogs", _of("logs", "FilterLogEvents"), [log_group]),
        _allow("Price", _of("pricing", "GetProducts"), ["*"]),
        _allow("SeeRole", _of("iam", "GetRole SimulatePrincipalPolicy"), [place.role]),
        _allow("Quota", _of("servicequotas", "ListServiceQuotas"), ["*"]),
    ]
