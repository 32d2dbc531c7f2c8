"""The table of operations: each row names one operation of botocore's models and the function that answers it.

A class that answers operations lists them in its `operations()`; `app` builds the table from those lists. The HTTP
application serves no AWS operation outside the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from botocore.model import OperationModel

from harness.emulator.protocol import service_models, validation
from harness.emulator.protocol.service_models import AUTO_SCALING, LOGS, RUNTIME, SAGEMAKER
from harness.emulator.protocol.shapes import Document, Parameters

__all__ = ["AUTO_SCALING", "LOGS", "RUNTIME", "SAGEMAKER", "Operation", "OperationTable", "Service", "perform"]

_CONSTRAINT_CODES: Mapping[str, str] = {RUNTIME: "ValidationError", LOGS: "InvalidParameterException"}
_DEFAULT_CONSTRAINT_CODE = "ValidationException"


@dataclass(frozen=True)
class Operation:
    """One operation: botocore's names of service and operation, and the function from a request to its answer.

    Request and answer are members by botocore's names. An operation without an output shape answers None.
    """

    service: str
    name: str
    answer: Callable[[Parameters], Document | None]

    @property
    def model(self) -> OperationModel:
        """Raises LookupError for an operation that botocore does not know."""
        found = service_models.operation(self.service, self.name)
        if found is None:
            raise LookupError(f"botocore knows no operation {self.name} of {self.service}")
        return found


class Service(Protocol):
    """An object that answers operations."""

    def operations(self) -> tuple[Operation, ...]: ...


class OperationTable:
    """The operations by service and name. Raises ValueError when two services list the same one."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._rows: dict[tuple[str, str], Operation] = {}
        for operation in (each for service in services for each in service.operations()):
            key = (operation.service, operation.name)
            if key in self._rows:
                raise ValueError(f"{operation.name} of {operation.service} is listed twice in the table of operations")
            self._rows[key] = operation
        names = {each.service for each in self}
        self._by_prefix = {prefix: name for name in names if (prefix := service_models.target_prefix(name))}

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._rows.values())

    def find(self, service: str, name: str) -> Operation | None:
        return self._rows.get((service, name))

    def service_of(self, target_prefix: str) -> str | None:
        """The service with this prefix of X-Amz-Target, if the table holds one of its operations."""
        return self._by_prefix.get(target_prefix)


def perform(operation: Operation, parameters: Parameters) -> Document | None:
    """Check `parameters` against the service model, then answer. Raises AwsFault."""
    code = _CONSTRAINT_CODES.get(operation.service, _DEFAULT_CONSTRAINT_CODE)
    validation.check(operation.model, parameters, code=code)
    return operation.answer(parameters)
