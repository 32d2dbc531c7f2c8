"""Checks parameters against a botocore shape and words the violations as AWS does.

It knows no single operation: rules that the models do not state belong to the module that answers the operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from harness.emulator.protocol import faults, values
from harness.emulator.protocol.service_models import pattern
from harness.emulator.protocol.shapes import Parameters

PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "blob": (str, bytes),
    "timestamp": (int, float, str),
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
}


def check(operation: OperationModel, parameters: Parameters, *, code: str) -> None:
    """Raise an `AwsFault` with `code` that lists every constraint `parameters` break; SerializationException for a
    value of the wrong type, or that its type cannot hold."""
    shape = operation.input_shape
    complaints = [] if shape is None else list(_complaints(shape, dict(parameters), ""))
    if complaints:
        raise faults.constraints_failed(code, complaints)


def _complaints(shape: Shape, value: object, path: str) -> Iterator[str]:
    _require_type(shape, value, path)
    yield from _own_complaints(shape, value, path)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _member_complaints(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _complaints(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from _complaints(shape.key, key, f"{path}.{key}.key")
            yield from _complaints(shape.value, item, f"{path}.{key}.value")


def _member_complaints(shape: StructureShape, value: Parameters, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _complaints(member, value[name], _join(path, name))


def _own_complaints(shape: Shape, value: object, path: str) -> Iterator[str]:
    prefix = f"{_shown(shape, value)}at '{path}' failed to satisfy constraint: Member must "
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    measure, noun = _measure(shape, value)
    if high is not None and measure is not None and measure > high:
        yield (
            f"{prefix}have {noun} less than or equal to {high:g}"
            if isinstance(high, float)
            else (f"{prefix}have {noun} less than or equal to {high}")
        )
    if low is not None and measure is not None and measure < low:
        yield f"{prefix}have {noun} greater than or equal to {low}"
    expression = shape.metadata.get("pattern")
    if expression is not None and isinstance(value, str) and not pattern(expression).fullmatch(value):
        yield f"{prefix}satisfy regular expression pattern: {expression}"
    allowed: Sequence[str] = shape.metadata.get("enum", ())
    if allowed and value not in allowed:
        yield f"{prefix}satisfy enum value set: [{', '.join(allowed)}]"


def _measure(shape: Shape, value: object) -> tuple[float | None, str]:
    if shape.type_name in ("string", "blob", "list", "map") and isinstance(value, str | bytes | list | dict):
        return len(value), "length"
    if shape.type_name in ("integer", "long", "float", "double") and isinstance(value, int | float):
        return value, "value"
    return None, ""


def _shown(shape: Shape, value: object) -> str:
    if shape.metadata.get("sensitive") or isinstance(value, bytes):
        return "Value "
    return f"Value '{value}' "


def _join(path: str, member: str) -> str:
    name = member[0].lower() + member[1:]
    return f"{path}.{name}" if path else name


def _require_type(shape: Shape, value: object, path: str) -> None:
    wanted = PYTHON_TYPES[shape.type_name]
    is_misplaced_bool = isinstance(value, bool) and shape.type_name != "boolean"
    where = path or "the request"
    if not isinstance(value, wanted) or is_misplaced_bool:
        raise faults.unreadable(f"{type(value).__name__} found at {where}, where {shape.type_name} is expected")
    if flaw := values.flaw(shape.type_name, value):
        raise faults.unreadable(f"{flaw} found at {where}, where {shape.type_name} is expected")
