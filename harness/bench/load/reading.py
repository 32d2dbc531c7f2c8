"""An answer in figures: how many items it holds, and what is wrong with it. May not send anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, Protocol

from deploy import expectations
from deploy.async_client import Completed
from deploy.config.case_sections import ExpectSection
from deploy.evidence import passed
from deploy.expectations.pointers import NotThereError, kind, resolve
from harness.cases import Case, Predictions
from harness.core.errors import MalformedDocument

Unit = Literal["frames", "items"]
# Answers of a handler under load are few; one that never repeats itself must not fill the memory.
_REMEMBERED = 1000


@dataclass(frozen=True)
class Reading:
    """`items` None: unknown. A `fault` says why the answer does not count."""

    items: int | None = None
    detections: int | None = None
    fault: str = ""


class Meter(Protocol):
    """Counts the items of an answer."""

    @property
    def unit(self) -> Unit | None: ...

    def read(self, body: bytes, /) -> Reading: ...


@dataclass(frozen=True)
class Frames:
    """The flagship's answers tell their frames. Where `is_demanded` is not set, another answer has no number."""

    is_demanded: bool = True
    unit: Unit = "frames"

    def read(self, body: bytes) -> Reading:
        try:
            found = Predictions.parse(body, what="the answer")
        except MalformedDocument as error:
            return Reading(fault=str(error) if self.is_demanded else "")
        return Reading(len(found.frames), sum(len(frame.detections) for frame in found.frames))


@dataclass(frozen=True)
class Count:
    """So many in each request."""

    items: int
    unit: Unit = "items"

    def read(self, _body: bytes, /) -> Reading:
        return Reading(self.items)


@dataclass(frozen=True)
class Pointed:
    """The number at a JSON pointer of the answer, or the length of the list there."""

    pointer: str
    unit: Unit = "items"

    def read(self, body: bytes) -> Reading:
        try:
            found = resolve(json.loads(body), self.pointer)
        except (ValueError, RecursionError):
            return self._fault("the answer is no JSON")
        except NotThereError as error:
            return self._fault(str(error))
        if isinstance(found, list):
            return Reading(len(found))
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
            return Reading(found)
        return self._fault(f"there is {kind(found)}, and neither a list nor a whole number")

    def _fault(self, why: str) -> Reading:
        return Reading(fault=f"items = {json.dumps(self.pointer)} of the case does not lead to its items: {why}")


@dataclass(frozen=True)
class Uncounted:
    unit: Unit | None = None

    def read(self, _body: bytes, /) -> Reading:
        return Reading()


def meter_of(case: Case, *, is_flagship: bool) -> Meter:
    """What the case says; else the flagship's answers say it themselves; else they are unknown."""
    if isinstance(case.items, int):
        return Count(case.items)
    if isinstance(case.items, str):
        return Pointed(case.items)
    return Frames(is_demanded=case.expectation is None) if is_flagship else Uncounted()


@dataclass
class Reader:
    """Judges by what the case expects, but for its time and its golden answer, then counts. Equal answers are read
    once."""

    meter: Meter
    most_bytes: int
    """What the endpoint's mode can answer with on AWS."""
    expectation: ExpectSection | None = None
    accept: str | None = None
    _known: dict[bytes, Reading] = field(default_factory=dict)

    def read(self, answer: Completed) -> Reading:
        key = sha256(answer.content_type.encode() + b"\n" + answer.body).digest()
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._read(answer)
        return self._known[key]

    def _read(self, answer: Completed) -> Reading:
        fault = self._too_large(answer) or self._unexpected(answer)
        return Reading(fault=fault) if fault else self.meter.read(answer.body)

    def _too_large(self, answer: Completed) -> str:
        size = len(answer.body)
        if size <= self.most_bytes:
            return ""
        return (
            f"the answer has {size:,} bytes, and SageMaker returns at most {self.most_bytes:,} in this mode: "
            "answer with less, or make the endpoint asynchronous"
        )

    def _unexpected(self, answer: Completed) -> str:
        if self.expectation is None:
            return ""
        found = expectations.judge(answer.body, answer.content_type, expect=self.expectation, accept=self.accept)
        return "" if passed(found) else next(each.message for each in found if each.severity == "error")
