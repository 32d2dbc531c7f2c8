"""What every answer must satisfy, whatever the model: one result per sampled frame, in order, inside the picture.

The answer is judged against an independent reading of the clip. That needs no truth, so it also works for users' clips.
A frame may be missing where the answer itself calls it lost (`warnings`), and the clip is damaged indeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from deploy.evidence import Finding
from harness.cases import ClipFacts, PredictedFrame, Predictions

# Rounding may put a corner a little outside; more than that is a wrong coordinate system.
BOX_SLACK_PIXELS = 1.0
# Time stamps differ by their rounding alone: a millisecond in Matroska. Where frames are closer, less is allowed.
TIME_SLACK_SECONDS = 0.001
_TIME_ROUNDING_SECONDS = 2e-6  # answers have six decimals


def judge(
    predictions: Predictions, facts: ClipFacts, frame_interval: int, is_damaged: Callable[[], bool] = lambda: True
) -> tuple[Finding, ...]:
    """`is_damaged` has a look at the clip itself; it is asked only where the answer speaks of damage."""
    facts = facts.on_square_pixels() if predictions.has_square_pixels else facts
    return (
        *_frames(predictions, facts, frame_interval),
        *_cut(facts),
        *_false_warnings(predictions, is_damaged),
        *_times(predictions, facts),
        *_size(predictions, facts),
        *_boxes(predictions, facts),
    )


def told(predictions: Predictions) -> Iterator[Finding]:
    """The answer's own warnings: a person must see them, whatever else is right."""
    for warning in predictions.warnings:
        yield Finding(
            check="answer.warnings",
            severity="warning",
            message=f"the answer warns: {warning.message}",
            where=warning.code,
            advice=f"of the answer are missing: {_listed(warning.lost_frames)}" if warning.lost_frames else None,
        )


def unjudged() -> Finding:
    return Finding(
        check="answer.unjudged",
        severity="error",
        message="the endpoint answered, but no picture can be found in the file here, so nothing is proven",
        advice="check the file with ffprobe, and re-encode it: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4",
    )


def _frames(predictions: Predictions, facts: ClipFacts, frame_interval: int) -> Iterator[Finding]:
    answered = [frame.frame_index for frame in predictions.frames]
    lost = predictions.lost_frames
    wanted = [index for index in range(0, facts.frame_count, frame_interval) if index not in lost]
    if answered != wanted:
        pairs = enumerate(zip(answered, wanted, strict=False))
        first = next((index for index, (got, due) in pairs if got != due), None)
        place = "" if first is None else f"; result {first} is of frame {answered[first]}, expected {wanted[first]}"
        without = f" that the answer does not call lost ({_listed(sorted(lost))})" if lost else ""
        yield Finding(
            check="answer.frames",
            severity="error",
            message=f"{len(answered)} results for {len(wanted)} sampled frames{without} "
            f"({facts.frame_count} frames, every {frame_interval}){place}",
            advice="the handler must answer frames 0, N, 2N ... to the end of the clip, each once; what cannot be "
            "decoded belongs into its `warnings`",
        )


def _listed(frames: Sequence[int]) -> str:
    return ", ".join(map(str, frames[:10])) + (f" and {len(frames) - 10} more" if len(frames) > 10 else "")


def _cut(facts: ClipFacts) -> Iterator[Finding]:
    if facts.cut:
        yield Finding(
            check="answer.cut",
            severity="error",
            message=f"the file is cut, and was answered as if it were whole: {facts.cut}",
            advice="a clip of which a part is missing must be refused; upload the whole file",
        )


def _false_warnings(predictions: Predictions, is_damaged: Callable[[], bool]) -> Iterator[Finding]:
    if predictions.lost_frames and not is_damaged():
        yield Finding(
            check="answer.warnings",
            severity="error",
            message=f"the answer calls {len(predictions.lost_frames)} frames lost "
            f"({_listed(sorted(predictions.lost_frames))}), and every packet of the clip can be decoded here",
            advice="compare the decoder in the bundle with PyAV in this environment",
        )


def _times(predictions: Predictions, facts: ClipFacts) -> Iterator[Finding]:
    """Each against the clip's own stamp: one that stands still is right exactly where the clip's does."""
    slack = _time_slack(facts)
    due = ((frame, facts.times[frame.frame_index]) for frame in predictions.frames if _has_time(frame, facts))
    wrong = [(frame, time) for frame, time in due if not _is_at(frame.pts_seconds, time, slack)]
    if wrong:
        frame, time = wrong[0]
        said = "no time" if frame.pts_seconds is None else f"{frame.pts_seconds:.6g} s"
        yield Finding(
            check="answer.times",
            severity="error",
            message=f"{len(wrong)} of {len(predictions.frames)} results have another time than their frame: {said}, "
            f"shown at {time:.6g} s",
            where=f"frame {frame.frame_index}",
            advice="take pts_seconds from the decoder for the very frame that is sampled, from the first picture on",
        )


def _has_time(frame: PredictedFrame, facts: ClipFacts) -> bool:
    return 0 <= frame.frame_index < len(facts.times)


def _is_at(answered: float | None, time: float, slack: float) -> bool:
    return answered is not None and abs(answered - time) <= slack


def _time_slack(facts: ClipFacts) -> float:
    closest = min((after - before for before, after in pairwise(facts.times) if after > before), default=1.0)
    return max(_TIME_ROUNDING_SECONDS, min(TIME_SLACK_SECONDS, closest / 4))


def _size(predictions: Predictions, facts: ClipFacts) -> Iterator[Finding]:
    said = (predictions.video.width, predictions.video.height)
    if said != (facts.width, facts.height):
        yield Finding(
            check="answer.size",
            severity="error",
            message=f"the answer speaks of a picture of {said[0]}x{said[1]} pixels, "
            f"the clip has {facts.width}x{facts.height}",
            advice="boxes belong in source pixels, after rotation metadata and before any resizing",
        )


def _boxes(predictions: Predictions, facts: ClipFacts) -> Iterator[Finding]:
    outside = [frame for frame in predictions.frames if _has_box_outside(frame, facts)]
    if outside:
        yield Finding(
            check="answer.boxes",
            severity="error",
            message=f"boxes outside the picture or with exchanged corners in {len(outside)} frames",
            where=f"frame {outside[0].frame_index}",
            advice="boxes are [x1, y1, x2, y2] in source pixels, x1 < x2 and y1 < y2",
        )


def _has_box_outside(frame: PredictedFrame, facts: ClipFacts) -> bool:
    def inside(box: tuple[float, float, float, float]) -> bool:
        x1, y1, x2, y2 = box
        low = -BOX_SLACK_PIXELS
        return low <= x1 < x2 <= facts.width - low and low <= y1 < y2 <= facts.height - low

    return not all(inside(detection.box) for detection in frame.detections)
