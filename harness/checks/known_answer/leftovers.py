"""Single objects that are invented or overlooked, which mean average precision forgives when they are few."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from deploy.evidence import Finding
from harness.cases.matching import FramePair, frames_in_words, matches

SURE_SCORE = 0.5
TOLERATED_SHARE = 0.05


def leftovers(pairs: Sequence[FramePair]) -> Iterator[Finding]:
    """Warnings on sure detections without an object, and on objects without a sure detection, beyond one in twenty."""
    objects = sum(len(pair.objects) for pair in pairs)
    sure = [_sure(pair) for pair in pairs]
    fitting = [len(matches(pair, at_least=0.5)) for pair in sure]
    invented = {p.frame_index: len(p.detections) - n for p, n in zip(sure, fitting, strict=True)}
    missed = {p.frame_index: len(p.objects) - n for p, n in zip(sure, fitting, strict=True)}
    for counts, words in ((invented, "sure detections fit no object"), (missed, "objects are not surely found")):
        total = sum(counts.values())
        if total > TOLERATED_SHARE * objects:
            where = frames_in_words(index for index, count in counts.items() if count)
            message = f"{total} {words}; the answered frames hold {objects} objects"
            advice = f"sure is a score of {SURE_SCORE:g} and more; look at these frames in the report"
            yield Finding(check="known_answer.objects", severity="warning", message=message, where=where, advice=advice)


def _sure(pair: FramePair) -> FramePair:
    kept = tuple(detection for detection in pair.detections if detection.score >= SURE_SCORE)
    return dataclasses.replace(pair, detections=kept)
