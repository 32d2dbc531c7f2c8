"""A cloud in memory behind real boto3 clients: parameters are validated by botocore, only the sending is replaced."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.loaders
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from deploy.aws import LOCAL_ACCOUNT, Clients, Target
from deploy.core.waiting import Clock

REGION = "us-east-1"
_LOADER = botocore.loaders.create_loader()
"""Shared, because reading SageMaker's service model takes longer than any test."""
_ARN = f"arn:aws:sagemaker:{REGION}:{LOCAL_ACCOUNT}"


class Refusal(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass
class FakeCloud:
    """Endpoints move one status for each look at them; `fate` says where a new fleet ends."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    refuse: dict[str, list[Refusal]] = field(default_factory=dict)
    """Refusals to answer an operation with, used up from the front."""
    crash_after: str | None = None
    """Raises KeyboardInterrupt once the named operation has been carried out."""
    after: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What happens in the account, once, when the named operation has been carried out."""
    fate: str = "InService"
    fates: list[str] = field(default_factory=list)
    """Of the first new endpoints, used up from the front; the rest share `fate`."""
    failure_reason: str = ""
    buckets: dict[str, str] = field(default_factory=dict)
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    topics: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    slept_seconds: list[float] = field(default_factory=list)

    def real_clients(self) -> Clients:
        """Clients that take themselves for AWS's; nothing is sent all the same."""
        return _answered_by(self, Target.real(REGION))

    def clients(self, region: str = REGION) -> Clients:
        return _answered_by(
            self, Target.local(region, cloud_url="http://cloud.invalid", sagemaker_url="http://sm.invalid")
        )

    def clock(self) -> Clock:
        def sleep(seconds: float) -> None:
            self.slept_seconds.append(seconds)

        return Clock(now=lambda: sum(self.slept_seconds), sleep=sleep)

    def names(self) -> set[str]:
        """Everything that exists."""
        objects = {f"s3://{bucket}/{key}" for bucket, key in self.objects}
        return {*self.buckets, *objects, *self.topics, *self.models, *self.configs, *self.endpoints}

    def changes(self) -> list[str]:
        reading = ("Describe", "Get", "Head", "List")
        return [operation for _, operation in self.calls if not operation.startswith(reading)]

    def carry_out(self, service: str, operation: str, params: Mapping[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
        self.calls.append((service, operation))
        carry_out: Callable[[Mapping[str, Any]], dict[str, Any] | None] = getattr(self, f"_{_snake(operation)}")
        try:
            if self.refuse.get(operation):
                raise self.refuse[operation].pop(0)
            parsed = carry_out(params) or {}
        except Refusal as refusal:
            error = {"Code": refusal.code, "Message": refusal.message}
            return _http(refusal.status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": refusal.status}}
        finally:
            self.after.pop(operation, lambda: None)()
        if self.crash_after == operation:
            self.crash_after = None
            raise KeyboardInterrupt
        return _http(200), {**parsed, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _get_caller_identity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Account": LOCAL_ACCOUNT, "Arn": f"arn:aws:iam::{LOCAL_ACCOUNT}:root", "UserId": "test"}

    def _get_bucket_location(self, params: Mapping[str, Any]) -> dict[str, Any]:
        region = self._bucket(params)
        return {} if region == "us-east-1" else {"LocationConstraint": region}

    def _create_bucket(self, params: Mapping[str, Any]) -> None:
        region = params.get("CreateBucketConfiguration", {}).get("LocationConstraint", "us-east-1")
        self.buckets[params["Bucket"]] = region

    def _delete_bucket(self, params: Mapping[str, Any]) -> None:
        self._bucket(params)
        if any(bucket == params["Bucket"] for bucket, _ in self.objects):
            raise Refusal("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
        del self.buckets[params["Bucket"]]

    def _head_object(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._bucket(params)
        if (params["Bucket"], params["Key"]) not in self.objects:
            raise Refusal("404", "Not Found", 404)
        return self.objects[params["Bucket"], params["Key"]]

    def _put_object(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        self._bucket(params)
        key = (params["Bucket"], params["Key"])
        if params.get("IfNoneMatch") == "*" and key in self.objects:
            raise Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        data = params["Body"].read()
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        if params.get("ChecksumSHA256", checksum) != checksum:
            raise Refusal("BadDigest", "The SHA256 you specified did not match the calculated checksum.")
        self.objects[key] = {
            "ContentLength": len(data),
            "ChecksumSHA256": checksum,
            "Metadata": params.get("Metadata", {}),
        }
        return None

    def _list_object_versions(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._bucket(params)
        prefix = params.get("Prefix", "")
        keys = [key for bucket, key in self.objects if bucket == params["Bucket"] and key.startswith(prefix)]
        return {"Versions": [{"Key": key, "VersionId": "null"} for key in keys], "IsTruncated": False}

    def _delete_object(self, params: Mapping[str, Any]) -> None:
        self._bucket(params)
        self.objects.pop((params["Bucket"], params["Key"]), None)

    def _get_topic_attributes(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if params["TopicArn"] not in self.topics:
            raise Refusal("NotFound", "Topic does not exist", 404)
        return {"Attributes": {"TopicArn": params["TopicArn"]}}

    def _create_topic(self, params: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:sns:{REGION}:{LOCAL_ACCOUNT}:{params['Name']}"
        self.topics[arn] = params
        return {"TopicArn": arn}

    def _delete_topic(self, params: Mapping[str, Any]) -> None:
        self.topics.pop(params["TopicArn"], None)

    def _create_model(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return self._create(self.models, "model", params["ModelName"], params)

    def _describe_model(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return _found(self.models, "model", params["ModelName"])

    def _delete_model(self, params: Mapping[str, Any]) -> None:
        _found(self.models, "model", params["ModelName"])
        del self.models[params["ModelName"]]

    def _create_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        for variant in params["ProductionVariants"]:
            _found(self.models, "model", variant["ModelName"])
        return self._create(self.configs, "endpoint configuration", params["EndpointConfigName"], params)

    def _describe_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return _found(self.configs, "endpoint configuration", params["EndpointConfigName"])

    def _delete_endpoint_config(self, params: Mapping[str, Any]) -> None:
        _found(self.configs, "endpoint configuration", params["EndpointConfigName"])
        del self.configs[params["EndpointConfigName"]]

    def _create_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        _found(self.configs, "endpoint configuration", params["EndpointConfigName"])
        moving = {**params, "EndpointStatus": "Creating", "ahead": self._road("Creating", params["EndpointConfigName"])}
        return self._create(self.endpoints, "endpoint", params["EndpointName"], moving)

    def _update_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        found = _found(self.endpoints, "endpoint", params["EndpointName"])
        _found(self.configs, "endpoint configuration", params["EndpointConfigName"])
        config = params["EndpointConfigName"] if self.fate == "InService" else found["EndpointConfigName"]
        found |= {"EndpointStatus": "Updating", "ahead": self._road("Updating", config)}
        return {"EndpointArn": f"{_ARN}:endpoint/{params['EndpointName']}"}

    def _describe_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        found = _found(self.endpoints, "endpoint", params["EndpointName"])
        ahead: Iterator[dict[str, Any]] = found["ahead"]
        found |= next(ahead, {})
        if found["EndpointStatus"] == "Deleted":
            del self.endpoints[params["EndpointName"]]
        return _found(self.endpoints, "endpoint", params["EndpointName"])

    def _delete_endpoint(self, params: Mapping[str, Any]) -> None:
        found = _found(self.endpoints, "endpoint", params["EndpointName"])
        found |= {"EndpointStatus": "Deleting", "ahead": iter([{}, {"EndpointStatus": "Deleted"}])}

    def _road(self, through: str, config: str) -> Iterator[dict[str, Any]]:
        """Two looks in transit, then the end: `fate` of a new endpoint, InService on `config` after an update."""
        fate = self.fates.pop(0) if self.fates and through == "Creating" else self.fate
        end = {"EndpointStatus": fate, "FailureReason": self.failure_reason}
        if through == "Updating":
            end = {"EndpointStatus": "InService", "EndpointConfigName": config}
        return iter([{}, {}, end])

    def _create(
        self, store: dict[str, dict[str, Any]], kind: str, name: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        arn = f"{_ARN}:{kind.replace('endpoint configuration', 'endpoint-config')}/{name}"
        if name in store:
            raise Refusal("ValidationException", f'Cannot create already existing {kind} "{arn}".')
        store[name] = {**params, "EndpointArn": arn}
        return {"ModelArn": arn, "EndpointConfigArn": arn, "EndpointArn": arn}

    def _bucket(self, params: Mapping[str, Any]) -> str:
        if params["Bucket"] not in self.buckets:
            raise Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
        return self.buckets[params["Bucket"]]


_made: dict[tuple[str, bool], tuple[Clients, list[FakeCloud]]] = {}
"""Clients are slow to make, so every cloud answers through the same ones: the last that asked for them."""


def _answered_by(cloud: FakeCloud, target: Target) -> Clients:
    key = (target.region, target.is_local)
    if key not in _made:
        answering = [cloud]
        clients = Clients(target)
        _made[key] = (clients, answering)
        _route(clients, answering)
    clients, answering = _made[key]
    answering[0] = cloud
    return clients


def _route(clients: Clients, answering: list[FakeCloud]) -> None:
    """botocore validates the parameters and would parse the answer; between the two events nothing is sent."""
    pending: list[Mapping[str, Any]] = []

    def remember(params: Mapping[str, Any], **_: Any) -> None:
        pending.append(params)

    def answer(model: Any, **_: Any) -> Any:
        params = pending.pop()
        pending.clear()
        return answering[0].carry_out(model.service_model.service_name, model.name, params)

    clients._session._session.register_component("data_loader", _LOADER)
    clients._session.events.register("before-parameter-build.*.*", remember)
    clients._session.events.register("before-call.*.*", answer)


def _found(store: dict[str, dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    if name not in store:
        raise Refusal("ValidationException", f'Could not find {kind} "{_ARN}:{kind.split()[0]}/{name}".')
    return store[name]


def _http(status: int) -> AWSResponse:
    return AWSResponse("http://fake.invalid", status, HTTPHeaders(), None)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
