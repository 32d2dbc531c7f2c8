"""Renders `report.html`, one self-contained file: pictures are data URIs, nothing is fetched, no script runs.

Its Content-Security-Policy forbids everything else; the template engine escapes all text.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from deploy.evidence import Case, Report
from harness.report import texts
from harness.report.drawing.clip import DrawnFrame
from harness.report.drawing.colours import Palette, css
from harness.report.waterfall import RequestSplit, request_split, stage_rows

_JPEG_QUALITY = 82
# In a report with more cases, only those that did not pass are unfolded.
_OPEN_CASES = 12


@dataclass(frozen=True)
class Picture:
    data_uri: str
    width_pixels: int
    height_pixels: int
    alt: str
    caption: str = ""
    is_pair: bool = False
    """Two pictures side by side, which need the room of two."""


@dataclass(frozen=True)
class Animation:
    """The GIF, and its first frame for readers who asked their system for less motion."""

    case: str
    moving: Picture
    still: Picture


@dataclass(frozen=True)
class Gallery:
    """The pictures of a report by the position of their case, and the animation.

    `with_truth` names the cases whose pictures also show the truth.
    """

    palette: Palette = field(default_factory=Palette)
    by_case: Mapping[int, Sequence[Picture]] = field(default_factory=dict)
    labels: Mapping[int, Sequence[str]] = field(default_factory=dict)
    with_truth: frozenset[int] = frozenset()
    animation: Animation | None = None


@dataclass(frozen=True)
class CaseView:
    number: int
    case: Case
    pictures: Sequence[Picture]
    labels: Sequence[str]
    with_truth: bool
    split: RequestSplit | None
    unfolded: bool


def render(report: Report, gallery: Gallery) -> str:
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            cases=_case_views(report, gallery),
            counts_frames=texts.counts_frames(report.cases),
            stages=stage_rows(report.stages),
            findings=[one for one in texts.findings_of(report) if one.finding.severity != "info" or one.owner == "run"],
            animation=gallery.animation,
            colours={label: css(colour) for label, colour in gallery.palette.colours.items()},
            glyphs=texts.GLYPHS,
        )
    )


def jpeg(frame: DrawnFrame, alt: str, caption: str, *, is_pair: bool = False) -> Picture:
    file = io.BytesIO()
    Image.fromarray(frame.image).save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
    return replace(picture(file.getvalue(), "image/jpeg", frame, alt, caption), is_pair=is_pair)


def picture(data: bytes, media_type: str, frame: DrawnFrame, alt: str, caption: str = "") -> Picture:
    """Encoded bytes as a picture of the size of `frame`."""
    height, width = frame.image.shape[:2]
    return Picture(f"data:{media_type};base64,{base64.b64encode(data).decode()}", width, height, alt, caption)


def _case_views(report: Report, gallery: Gallery) -> list[CaseView]:
    slowest = max((case.timings.total_seconds or 0.0 for case in report.cases), default=0.0)
    few = len(report.cases) <= _OPEN_CASES
    return [
        CaseView(
            number=position + 1,
            case=case,
            pictures=gallery.by_case.get(position, ()),
            labels=gallery.labels.get(position, ()),
            with_truth=position in gallery.with_truth,
            split=request_split(case, slowest),
            unfolded=few or case.judgement != "passed",
        )
        for position, case in enumerate(report.cases)
    ]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=texts.seconds,
        size=texts.size,
        number=texts.number,
        timestamp=texts.timestamp,
        metric=texts.metric,
        outcome=texts.outcome,
        assurance=texts.assurance,
        served_by=texts.served_by,
        frames=texts.frames,
        detections=texts.detections,
        words=lambda slug: str(slug).replace("_", " "),
    )
    return environment
