"""Answers CreateModel, DescribeModel, DeleteModel and ListModels."""

from __future__ import annotations

from harness.emulator.context.cloud import CloudRefused, CloudUnreachable, Objects
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.context.timestamps import epoch_millis
from harness.emulator.control_plane import listing
from harness.emulator.control_plane.tags import Tags
from harness.emulator.protocol import faults
from harness.emulator.protocol.operations import SAGEMAKER, Operation
from harness.emulator.protocol.shapes import Document, Parameters
from harness.emulator.store.catalog import Resource
from harness.emulator.store.deployment import model_data_url

KIND = "model"


class Models:
    def __init__(self, context: EmulatorContext, objects: Objects, tags: Tags) -> None:
        self._catalog, self._account, self._now = context.catalog, context.account, context.now
        self._objects, self._tags = objects, tags

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(SAGEMAKER, "CreateModel", self.create_model),
            Operation(SAGEMAKER, "DescribeModel", self.describe_model),
            Operation(SAGEMAKER, "DeleteModel", self.delete_model),
            Operation(SAGEMAKER, "ListModels", self.list_models),
        )

    def create_model(self, request: Parameters) -> Document:
        containers = _containers(request)
        for container in containers:
            self._require_model_data(container)
        arn = self._account.model(request["ModelName"])
        with self._catalog.store.transaction():
            if not self._catalog.add("models", Resource(arn, request["ModelName"], self._now(), request)):
                raise faults.already_exists(KIND, arn)
            self._tags.put(arn, request.get("Tags"))
        return {"ModelArn": arn}

    def describe_model(self, request: Parameters) -> Document:
        model = self.find(request["ModelName"])
        echoed = {name: value for name, value in model.request.items() if name != "Tags"}
        return {
            "EnableNetworkIsolation": False,
            **echoed,
            "ModelArn": model.arn,
            "CreationTime": epoch_millis(model.created_at),
        }

    def delete_model(self, request: Parameters) -> None:
        model = self.find(request["ModelName"])
        self._catalog.remove("models", model.arn)

    def list_models(self, request: Parameters) -> Document:
        found, token = listing.page(self._catalog.all("models"), request, listed)
        return {"Models": [self._summary(model) for model in found], **({"NextToken": token} if token else {})}

    def find(self, name: str) -> Resource:
        arn = self._account.model(name)
        model = self._catalog.find("models", arn)
        if model is None:
            raise faults.could_not_find(KIND, arn)
        return model

    def _summary(self, model: Resource) -> Document:
        return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": epoch_millis(model.created_at)}

    def _require_model_data(self, container: Parameters) -> None:
        """CreateModel checks the model data, as on AWS; without the local cloud, the start of an instance checks it."""
        url = model_data_url(container)
        if url is None or not url.endswith((".tar.gz", ".tgz")):
            return
        try:
            is_there = self._objects.exists(url)
        except CloudUnreachable:
            return
        except CloudRefused as refused:
            raise faults.invalid(f"Could not access model data at {url}. {refused}") from refused
        if not is_there:
            raise faults.invalid(f"Could not find model data at {url}.")


def listed(resource: Resource) -> listing.Listed:
    return listing.Listed(resource.name, resource.created_at, resource.created_at)


def _containers(request: Parameters) -> list[Parameters]:
    """Return the one container; inference pipelines are not emulated. The texts are the emulator's own."""
    primary, several = request.get("PrimaryContainer"), request.get("Containers")
    if (primary is None) == (not several):
        raise faults.invalid("Exactly one of PrimaryContainer and Containers must be specified.")
    containers: list[Parameters] = [primary] if primary is not None else list(several or ())
    if len(containers) > 1:
        raise faults.invalid("Inference pipelines (more than one container) are not emulated.")
    if not containers[0].get("Image"):
        raise faults.invalid("A container needs an Image; model packages are not emulated.")
    return containers
