"""An answer as lines of text that are no wider than a terminal, and the difference of two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from hashlib import sha256

from harness.cases import Predictions
from harness.checks.golden.detections import predictions_of
from harness.goldens import Golden, laid_out
from harness.goldens.arrays import Array, arrays_of
from harness.goldens.pictures import picture_of

WIDTH = 80
_MOST_LINES = 200
# Longer answers are compared by their beginning: the difference of two texts takes the square of their lines.
_MOST_COMPARED = 5000
_BYTES_IN_A_LINE = 16


def shown(golden: Golden) -> list[str]:
    return _bounded(_lines(golden))


def difference(golden: Golden, other: Golden) -> list[str]:
    """As `diff -u` says it; empty for answers whose lines are equal."""
    was, now = (_lines(each)[:_MOST_COMPARED] for each in (golden, other))
    return _bounded(list(unified_diff(was, now, "golden", "answer", n=2, lineterm="")))


def _bounded(lines: Sequence[str]) -> list[str]:
    more = [f"and {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return [_cut(line) for line in lines[:_MOST_LINES]] + more


def _cut(line: str) -> str:
    """In one line of the terminal, without what would steer it."""
    plain = "".join(sign if sign.isprintable() else " " for sign in line)
    return plain if len(plain) <= WIDTH else f"{plain[: WIDTH - 1]}…"


def _lines(golden: Golden) -> list[str]:
    if golden.kind == "detections":
        return list(_of_detections(predictions_of(golden.content)))
    if golden.kind == "json":
        return laid_out(golden.content, width=WIDTH - 1).splitlines()
    if golden.kind == "text":
        return str(golden.content).splitlines()
    if golden.kind == "npy":
        return [_of_array(number, array) for number, array in enumerate(arrays_of(golden.content))]
    if golden.kind == "image":
        picture = picture_of(golden.content)
        return [f"{picture.mode} {picture.size}", f"mean {picture.pixels.mean():.4g}", _digest(golden.content)]
    return list(_of_bytes(golden.content))


def _of_detections(answer: Predictions) -> Iterator[str]:
    for frame in answer.frames:
        time = "" if frame.pts_seconds is None else f", {frame.pts_seconds:.3f} s"
        yield f"frame {frame.frame_index}{time}"
        for thing in sorted(frame.detections, key=lambda each: (-each.score, each.label, each.box)):
            box = ", ".join(f"{side:.1f}" for side in thing.box)
            yield f"  {thing.label} {thing.score:.3f} [{box}]{' with a mask' if thing.mask else ''}"


def _of_array(number: int, array: Array) -> str:
    is_number = array.size and array.dtype.kind in "iufb"
    numbers = f" {array.min():.6g} to {array.max():.6g}, mean {array.mean():.6g}" if is_number else ""
    return f"array {number}: {array.dtype} {array.shape}{numbers}"


def _of_bytes(body: bytes) -> Iterator[str]:
    yield f"{len(body)} bytes"
    yield _digest(body)
    for start in range(0, min(len(body), _MOST_LINES * _BYTES_IN_A_LINE), _BYTES_IN_A_LINE):
        yield f"{start:06x}  {body[start : start + _BYTES_IN_A_LINE].hex(' ')}"


def _digest(body: bytes) -> str:
    return f"sha256 {sha256(body).hexdigest()}"
