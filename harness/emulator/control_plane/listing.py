"""The rules that all List operations share: filters, order and pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.emulator.protocol import faults, values
from harness.emulator.protocol.shapes import Parameters

DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Listed:
    """The properties that a List operation filters and sorts by."""

    name: str
    created_at: float
    modified_at: float
    status: str = ""


T = TypeVar("T")


def page(items: Sequence[T], request: Parameters, facts: Callable[[T], Listed]) -> tuple[list[T], str | None]:
    """Return the page that `request` asks for and the token of the next one."""
    wanted = [item for item in items if _is_wanted(facts(item), request)]
    ordered = sorted(wanted, key=lambda item: _order(facts(item), request.get("SortBy", "CreationTime")))
    if request.get("SortOrder", "Descending") == "Descending":
        ordered.reverse()
    start = _offset(request.get("NextToken"))
    end = start + request.get("MaxResults", DEFAULT_PAGE)
    return ordered[start:end], _token(end) if end < len(ordered) else None


def _is_wanted(item: Listed, request: Parameters) -> bool:
    checks = (
        request.get("NameContains", "").lower() in item.name.lower(),
        request.get("StatusEquals", item.status) == item.status,
        item.created_at <= timestamp(request.get("CreationTimeBefore"), float("inf")),
        item.created_at >= timestamp(request.get("CreationTimeAfter"), 0.0),
        item.modified_at <= timestamp(request.get("LastModifiedTimeBefore"), float("inf")),
        item.modified_at >= timestamp(request.get("LastModifiedTimeAfter"), 0.0),
    )
    return all(checks)


def timestamp(value: float | str | None, default: float) -> float:
    """Epoch seconds of a member that validation has passed."""
    return default if value is None else values.epoch_seconds(value)


def _order(item: Listed, sort_by: str) -> tuple[str, float] | tuple[float, str]:
    if sort_by == "Name":
        return (item.name, item.created_at)
    if sort_by == "Status":
        return (item.status, item.created_at)
    return (item.created_at, item.name)


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        label, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        offset = int(number)
    except (ValueError, binascii.Error):
        raise faults.invalid("Invalid NextToken.") from None
    if label != "offset" or offset < 0:
        raise faults.invalid("Invalid NextToken.")
    return offset
