"""The report as a folder of files. `report.json` is written first; the other files are rendered from it.

Each file is complete or absent. Pictures that cannot be made do not prevent the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.core.files import write_bytes
from deploy.evidence import Report, write
from harness.goldens import Golden
from harness.report import html, junit, kept, markdown
from harness.report.drawing import gif
from harness.report.drawing.clip import CasePictures, DrawnFrame, drawn, spread
from harness.report.drawing.colours import Palette

# All cases together have so many pictures in one report.html, which is about 3 MB.
PICTURE_LIMIT = 48
PICTURES_PER_CASE = 4
PICTURE_WIDTH_PIXELS = 480


@dataclass(frozen=True)
class Written:
    report_json: Path
    report_html: Path
    junit_xml: Path
    summary_md: Path
    detections_gif: Path | None


@dataclass(frozen=True)
class _Gif:
    material: CasePictures
    frames: Sequence[DrawnFrame]
    data: bytes


def write_all(
    report: Report, pictures: Sequence[CasePictures], out_dir: Path, answers: Sequence[Golden] = ()
) -> Written:
    """Write every file of the report; the GIF and the answers of an earlier run are removed.

    `answers` are those of the cases that have a golden: `harness golden show` shows them beside it.

    Raises deploy.core.errors.DeployError when a file cannot be written.
    """
    write(out_dir / "report.json", report)
    kept.write(out_dir, answers)
    write_bytes(out_dir / "junit.xml", junit.render(report))
    write_bytes(out_dir / "summary.md", markdown.render(report).encode())
    palette = Palette.of(label for material in pictures for label in material.labels())
    animation = _gif(report, pictures, palette)
    page = html.render(report, _gallery(report, pictures, palette, animation))
    write_bytes(out_dir / "report.html", page.encode())
    return Written(
        report_json=out_dir / "report.json",
        report_html=out_dir / "report.html",
        junit_xml=out_dir / "junit.xml",
        summary_md=out_dir / "summary.md",
        detections_gif=_write_gif(out_dir / "detections.gif", animation),
    )


def _write_gif(path: Path, animation: _Gif | None) -> Path | None:
    if animation is None:
        path.unlink(missing_ok=True)
        return None
    write_bytes(path, animation.data)
    return path


def _gif(report: Report, pictures: Sequence[CasePictures], palette: Palette) -> _Gif | None:
    """The animation of the first case with detections: users' videos come first, then the known answer, then others."""
    kinds = {case.name: case.kind for case in report.cases}
    order = {"user_video": 0, "known_answer": 1}
    showing = [material for material in pictures if material.labels()] or list(pictures)
    for material in sorted(showing, key=lambda one: order.get(kinds.get(one.case, ""), 2)):
        frames = gif.frames_of(material, palette)
        if frames:
            return _Gif(material, frames, gif.encode(frames))
    return None


def _gallery(
    report: Report, pictures: Sequence[CasePictures], palette: Palette, animation: _Gif | None
) -> html.Gallery:
    by_name = {material.case: material for material in pictures}
    shown = {position: by_name[case.name] for position, case in enumerate(report.cases) if case.name in by_name}
    return html.Gallery(
        palette=palette,
        by_case=_pictures_by_case(report, shown, palette),
        labels={position: sorted(material.labels()) for position, material in shown.items()},
        with_truth=frozenset(position for position, material in shown.items() if material.knows_truth()),
        animation=_animation(animation) if animation else None,
    )


def _pictures_by_case(
    report: Report, shown: dict[int, CasePictures], palette: Palette
) -> dict[int, list[html.Picture]]:
    """The pictures by case. The limit is shared evenly, and goes to the cases that did not pass first."""
    worst_first = sorted(shown, key=lambda position: report.cases[position].judgement == "passed")[:PICTURE_LIMIT]
    share = min(PICTURES_PER_CASE, PICTURE_LIMIT // max(1, len(worst_first)))
    return {position: _stills(shown[position], share, palette) for position in worst_first}


def _stills(material: CasePictures, count: int, palette: Palette) -> list[html.Picture]:
    chosen = spread(material.frames, count, material.threshold)
    is_pair = material.has_golden()
    sides = ": the golden, and the answer" if is_pair else ""
    return [
        html.jpeg(frame, _alt(frame), f"frame {frame.frame_index}, {frame.pts_seconds:.2f} s{sides}", is_pair=is_pair)
        for frame in drawn(material, chosen, palette, width=PICTURE_WIDTH_PIXELS)
    ]


def _alt(frame: DrawnFrame) -> str:
    found = ", ".join(frame.labels[:8]) or "nothing above the threshold"
    return f"Frame {frame.frame_index} with detections drawn: {found}"


def _animation(made: _Gif) -> html.Animation:
    first, last = made.frames[0], made.frames[-1]
    alt = f"Detections drawn on {len(made.frames)} frames, {first.pts_seconds:.2f} s to {last.pts_seconds:.2f} s"
    moving = html.picture(made.data, "image/gif", first, alt)
    return html.Animation(made.material.case, moving, html.jpeg(first, alt=_alt(first), caption=""))
