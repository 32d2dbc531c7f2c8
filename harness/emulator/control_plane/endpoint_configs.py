"""Answers CreateEndpointConfig, DescribeEndpointConfig, DeleteEndpointConfig and ListEndpointConfigs."""

from __future__ import annotations

from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.context.timestamps import epoch_millis
from harness.emulator.control_plane import listing
from harness.emulator.control_plane.models import Models, listed
from harness.emulator.control_plane.tags import Tags
from harness.emulator.protocol import faults
from harness.emulator.protocol.operations import SAGEMAKER, Operation
from harness.emulator.protocol.shapes import Document, Parameters
from harness.emulator.store.catalog import Resource
from harness.emulator.store.deployment import Deployment, container_of, plan_variant

KIND = "endpoint configuration"
_NOT_EMULATED = ("ServerlessConfig", "InstancePools", "CapacityReservationConfig")


class Configs:
    def __init__(self, context: EmulatorContext, models: Models, tags: Tags) -> None:
        self._catalog, self._account, self._now = context.catalog, context.account, context.now
        self._models, self._tags = models, tags

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(SAGEMAKER, "CreateEndpointConfig", self.create_endpoint_config),
            Operation(SAGEMAKER, "DescribeEndpointConfig", self.describe_endpoint_config),
            Operation(SAGEMAKER, "DeleteEndpointConfig", self.delete_endpoint_config),
            Operation(SAGEMAKER, "ListEndpointConfigs", self.list_endpoint_configs),
        )

    def create_endpoint_config(self, request: Parameters) -> Document:
        name, variants = request["EndpointConfigName"], request["ProductionVariants"]
        _require_distinct([variant["VariantName"] for variant in variants])
        for variant in variants:
            self._check_variant(variant)
        if request.get("AsyncInferenceConfig") is not None:
            self._check_async(request)
        arn = self._account.endpoint_config(name)
        with self._catalog.store.transaction():
            if not self._catalog.add("endpoint_configs", Resource(arn, name, self._now(), request)):
                raise faults.already_exists(KIND, arn)
            self._tags.put(arn, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: Parameters) -> Document:
        config = self.find(request["EndpointConfigName"])
        echoed = {name: value for name, value in config.request.items() if name != "Tags"}
        variants = [{"InitialVariantWeight": 1.0, **variant} for variant in config.request["ProductionVariants"]]
        return {
            "EnableNetworkIsolation": False,
            **echoed,
            "ProductionVariants": variants,
            "EndpointConfigArn": config.arn,
            "CreationTime": epoch_millis(config.created_at),
        }

    def delete_endpoint_config(self, request: Parameters) -> None:
        config = self.find(request["EndpointConfigName"])
        self._catalog.remove("endpoint_configs", config.arn)

    def list_endpoint_configs(self, request: Parameters) -> Document:
        found, token = listing.page(self._catalog.all("endpoint_configs"), request, listed)
        summaries = [
            {"EndpointConfigName": it.name, "EndpointConfigArn": it.arn, "CreationTime": epoch_millis(it.created_at)}
            for it in found
        ]
        return {"EndpointConfigs": summaries, **({"NextToken": token} if token else {})}

    def find(self, name: str) -> Resource:
        arn = self._account.endpoint_config(name)
        config = self._catalog.find("endpoint_configs", arn)
        if config is None:
            raise faults.could_not_find(KIND, arn)
        return config

    def deployment(self, name: str) -> Deployment:
        """Copy the config and its models. Raises AwsFault when one of them no longer exists."""
        config = self.find(name)
        plans = tuple(
            plan_variant(variant, self._models.find(variant["ModelName"]).request)
            for variant in config.request["ProductionVariants"]
        )
        return Deployment(config.name, plans, config.request.get("AsyncInferenceConfig"))

    def _check_variant(self, variant: Parameters) -> None:
        """The texts are the emulator's own, except the missing model's and ManagedInstanceScaling's."""
        where = f"production variant {variant['VariantName']}"
        for member in _NOT_EMULATED:
            if variant.get(member) is not None:
                raise faults.invalid(f"{member} of {where} is not emulated; use InstanceType and InitialInstanceCount.")
        if variant.get("ManagedInstanceScaling") is not None:
            raise faults.invalid("ManagedInstanceScaling is only supported for inference component endpoints.")
        for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if variant.get(member) is None:
                raise faults.invalid(f"{member} is required for {where}.")
        self._models.find(variant["ModelName"])

    def _check_async(self, request: Parameters) -> None:
        """Refuse what asynchronous endpoints do not support. Source: the developer guide's feature matrix."""
        variants = request["ProductionVariants"]
        if len(variants) > 1:
            raise faults.invalid("Only one production variant is supported when specifying an AsyncInferenceConfig.")
        for member in ("DataCaptureConfig", "ShadowProductionVariants", "CrossRegionTrafficConfig"):
            if request.get(member):
                raise faults.invalid(f"{member} is not supported when specifying an AsyncInferenceConfig.")
        model = self._models.find(variants[0]["ModelName"])
        if container_of(model.request).get("Mode") == "MultiModel":
            raise faults.invalid("Multi-model endpoints are not supported when specifying an AsyncInferenceConfig.")


def _require_distinct(names: list[str]) -> None:
    if len({name.lower() for name in names}) < len(names):
        raise faults.invalid("The variant names of an endpoint configuration must be unique.")
