"""`harness check parity` compares the project's bundle with torchvision, as a check of the evidence.

Owns what is compared by default, and how strictly. May not compare; `harness.checks.parity` does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import bundle, config, evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.gates import family
from deploy.resources.container_environment import container_environment
from harness import cases
from harness.cases.clips import open_clip
from harness.checks import parity
from harness.checks.parity import REDUCED, SAME, Parity, Subject, Tolerance
from harness.core.errors import ConfigurationError, RehearsalError
from harness.observations import circumstances

CHECK = "parity"
QUICK_FRAMES = 4


@dataclass(frozen=True)
class Options:
    config_path: Path
    environment: str | None = None
    bundle: Path | None = None
    """By default it is built from the project."""
    video: Path | None = None
    """By default the clip of the known answer."""
    frame_limit: int = 8


def check(options: Options) -> evidence.Check:
    """The check on the project's bundle, or on the given one.

    Raises HarnessError when one of the two cannot answer, ConfigurationError for a missing file.
    """
    project = config.load(options.config_path, options.environment)
    if options.bundle is not None and not options.bundle.is_file():
        raise ConfigurationError(f"{options.bundle}: no such file; give --bundle a model.tar.gz, or none to build it")
    with tempfile.TemporaryDirectory(prefix="rehearsal-parity-") as folder:
        # The two run in this environment, where nothing is installed.
        built = options.bundle or bundle.build(project.without_packages(), Path(folder)).path
        return checked(project, built, options.video, options.frame_limit)


def quick(project: Project, built: Bundle) -> evidence.Check:
    """The check that `validate` runs on its bundle. A handler that cannot answer is a failed check, not an error."""
    if not family.has_known_answer(built):
        return evidence.Check(name=CHECK, outcome="skipped", summary=family.WITHOUT)
    started = time.monotonic()
    try:
        return checked(project, built.path, None)
    except RehearsalError as error:
        return evidence.Check(
            name=CHECK, outcome="failed", summary=str(error), seconds=round(time.monotonic() - started, 3)
        )


def checked(project: Project, built: Path, video: Path | None, frame_limit: int = QUICK_FRAMES) -> evidence.Check:
    """The check on a bundle. Raises HarnessError when one of the two cannot answer."""
    clip = open_clip(video or cases.open_known_answer(project.validate.known_answer).clip_path)
    if clip.facts is None:
        raise ConfigurationError(f"{clip.path}: no frame of it can be decoded; give --video a clip that plays")
    environment = container_environment(project)
    started = time.monotonic()
    found = parity.run(Subject(built, environment), clip, tolerance(environment), frame_limit=frame_limit)
    return as_check(found, time.monotonic() - started)


def tolerance(environment: Mapping[str, str]) -> Tolerance:
    """The strict tolerance where the handler computes in float32, by its settings or by default without a GPU."""
    asked = environment.get("PRECISION", "auto")
    on_gpu = circumstances.this_machine().gpu is not None
    return SAME if asked == "fp32" or (asked == "auto" and not on_gpu) else REDUCED


def as_check(found: Parity, seconds: float) -> evidence.Check:
    """The comparison as a check; it is skipped where neither found an object, which says nothing about the handler."""
    if found.passed and not found.has_compared:
        summary = f"neither found an object in {found.frame_count} frames; give --video a clip that shows some"
        return evidence.Check(name=CHECK, outcome="skipped", summary=summary, seconds=round(seconds, 3))
    return evidence.Check(
        name=CHECK,
        outcome="passed" if found.passed else "failed",
        summary=found.summary,
        seconds=round(seconds, 3),
        metrics=tuple(evidence.Metric(name=name, value=round(value, 6)) for name, value in found.metrics.items()),
        findings=tuple(found.findings),
    )
