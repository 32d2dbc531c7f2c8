"""The arrays of an npy answer against the recorded ones: shape, dtype, and the largest difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from deploy.config.case_sections import GoldenSection
from deploy.evidence import Finding
from harness.checks.golden.bounded import Verdict, bounded, finding
from harness.goldens.arrays import Array, arrays_of

# So many items are compared at once: as float64 they are wider than in the answer.
_BLOCK = 1 << 20


def judge(expected: bytes, found: bytes, tolerance: GoldenSection) -> Verdict:
    """Raises NotOfKindError when either is no npy."""
    golden, answer = arrays_of(expected), arrays_of(found)
    if len(golden) != len(answer):
        return Verdict((finding("npy", f"it holds {len(answer)} arrays, the golden {len(golden)}"),))
    told, largest = list[Finding](), 0.0
    for number, (was, now) in enumerate(zip(golden, answer, strict=True)):
        place = f"array {number}" if len(golden) > 1 else ""
        for name, one, other in _fields(was, now, place):
            difference = _differs(one, other, tolerance)
            largest = max(largest, difference.absolute) if difference else largest
            if difference and difference.said:
                told.append(
                    finding("npy", f"{name}: {difference.said}" if name else difference.said, where=name or None)
                )
    said = ", ".join(f"{each.dtype} {each.shape}" if not each.dtype.names else f"{len(each)} rows" for each in golden)
    return Verdict(tuple(bounded(told, "arrays that differ")), (("golden_npy_difference", largest),), said=said)


@dataclass(frozen=True)
class _Difference:
    absolute: float
    said: str = ""
    """Empty where it is allowed."""


def _fields(was: Array, now: Array, name: str) -> Iterator[tuple[str, Array, Array]]:
    """The array, or where both have the same fields, each of them by its name."""
    if was.dtype.names and was.dtype == now.dtype and was.shape == now.shape:
        for field in was.dtype.names:
            yield from _fields(was[field], now[field], f"{name} {field}".strip())
    else:
        yield name, was, now


def _differs(was: Array, now: Array, tolerance: GoldenSection) -> _Difference | None:
    if was.shape != now.shape:
        return _Difference(0.0, f"the shape is {now.shape}, and was {was.shape}")
    if was.dtype != now.dtype:
        return _Difference(0.0, f"the dtype is {now.dtype}, and was {was.dtype}")
    if not np.issubdtype(was.dtype, np.number) and was.dtype != np.bool_:
        count = int((was != now).sum())
        return _Difference(0.0, f"{count} of {was.size} items differ") if count else None
    return _numbers(was, now, tolerance)


@dataclass
class _Seen:
    beyond: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    worst: int = 0
    others: int = 0
    """Items of which one alone is no number, or infinite."""


def _numbers(was: Array, now: Array, tolerance: GoldenSection) -> _Difference | None:
    flat, other = was.reshape(-1), now.reshape(-1)
    seen = _Seen()
    for start in range(0, flat.size, _BLOCK):
        _compare(flat[start : start + _BLOCK], other[start : start + _BLOCK], tolerance, start, seen)
    if not seen.beyond:
        return _Difference(seen.absolute)
    place = [int(each) for each in np.unravel_index(seen.worst, was.shape)] if was.shape else []
    said = (
        f"{seen.beyond} of {was.size} items differ by more than atol + rtol x golden: at {place} it is "
        f"{flat_item(now, seen.worst)}, and was {flat_item(was, seen.worst)}; the largest difference is "
        f"{seen.absolute:.4g}, relative {seen.relative:.4g}"
    )
    return _Difference(
        seen.absolute, said + (f"; {seen.others} items are no number in one of both" if seen.others else "")
    )


def flat_item(array: Array, place: int) -> Any:
    return array.reshape(-1)[place].item()


def _compare(was: Array, now: Array, tolerance: GoldenSection, start: int, seen: _Seen) -> None:
    """Take one block into `seen`. What is no number is the same only where both are none."""
    wide = np.complex128 if np.issubdtype(was.dtype, np.complexfloating) else np.float64
    one, other = was.astype(wide), now.astype(wide)
    same = (was == now) | (np.isnan(one) & np.isnan(other))
    finite = np.isfinite(one) & np.isfinite(other)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        difference = np.where(same, 0.0, np.where(finite, np.abs(other - one), np.inf))
        if np.issubdtype(was.dtype, np.integer):
            difference = np.where(~same & (difference == 0), 1.0, difference)  # beyond 2**53 float64 sees them as one
        size = np.where(finite, np.abs(one), 0.0)
        beyond = difference > (tolerance.atol + tolerance.rtol * size) * (1 + 1e-9)
        relative = np.where(finite & (size > 0), difference / np.where(size > 0, size, 1.0), 0.0)
    measured = np.where(np.isfinite(difference), difference, 0.0)
    seen.others += int((~finite & ~same).sum())
    if beyond.any() and (not seen.beyond or difference[beyond].max() > seen.absolute):
        seen.worst = start + int(np.where(beyond, difference, -1.0).argmax())
    seen.beyond += int(beyond.sum())
    seen.absolute = max(seen.absolute, float(measured.max(initial=0.0)))
    seen.relative = max(seen.relative, float(relative.max(initial=0.0)))
