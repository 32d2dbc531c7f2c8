"""Text against the recorded one, line by line; and bytes, which are equal or not."""

from __future__ import annotations

from hashlib import sha256

from harness.checks.golden.bounded import Verdict, finding

_SHOWN_CHARACTERS = 120
_CONTEXT_BYTES = 16


def judge_text(expected: str, found: str) -> Verdict:
    if expected == found:
        return Verdict(said=f"{len(expected.splitlines())} lines of text")
    was, now = (text.splitlines(keepends=True) for text in (expected, found))
    first = next((place for place, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), None)
    place = min(len(was), len(now)) if first is None else first
    said = f"the line is {_line(now, place)}, and was {_line(was, place)}; {len(now)} lines, the golden has {len(was)}"
    return Verdict((finding("text", said, where=f"line {place + 1}"),))


def judge_bytes(expected: bytes, found: bytes) -> Verdict:
    if expected == found:
        return Verdict(said=f"{len(expected)} bytes")
    place = next(
        (start for start, (one, other) in enumerate(zip(expected, found, strict=False)) if one != other),
        min(len(expected), len(found)),
    )
    said = (
        f"other bytes from {place} on: {found[place : place + _CONTEXT_BYTES]!r}, was "
        f"{expected[place : place + _CONTEXT_BYTES]!r}; {len(found)} bytes (sha256 {sha256(found).hexdigest()[:12]}), "
        f"the golden has {len(expected)} ({sha256(expected).hexdigest()[:12]})"
    )
    return Verdict((finding("bytes", said),))


def _line(lines: list[str], place: int) -> str:
    if place >= len(lines):
        return "missing"
    return repr(lines[place][:_SHOWN_CHARACTERS])
