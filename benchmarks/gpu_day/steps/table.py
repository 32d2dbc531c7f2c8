"""The table of the steps: the most valuable first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record

Measure = Callable[[Record, Inputs, Extent], None]
_FORWARD = ("wall_ms", "gpu_ms", "peak_mib")
_PAIRS = ("ratio", "reference_ms", "handler_ms", "detections", "frames")


@dataclass(frozen=True)
class Step:
    """`module` and `function` are in this folder; after `bound_seconds` the step is ended."""

    name: str
    module: str
    function: str
    bound_seconds: int
    least_seconds: int
    """With less time left it is not started."""
    columns: tuple[str, ...]
    what: str

    def measure(self) -> Measure:
        """Imported only where it runs, because the command itself needs no torch."""
        found: Measure = getattr(import_module(f"benchmarks.gpu_day.steps.{self.module}"), self.function)
        return found


STEPS = (
    Step("facts", "facts", "measure", 40, 10, ("value", "unit"), "card, processor, bandwidth, matrix rate"),
    Step("pairs-250", "pairs", "far_apart", 150, 30, _PAIRS, "requests against the reference, key frames 250 apart"),
    Step("forward", "forward", "measure", 75, 15, _FORWARD, "the network by batch, precision and masks; its floor"),
    Step("answers", "answers", "measure", 40, 15, ("same", "worst_px", "missing", "extra"), "equal to torchvision's"),
    Step("tests", "marked_tests", "measure", 90, 20, ("outcome",), "the tests marked gpu"),
    Step("waterfall", "waterfall", "measure", 40, 12, ("gpu_ms", "wall_ms", "share"), "the parts of a forward"),
    Step("picture", "single", "picture", 30, 10, ("wall_ms",), "one picture, from bytes to boxes"),
    Step("pairs-30", "pairs", "close_together", 150, 30, _PAIRS, "the same requests, key frames 30 apart"),
    Step("levers", "levers", "measure", 90, 20, ("ms_a_frame", "start_s", "peak_mib"), "one setting at a time"),
    Step("small-card", "memory", "small_card", 60, 25, _PAIRS, "15 GiB, four cores, four threads"),
    Step("memory", "memory", "largest_batches", 60, 15, ("largest", "peak_mib"), "the largest batch under 15 GiB"),
    Step("decoding", "single", "decoding", 45, 12, ("ratio", "reference_fps", "handler_fps"), "frames of the clip/s"),
    Step("starts", "memory", "starts", 90, 20, ("started", "seconds"), "fresh starts at the safe batch"),
)
NAMES = tuple(step.name for step in STEPS)


def step_of(name: str) -> Step:
    """Raises KeyError for a name that is not in the table."""
    return {step.name: step for step in STEPS}[name]
