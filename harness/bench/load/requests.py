"""The requests of a benchmark: the project's good cases, those that are chosen, or a clip.

Owns that everything that is sent is there and fits into the endpoint's mode, before anything starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.async_client import Request
from deploy.config import Project
from deploy.config.sections import MAX_PAYLOAD_BYTES
from deploy.evidence import Finding
from deploy.realtime_client import MAX_BODY_BYTES
from harness import cases
from harness.bench.load.reading import Reader, Unit, meter_of
from harness.cases import Case, Clip
from harness.core.errors import ConfigurationError

_ACCEPT = "application/json"
# What SageMaker takes and returns in each mode: botocore's model of sagemaker-runtime; the guide's page on asynchronous
# inference.
LIMITS = {"realtime": MAX_BODY_BYTES, "async": MAX_PAYLOAD_BYTES}


@dataclass(frozen=True)
class Sent:
    """One request of the load, and how its answers are read."""

    name: str
    clip: Clip
    request: Request
    reader: Reader

    def identity(self) -> str:
        """All that makes its figures what they are."""
        expected = self.reader.expectation.model_dump_json() if self.reader.expectation else ""
        return f"{self.clip.sha256} {replace(self.request, file=Path())} {self.reader.meter} {expected}"


@dataclass(frozen=True)
class Load:
    """Every repeat sends `sent` equally often. `findings` tell what cannot be sent."""

    sent: tuple[Sent, ...]
    is_flagships_clip: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def unit(self) -> Unit | None:
        """What its items are; None where those of any request are not known."""
        units = {each.reader.meter.unit for each in self.sent}
        return units.pop() if len(units) == 1 else None

    @property
    def clip(self) -> Clip:
        """The clip, or the input of the first case."""
        return self.sent[0].clip


@dataclass(frozen=True)
class Asked:
    """What the project and the command line ask for, all of it there."""

    project: Project
    of_project: tuple[Case, ...]
    given: tuple[Case, ...]
    video: Clip | None


def read(project: Project, video: Path | None, given: Sequence[str]) -> Asked:
    """Open everything that may be sent. Raises ConfigurationError when something is missing or contradicts itself."""
    if video is not None and given:
        raise ConfigurationError("--video and --case exclude each other: a benchmark sends a clip, or cases")
    declared = cases.of_project(project)
    clip = cases.open_clip(video) if video is not None else None
    return Asked(project, declared, tuple(_given(given, declared)), clip)


def load_of(asked: Asked, *, is_flagship: bool) -> Load:
    """Raises ConfigurationError when there is nothing to send."""
    if is_flagship and not asked.given:
        return _of_clip(asked)
    wanted = _wanted(asked)
    if not wanted:
        raise ConfigurationError(_NOTHING.format(asked.project.path))
    mode = asked.project.endpoint.mode
    findings = tuple(finding for case in wanted if (finding := _too_large(case, mode)))
    fitting = [case for case in wanted if _too_large(case, mode) is None]
    if not fitting:
        raise ConfigurationError("; ".join(f"{each.where}: {each.message}. {each.advice}" for each in findings))
    return Load(tuple(_sent(case, mode, is_flagship=is_flagship) for case in fitting), findings=findings)


_NOTHING = (
    "{}: no good case to send: a benchmark needs a [[case]] that must be answered (expect.status = 'completed', the "
    "default), or --case FILE[:CONTENT_TYPE]"
)


def _wanted(asked: Asked) -> Sequence[Case]:
    if asked.video is not None:
        return (cases.of_plain_file(asked.video.path, asked.video.content_type),)
    return asked.given or [case for case in asked.of_project if case.expects == "completed"]


def _of_clip(asked: Asked) -> Load:
    clip = asked.video
    if clip is None:
        clip = cases.open_clip(cases.open_known_answer(asked.project.validate.known_answer).clip_path)
    if clip.facts is None:
        raise ConfigurationError(f"{clip.path}: no frame of it can be decoded; give --video a clip that plays")
    case, mode = Case(clip.path.name, "user_video", clip), asked.project.endpoint.mode
    if finding := _too_large(case, mode):
        raise ConfigurationError(f"{finding.where}: {finding.message}. {finding.advice}")
    return Load((_sent(case, mode, is_flagship=True),), is_flagships_clip=True)


def _given(given: Sequence[str], declared: Sequence[Case]) -> Iterator[Case]:
    """The cases of the command line: a case's name, or FILE[:CONTENT_TYPE]."""
    named = {case.name: case for case in declared}
    for text in dict.fromkeys(given):
        if text not in named:
            yield from _of_file(text, named)
        elif named[text].expects != "completed":
            raise ConfigurationError(f"--case {text}: this case must fail, and a benchmark sends good requests")
        else:
            yield named[text]


def _of_file(text: str, named: dict[str, Case]) -> tuple[Case, ...]:
    try:
        return cases.of_files((text,))
    except ConfigurationError as error:
        known = ", ".join(name for name, case in named.items() if case.expects == "completed")
        raise ConfigurationError(f"{error}" + (f", or the name of a case: {known}" if known else "")) from error


def _sent(case: Case, mode: str, *, is_flagship: bool) -> Sent:
    clip = case.clip
    request = Request(clip.path, clip.content_type, accept=case.accept or _ACCEPT, attributes=case.custom_attributes)
    reader = Reader(meter_of(case, is_flagship=is_flagship), LIMITS[mode], case.expectation, case.accept)
    return Sent(case.name, clip, request, reader)


def _too_large(case: Case, mode: str) -> Finding | None:
    size, limit = case.clip.size_bytes, LIMITS[mode]
    if size <= limit:
        return None
    call = "InvokeEndpoint" if mode == "realtime" else "an asynchronous endpoint"
    advice = 'send less, or make the endpoint asynchronous: [endpoint] mode = "async"'
    return Finding(
        check="request.size",
        severity="error",
        message=f"{case.clip.path.name} has {size:,} bytes, and {call} takes {limit:,}: it is not sent",
        where=case.name,
        advice=advice if mode == "realtime" else "send less: cut or compress the input",
    )
