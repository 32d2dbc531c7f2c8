"""The cloud in memory with what promotion needs besides: requests, alarms, scaling, updates that bake and roll back."""

from __future__ import annotations

import io
import json
import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.core.waiting import Clock
from tests.deploy.cloud import FakeCloud, Refusal

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GOOD_ANSWER = json.dumps(
    {"schema": "rehearsal.predictions/1", "frames": [{"detections": [{}, {}]}, {"detections": [{}]}]}
).encode()


SAGEMAKER_TRUST = {
    "Statement": {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
}


@dataclass
class WatchedCloud(FakeCloud):
    answer: Callable[[str], bytes | None] = lambda _: GOOD_ANSWER
    """What the configuration that serves a request answers; None fails it."""
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies_made: int = 0
    """In each ARN, since AWS gives a policy that is made anew another one."""
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    dashboards: dict[str, str] = field(default_factory=dict)
    smoke_failures: int = 0
    quiet_after_seconds: float = math.inf
    """When every alarm that rings becomes quiet."""
    backlog: list[float] = field(default_factory=list)
    """Newest first; empty means that CloudWatch has no datapoint."""
    log_events: list[dict[str, Any]] | None = None
    """None means that there is no log group."""
    products: list[dict[str, Any]] = field(default_factory=list)
    quotas: dict[str, float] = field(default_factory=dict)
    trust: dict[str, Any] | None = field(default_factory=lambda: dict(SAGEMAKER_TRUST))
    """Trust policy of every role; None means that there is no role."""
    may: Callable[[str, str], str] = lambda _action, _resource: "allowed"
    """What IAM's simulator decides about an action of the execution role on a resource."""

    def clock(self) -> Clock:
        waiting = super().clock()
        return Clock(waiting.now, waiting.sleep, lambda: START + timedelta(seconds=waiting.now()))

    def names(self) -> set[str]:
        return {*super().names(), *self.targets, *self.policies, *self.alarms, *self.dashboards}

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """As somebody else would."""
        self._put_object({"Bucket": bucket, "Key": key, "Body": data})

    def json_object(self, suffix: str) -> Any:
        (found,) = [stored for (_, key), stored in self.objects.items() if key.endswith(suffix)]
        return json.loads(found["Data"])

    def _put_object(self, params: Mapping[str, Any]) -> dict[str, Any]:
        body = params["Body"]
        data = body if isinstance(body, bytes) else body.read()
        old = self.objects.get((params["Bucket"], params["Key"]))
        if "IfMatch" in params and (old is None or old["ETag"] != params["IfMatch"]):
            raise Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        super()._put_object({**params, "Body": io.BytesIO(data)})
        self.objects[params["Bucket"], params["Key"]] |= {
            "Data": data, "ETag": f'"{uuid.uuid4().hex}"', "LastModified": self.clock().today(),
            "ContentType": params.get("ContentType", "binary/octet-stream"),
        }  # fmt: skip
        return {"ETag": self.objects[params["Bucket"], params["Key"]]["ETag"]}

    def _get_object(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._bucket(params)
        if (params["Bucket"], params["Key"]) not in self.objects:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        found = self.objects[params["Bucket"], params["Key"]]
        told = ("ETag", "ContentType", "ContentLength", "LastModified", "Metadata")
        return {"Body": io.BytesIO(found["Data"]), **{name: found[name] for name in told if name in found}}

    def _list_objects_v2(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._bucket(params)
        keys = [key for bucket, key in self.objects if bucket == params["Bucket"] and key.startswith(params["Prefix"])]
        return {"Contents": [{"Key": key} for key in keys], "IsTruncated": False}

    def _invoke_endpoint_async(self, params: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = self.endpoints[params["EndpointName"]]
        serving = endpoint.get("Traffic", endpoint["EndpointConfigName"])
        config = self.configs[serving]["AsyncInferenceConfig"]["OutputConfig"]
        output = f"{config['S3OutputPath']}/{uuid.uuid4()}.out"
        failure = f"{config['S3FailurePath']}/{uuid.uuid4()}-error.out"
        answer = self.answer(serving)
        bucket, _, key = (failure if answer is None else output).removeprefix("s3://").partition("/")
        self._put_object({"Bucket": bucket, "Key": key, "Body": answer or b'{"error": {"code": "model_error"}}'})
        return {"InferenceId": params["InferenceId"], "OutputLocation": output, "FailureLocation": failure}

    def _update_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        old = self.endpoints[params["EndpointName"]]["EndpointConfigName"]
        configs = (self.configs[name] for name in (old, params["EndpointConfigName"]))
        types = {config["ProductionVariants"][0]["InstanceType"] for config in configs}
        if len(types) > 1 and self.targets:
            raise Refusal("ValidationException", "The variant AllTraffic is a target of automatic scaling.")
        answered = super()._update_endpoint(params)
        self.endpoints[params["EndpointName"]]["ahead"] = self._update(old, params)
        return answered

    def _update(self, old: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """New fleet, traffic on it, bake, then the old one goes - or comes back when an alarm rang."""
        new, failures = params["EndpointConfigName"], self.smoke_failures

        def stage(status: str) -> dict[str, Any]:
            variants = [{"VariantName": "AllTraffic", "VariantStatus": [{"Status": status}]}]
            return {"PendingDeploymentSummary": {"EndpointConfigName": new, "ProductionVariants": variants}}

        yield stage("Creating")
        if params.get("DeploymentConfig", {}).get("BlueGreenUpdatePolicy", {}).get("TerminationWaitInSeconds"):
            yield stage("Baking") | {"Traffic": new}
            yield stage("Baking")
        back = self.smoke_failures > failures or self.fate != "InService"
        fleet = {} if back or params["RetainAllVariantProperties"] else {"ProductionVariants": self._fleet(new)}
        yield {
            "EndpointStatus": "InService", "EndpointConfigName": old if back else new, "Traffic": old if back else new,
            "PendingDeploymentSummary": {}, **fleet,
        }  # fmt: skip

    def _fleet(self, config: str) -> list[dict[str, Any]]:
        """As large as the configuration says it begins."""
        count = self.configs[config]["ProductionVariants"][0]["InitialInstanceCount"]
        return [{"VariantName": "AllTraffic", "CurrentInstanceCount": count, "DesiredInstanceCount": count}]

    def _delete_endpoint(self, params: Mapping[str, Any]) -> None:
        super()._delete_endpoint(params)
        self.targets.clear()
        self.policies.clear()

    def _put_metric_data(self, params: Mapping[str, Any]) -> None:
        self.smoke_failures += sum(datum["MetricName"] == "SmokeFailures" for datum in params["MetricData"])

    def _put_metric_alarm(self, params: Mapping[str, Any]) -> None:
        self.alarms[params["AlarmName"]] = {"StateValue": "OK", **params}

    def _describe_alarms(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if sum(self.slept_seconds) >= self.quiet_after_seconds:
            for alarm in self.alarms.values():
                alarm["StateValue"] = "OK"
        found = [self.alarms[name] for name in params["AlarmNames"] if name in self.alarms]
        state = params.get("StateValue")
        return {"MetricAlarms": [each for each in found if state in (None, each["StateValue"])]}

    def _delete_alarms(self, params: Mapping[str, Any]) -> None:
        for name in params["AlarmNames"]:
            if name not in self.alarms:
                raise Refusal("ResourceNotFound", f"Alarm {name} does not exist", 404)
            del self.alarms[name]

    def _put_dashboard(self, params: Mapping[str, Any]) -> None:
        self.dashboards[f"dashboard {params['DashboardName']}"] = params["DashboardBody"]

    def _list_dashboards(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"DashboardEntries": [{"DashboardName": name.split()[1]} for name in self.dashboards]}

    def _delete_dashboards(self, params: Mapping[str, Any]) -> None:
        for name in params["DashboardNames"]:
            self.dashboards.pop(f"dashboard {name}", None)

    def _register_scalable_target(self, params: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = params["ResourceId"].split("/")[1]
        if endpoint not in self.endpoints:
            raise Refusal("ValidationException", f"Could not find endpoint {endpoint}")
        self.targets[params["ResourceId"]] = self.targets.get(params["ResourceId"], {}) | dict(params)
        return {"ScalableTargetARN": "arn"}

    def _describe_scalable_targets(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScalableTargets": [self.targets[name] for name in params["ResourceIds"] if name in self.targets]}

    def _deregister_scalable_target(self, params: Mapping[str, Any]) -> None:
        del self.targets[params["ResourceId"]]
        self.policies = {
            name: each for name, each in self.policies.items() if each["ResourceId"] != params["ResourceId"]
        }

    def _put_scaling_policy(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if params["ResourceId"] not in self.targets:
            raise Refusal("ObjectNotFoundException", "No scalable target registered")
        key = f"policy {params['PolicyName']}"
        if key not in self.policies:
            self.policies_made += 1
        arn = self.policies.get(key, {}).get("PolicyARN", f"arn:policy:{params['PolicyName']}:{self.policies_made}")
        self.policies[key] = {**params, "PolicyARN": arn}
        return {"PolicyARN": arn, "Alarms": []}

    def _describe_scaling_policies(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScalingPolicies": list(self.policies.values())}

    def _delete_scaling_policy(self, params: Mapping[str, Any]) -> None:
        del self.policies[f"policy {params['PolicyName']}"]

    def _create_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        answered = super()._create_endpoint(params)
        now = self.clock().today()
        fleet = self._fleet(params["EndpointConfigName"])
        self.endpoints[params["EndpointName"]] |= {"CreationTime": now, "ProductionVariants": fleet}
        return answered

    def _list_endpoints(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Endpoints": [{"EndpointName": name, **each} for name, each in self.endpoints.items()]}

    def _list_tags(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["ResourceArn"].split("/")[-1]
        return {"Tags": self.endpoints[name].get("Tags", [])}

    def _add_tags(self, params: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = self.endpoints[params["ResourceArn"].split("/")[-1]]
        new = {tag["Key"]: tag for tag in params["Tags"]}
        endpoint["Tags"] = [*(tag for tag in endpoint.get("Tags", []) if tag["Key"] not in new), *new.values()]
        return {"Tags": endpoint["Tags"]}

    def _get_metric_data(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "MetricDataResults": [{"Id": each["Id"], "Values": self.backlog} for each in params["MetricDataQueries"]]
        }

    def _filter_log_events(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if self.log_events is None:
            raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
        return {"events": [each for each in self.log_events if each["timestamp"] >= params["startTime"]]}

    def _get_products(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"PriceList": [json.dumps(each) for each in self.products]}

    def _list_service_quotas(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Quotas": [{"QuotaName": name, "Value": value} for name, value in self.quotas.items()]}

    def _simulate_principal_policy(self, params: Mapping[str, Any]) -> dict[str, Any]:
        (resource,) = params["ResourceArns"]
        results = [{"EvalActionName": each, "EvalDecision": self.may(each, resource)} for each in params["ActionNames"]]
        return {"EvaluationResults": results, "IsTruncated": False}

    def _get_role(self, _: Mapping[str, Any]) -> dict[str, Any]:
        if self.trust is None:
            raise Refusal("NoSuchEntity", "The role cannot be found.", 404)
        return {"Role": {"AssumeRolePolicyDocument": json.dumps(self.trust)}}
