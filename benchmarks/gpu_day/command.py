"""The command line: the steps in order of value, within the time that there is.

A step whose result file exists is not repeated, so a visit that was cut off goes on with the next command; a step for
which no time is left is named. The last lines on stdout are the table of all steps.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu_day import day, drawn, prepare, processes
from benchmarks.gpu_day.measuring import record
from benchmarks.gpu_day.measuring.inputs import FOLDER
from benchmarks.gpu_day.measuring.record import Document
from benchmarks.gpu_day.processes import Visit
from benchmarks.gpu_day.steps.table import NAMES, STEPS, Step, step_of

_SECONDS = 350
_FAILED, _USAGE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every step that ran was done; 1 where one failed or was cut; 2 for a wrong usage."""
    options = _parser().parse_args(arguments)
    if options.list:
        _say("\n".join(f"{step.name:<12} {step.bound_seconds:>4} s  {step.what}" for step in STEPS))
        return 0
    if options.out is None:
        _say("--out FOLDER is missing: the results have to go somewhere", sys.stderr)
        return _USAGE
    visit = _visit(options)
    for name in options.again:
        visit.result(step_of(name)).unlink(missing_ok=True)
    steps = [step for step in STEPS if step.name in options.steps] if options.steps else list(STEPS)
    found = _visited(steps, visit, options.seconds, options.day or visit.out / "day.json")
    return 0 if all(document["status"] == "done" for document in found.values()) else _FAILED


def _visited(steps: Sequence[Step], visit: Visit, seconds: float, day_file: Path) -> dict[str, Document]:
    """The documents of these steps, new or old; the day's file is written after each."""
    deadline = time.monotonic() + seconds
    found: dict[str, Document] = {}
    left_out: list[str] = []
    for step in steps:
        left = deadline - time.monotonic()
        known = record.read(visit.result(step))
        if not known and left < step.least_seconds:
            left_out.append(step.name)
            continue
        found[step.name] = known or processes.run(step, visit, min(step.bound_seconds, left))
        _say("\n".join(drawn.table(found[step.name])))
        record.write(day_file, day.of(_everything(visit), visit.inputs))
    _say(f"\n{'=' * drawn.COLUMNS}\n{seconds - (deadline - time.monotonic()):.0f} s; {day_file}")
    if left_out:
        _say(f"no time was left for: {', '.join(left_out)}; the same command goes on with them")
    if steps_before := [name for name, document in found.items() if document["status"] != "done"]:
        _say(f"not done: {', '.join(steps_before)}; repeat one with --again STEP")
    for document in found.values():
        _say("\n".join(drawn.table(document)))
    return found


def _everything(visit: Visit) -> dict[str, Document]:
    """The results in the folder, of this visit and of earlier ones."""
    documents = {step.name: record.read(visit.result(step)) for step in STEPS}
    return {name: document for name, document in documents.items() if document}


def _visit(options: argparse.Namespace) -> Visit:
    out, inputs = options.out.absolute(), options.inputs.absolute()
    out.mkdir(parents=True, exist_ok=True)
    site = None if importlib.util.find_spec("av") else prepare.unpacked(inputs, Path(tempfile.gettempdir()))
    return Visit(out, inputs, options.device, options.quick, site)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in NAMES]:
        raise argparse.ArgumentTypeError(f"no step {', '.join(unknown)}; the steps are {', '.join(NAMES)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_day",
        description="Measure the handler on a GPU in minutes, the most valuable figure first.",
        epilog="Before, where there is a network: python -m benchmarks.gpu_day.prepare",
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, help="folder of the results, one JSON file a step")
    parser.add_argument("--day", type=Path, help="the file with everything (default: day.json in --out)")
    parser.add_argument("--inputs", type=Path, default=FOLDER, help="the prepared folder (default: .gpu)")
    parser.add_argument("--steps", type=_names, default=[], help="only these, separated by commas")
    parser.add_argument("--again", type=_names, default=[], help="repeat these although their results exist")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help=f"for everything (default: {_SECONDS})")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="default: cuda")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: proves that every step runs")
    parser.add_argument("--list", action="store_true", help="the steps with their time bounds, and nothing else")
    return parser


def _say(text: str, to: object = None) -> None:
    print(text, file=to or sys.stdout, flush=True)  # type: ignore[arg-type]  # a stream
