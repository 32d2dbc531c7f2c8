"""Runs suites in an image: `python -m benchmarks.in_container IMAGE [--suite NAME]... [PYTEST ARGUMENTS]`.

They measure the image's own Python, torch and OpenCV; only pytest comes from this environment (`borrowed`). The
container has no network, no capabilities and no root; it reads the repository and writes to `/results`. However the
run ends, the container is removed, and the measurements are kept. Exit codes are pytest's own; 2 for a wrong usage, 3
without the engine or the image, 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import clips
from benchmarks.clips import CannotMake
from benchmarks.container import suites
from benchmarks.container.boxed import RESULT, Order, run
from benchmarks.container.inside import PACKAGES
from benchmarks.contestants.worker import ROOT
from deploy import bundle, config
from deploy.bundle import packages
from deploy.config import Project
from harness.core.errors import ConfigurationError, MachineCannot, RehearsalError
from harness.docker.engine import Engine

_PATIENCE_SECONDS = 3600  # a suite may run this long without output
_FRAMES = "REHEARSAL_BENCH_FRAMES"
_PASSED_ON = ("REHEARSAL_BENCH_PAIRS", _FRAMES, "OMP_NUM_THREADS")
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    order = ordered(arguments)
    try:
        frame_count = sampled_frame_count(order)
        with Engine.connect(timeout_seconds=_PATIENCE_SECONDS) as engine:
            code = run(order, engine, prepare=lambda: prepare(order, frame_count))
    except RehearsalError as error:
        _say(f"{error}\n{error.log_tail}".rstrip())
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted; the container is removed")
        code = _INTERRUPTED
    if (order.results / RESULT).exists():
        _say(f"measured: {order.results / RESULT}; look at it again: pytest-benchmark compare {order.results / RESULT}")
    return code


def ordered(arguments: Sequence[str] | None) -> Order:
    options, others = _parser().parse_known_args(arguments)
    results = options.results or ROOT / ".benchmarks" / "container" / _folder_name(options.image)
    return Order(
        image=options.image,
        suites=tuple(options.suite or suites.SUITES),
        results=results.absolute(),
        pytest_arguments=tuple(others),
        gpu=options.gpu,
        without_packages=options.without_packages,
        environment={name: value for name, value in os.environ.items() if name in _PASSED_ON},
    )


def sampled_frame_count(order: Order) -> int:
    text = order.environment.get(_FRAMES, str(suites.DEFAULT_FRAMES))
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{_FRAMES} is {text!r}; it is a number of sampled frames, 1 or more")
    return int(text)


def prepare(order: Order, frame_count: int) -> None:
    project = config.load(ROOT / "rehearsal.toml")
    project = project.without_packages() if order.without_packages else project
    put_packages(ROOT / ".benchmarks" / "inputs" / PACKAGES, project)
    make_clips(order.suites, frame_count)


def put_packages(folder: Path, project: Project) -> None:
    """Put the listing and the wheels that the project's bundle would carry into `folder`, in place of older ones."""
    shutil.rmtree(folder, ignore_errors=True)
    with packages.added(project, list(bundle.handler_members(project.handler.source))) as members:
        for each in members:
            if each.name == packages.LISTING or each.name.startswith(f"{packages.FOLDER}/"):
                target = folder / each.name.removeprefix("code/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(each.source, target)


def make_clips(names: Sequence[str], frame_count: int) -> None:
    """Make the clips of the suites on the host, and report the codecs that it cannot write."""
    for recipe in suites.clips_of(names, frame_count):
        try:
            clips.made(recipe, ROOT / ".benchmarks" / "inputs")
        except CannotMake as reason:
            if recipe.codec == clips.ALWAYS_READ:
                raise MachineCannot(str(reason)) from reason
            _say(str(reason))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.in_container",
        description="Run the handler's benchmarks inside a container image, without network.",
        epilog="Anything else is passed to pytest, for example -k hevc.",
        allow_abbrev=False,
    )
    parser.add_argument("image", help="on this machine: the official image, or the one of `harness image build`")
    parser.add_argument(
        "--suite", action="append", choices=suites.SUITES, help="one suite; may be repeated (default: all four)"
    )
    parser.add_argument("--results", type=Path, help=f"folder for {RESULT} (default: a new one below .benchmarks)")
    parser.add_argument(
        "--without-packages", action="store_true", help="measure without what the bundle carries, such as PyAV"
    )
    parser.add_argument("--gpu", action="store_true", help="hand all GPUs to the container")
    return parser


def _folder_name(image: str) -> str:
    """The folder's name for this run, from the image and the time."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", image).strip("-")
    return f"{readable}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def _say(text: str) -> None:
    sys.stderr.write(f"in_container: {text}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
