"""Answer damaged copies of a file, one after the other, and report what no damage may cause.

python -m tests.handler.fuzzing FILE CONTENT_TYPE FIRST END

A line of JSON on stdout before each mutation, `{"mutation": 17}`, and one for each finding. A mutation that takes
longer than ten seconds ends the process with a traceback on stderr. The same file and number make the same mutation.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import random
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch

from detector.core.detections import FrameDetections
from detector.core.frames import FrameBatch
from detector.core.settings import Settings
from detector.io.toolkit import CUSTOM_ATTRIBUTES_HEADER
from detector.model.maskrcnn import inputs
from detector.pipeline import Service
from inference import transform_fn
from tests.handler.fakes import FakeContext, MeanColour

MOST_SECONDS = 10
MOST_GROWTH_BYTES = 128 << 20
_WARM_MUTATIONS = 100
_HEAD_BYTES = 512
_SIZES = SimpleNamespace(
    min_size=(96,), max_size=160, size_divisible=32, image_mean=[0.0, 0.0, 0.0], image_std=[1.0, 1.0, 1.0]
)
_CPU = torch.device("cpu")


class Resizing(MeanColour):
    """As much of the real network as the size of its pictures concerns."""

    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        for part in batch.parts(1):
            inputs.computed(inputs.uploaded(part.pixels, _SIZES, _CPU), _SIZES)
        return super().detect(batch, score_threshold=score_threshold, with_masks=with_masks)


def mutated(original: bytes, name: str, mutation: int) -> bytearray:
    """One to three damages, every other time among the first bytes, where the headers of most formats are."""
    chance = random.Random(f"{name} {mutation}")  # noqa: S311  no secret: the same number must make the same damage
    body = bytearray(original)
    for _ in range(chance.choice((1, 1, 2, 3))):
        if body:
            chance.choice(_DAMAGES)(body, chance, chance.choice((min(_HEAD_BYTES, len(body)), len(body))))
    return body


def _flip(body: bytearray, chance: random.Random, within: int) -> None:
    for _ in range(chance.choice((1, 1, 4, 32))):
        body[chance.randrange(within)] ^= 1 << chance.randrange(8)


def _replace(body: bytearray, chance: random.Random, within: int) -> None:
    for _ in range(chance.choice((1, 4, 32))):
        body[chance.randrange(within)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))


def _cut(body: bytearray, chance: random.Random, within: int) -> None:
    del body[chance.randrange(within) :]


def _remove(body: bytearray, chance: random.Random, within: int) -> None:
    start = chance.randrange(within)
    del body[start : start + chance.choice((1, 4, 100, 2000))]


def _zero(body: bytearray, chance: random.Random, within: int) -> None:
    start = chance.randrange(within)
    end = min(len(body), start + chance.choice((4, 100, 2000, len(body))))
    body[start:end] = bytes(end - start)


def _swap(body: bytearray, chance: random.Random, within: int) -> None:
    size = chance.choice((1, 8, 188, 2000))
    first, second = sorted((chance.randrange(within), chance.randrange(len(body))))
    size = min(size, second - first, len(body) - second)
    body[first : first + size], body[second : second + size] = (
        body[second : second + size],
        body[first : first + size],
    )


def _repeat(body: bytearray, chance: random.Random, within: int) -> None:
    start = chance.randrange(within)
    body[start:start] = body[start : start + chance.choice((1, 8, 188, 2000))]


_DAMAGES: tuple[Callable[[bytearray, random.Random, int], None], ...] = (
    _flip, _replace, _cut, _remove, _zero, _swap, _repeat
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What a request may not leave behind."""

    descriptors: int
    threads: int
    files: int

    @staticmethod
    def now() -> Held:
        return Held(_entries("/proc/self/fd"), threading.active_count(), _entries(os.environ["TMPDIR"]))


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def answered(service: Service, body: bytearray, content_type: str, mutation: int) -> str | None:
    """What is wrong with the answer; None if it is one of those that a damaged file may have."""
    interval = (1, 3, 30)[mutation % 3]
    context = FakeContext({CUSTOM_ATTRIBUTES_HEADER: f"frame_interval={interval}"})
    said = content_type if mutation % 4 else None  # now and then it has to be recognised
    text, _ = transform_fn(service, body, said, None, context)
    return None if context.status[0] in (200, 400) else f"{context.status[0]}: {text.decode()[:500]}"


def main() -> None:
    path, content_type, first, end = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    original, service = path.read_bytes(), Service(Resizing(), {1: "picture"}, Settings(score_threshold=0.0), 4)
    _say(warm=answered(service, bytearray(original), content_type, 0))
    before, most = Held.now(), 0
    for mutation in range(first, end):
        _say(mutation=mutation)
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        wrong = answered(service, mutated(original, path.name, mutation), content_type, mutation)
        faulthandler.cancel_dump_traceback_later()
        if wrong:
            _say(finding=wrong)
        if Held.now() != before:
            gc.collect()  # what an error's traceback held in a cycle is freed late, but freed
        if (after := Held.now()) != before:
            _say(finding=f"{after} after, {before} before")
            before = after
        if mutation == first + _WARM_MUTATIONS:
            most = resident_bytes() + MOST_GROWTH_BYTES
    if most and resident_bytes() > most:
        _say(finding=f"{resident_bytes()} bytes resident at the end, at most {most} expected")
    _say(ended=True)


def _say(**told: object) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
