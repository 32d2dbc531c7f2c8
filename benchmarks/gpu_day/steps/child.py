"""The process of one step: `python -m benchmarks.gpu_day.steps.child NAME FILE INPUTS DEVICE full|quick`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.gpu_day.measuring.extent import extent_of
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record
from benchmarks.gpu_day.steps.table import step_of


def main(name: str, file: str, inputs: str, device: str, extent: str) -> None:
    step, quick = step_of(name), extent == "quick"
    record = Record(Path(file), step.columns)
    step.measure()(record, Inputs(Path(inputs), quick), extent_of(device, quick))


if __name__ == "__main__":
    main(*sys.argv[1:])
