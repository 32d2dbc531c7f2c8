"""Answers AddTags, ListTags and DeleteTags for every resource that the emulator created."""

from __future__ import annotations

from collections.abc import Sequence

from harness.emulator.context.arns import resource_of
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.protocol import faults
from harness.emulator.protocol.operations import SAGEMAKER, Operation
from harness.emulator.protocol.shapes import Document, Parameters

MAX_TAGS = 50


class Tags:
    def __init__(self, context: EmulatorContext) -> None:
        self._catalog = context.catalog

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(SAGEMAKER, "AddTags", self.add_tags),
            Operation(SAGEMAKER, "ListTags", self.list_tags),
            Operation(SAGEMAKER, "DeleteTags", self.delete_tags),
        )

    def add_tags(self, request: Parameters) -> Document:
        arn = self._require(request["ResourceArn"])
        self.put(arn, request["Tags"])
        return {"Tags": self._listed(arn)}

    def list_tags(self, request: Parameters) -> Document:
        return {"Tags": self._listed(self._require(request["ResourceArn"]))}

    def delete_tags(self, request: Parameters) -> Document:
        self._catalog.remove_tags(self._require(request["ResourceArn"]), request["TagKeys"])
        return {}

    def put(self, arn: str, tags: Sequence[Parameters] | None) -> None:
        wanted = [(tag["Key"], tag["Value"]) for tag in tags or ()]
        total = {key for key, _ in self._catalog.tags(arn)} | {key for key, _ in wanted}
        if len(total) > MAX_TAGS:
            raise faults.invalid(f"Tag limit exceeded: a resource has at most {MAX_TAGS} tags.")
        self._catalog.put_tags(arn, wanted)

    def _listed(self, arn: str) -> list[Document]:
        return [{"Key": key, "Value": value} for key, value in self._catalog.tags(arn)]

    def _require(self, arn: str) -> str:
        if not self._is_known(arn):
            raise faults.invalid(f'Could not find resource "{arn}".')
        return arn

    def _is_known(self, arn: str) -> bool:
        kind = resource_of(arn).partition("/")[0]
        if kind == "model":
            return self._catalog.find("models", arn) is not None
        if kind == "endpoint-config":
            return self._catalog.find("endpoint_configs", arn) is not None
        return self._catalog.endpoint(arn) is not None
