"""Judges an answer against its golden: its type, its size, its model, and by kind what it holds."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.config.case_sections import GoldenSection
from deploy.evidence import Finding, Metric
from deploy.expectations import media
from harness.checks.golden import arrays, bounded, detections, documents, pictures, raw
from harness.goldens import MOST_BYTES, Golden, Kind, NotOfKindError, content_of

Matcher = Callable[[Any, Any, GoldenSection], bounded.Verdict]

MATCHERS: Mapping[Kind, Matcher] = {
    "detections": detections.judge,
    "json": documents.judge,
    "npy": arrays.judge,
    "image": pictures.judge,
    "text": lambda expected, found, _: raw.judge_text(expected, found),
    "bytes": lambda expected, found, _: raw.judge_bytes(expected, found),
}
_DECIMALS = 6


@dataclass(frozen=True)
class Verdict:
    """`frames` are the indices of the frames of a detector's answer that drifted."""

    findings: tuple[Finding, ...]
    metrics: tuple[Metric, ...] = ()
    frames: frozenset[int] = frozenset()

    @property
    def has_drifted(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


def judge(
    golden: Golden, body: bytes, content_type: str, tolerance: GoldenSection, weights_sha256: str | None = None
) -> Verdict:
    """Hold an answer against the golden. `weights_sha256` is of the model that answered, where that is known."""
    return _verdict(golden, _compared(golden, body, content_type, tolerance), weights_sha256)


def compare(golden: Golden, other: Golden, tolerance: GoldenSection) -> Verdict:
    """Hold another answer against the golden, which was read as one, too."""
    if media.bare(other.content_type) != media.bare(golden.content_type) or other.kind != golden.kind:
        return _verdict(golden, _other_type(golden, other.content_type), None)
    found = MATCHERS[golden.kind](golden.content, other.content, tolerance)
    return _verdict(golden, found, other.model.weights_sha256)


def _verdict(golden: Golden, found: bounded.Verdict, weights_sha256: str | None) -> Verdict:
    drifted = any(finding.severity == "error" for finding in found.findings)
    same = () if drifted else (_as_recorded(golden, found.said),)
    told = (*found.findings, *_model(golden, weights_sha256), *same)
    findings = tuple(_said(finding, golden) for finding in told)
    return Verdict(findings, tuple(_metrics(found)), found.frames if found.findings else frozenset())


def _compared(golden: Golden, body: bytes, content_type: str, tolerance: GoldenSection) -> bounded.Verdict:
    if media.bare(content_type) != media.bare(golden.content_type):
        return _other_type(golden, content_type)
    if len(body) > 2 * MOST_BYTES:
        said = f"the answer has {len(body)} bytes, and no golden has more than {MOST_BYTES}: it is not compared"
        return bounded.Verdict((bounded.finding("size", said),))
    try:
        return MATCHERS[golden.kind](golden.content, content_of(golden.kind, body, content_type), tolerance)
    except NotOfKindError as error:
        return bounded.Verdict((bounded.finding(golden.kind, f"the answer cannot be compared: {error}"),))


def _other_type(golden: Golden, content_type: str) -> bounded.Verdict:
    said = f"the answer is {content_type or 'without a content type'}, the golden {golden.content_type}"
    return bounded.Verdict((bounded.finding("type", said),))


def _model(golden: Golden, weights_sha256: str | None) -> Iterator[Finding]:
    was = golden.model.weights_sha256
    if weights_sha256 is not None and weights_sha256 != was:
        said = f"it is of another model, whose weights were {was[:12]}, and now are {weights_sha256[:12]}"
        yield bounded.finding("model", said, severity="warning")


def _said(finding: Finding, golden: Golden) -> Finding:
    said = f"golden: {finding.message}"
    if finding.severity == "info":
        return finding.model_copy(update={"message": said})
    accept = f"harness golden record --case {shlex.quote(golden.case)} --update"
    lead = "" if finding.check == "golden.model" else "correct the handler, its model or its settings; "
    return finding.model_copy(
        update={"message": said, "advice": f"{lead}where the change is meant, `{accept}` accepts it"}
    )


def _as_recorded(golden: Golden, said: str) -> Finding:
    day = golden.recorded.at.date().isoformat()
    return bounded.finding("same", f"as recorded on {day}: {said}", severity="info")


def _metrics(found: bounded.Verdict) -> Iterator[Metric]:
    limits = {name: {side: limit} for name, side, limit in found.limits}
    for name, value in found.metrics:
        yield Metric.model_validate({"name": name, "value": round(value, _DECIMALS), **limits.get(name, {})})
