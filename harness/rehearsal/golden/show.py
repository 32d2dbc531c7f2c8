"""`harness golden show`: what was recorded, and another answer beside it. Starts nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from deploy import config
from deploy.async_client import content_type_of
from deploy.async_client.content_types import FALLBACK_CONTENT_TYPE
from deploy.core.files import write_bytes
from deploy.evidence import Finding
from deploy.expectations import media
from harness import goldens
from harness.checks import golden as check
from harness.core.errors import ConfigurationError
from harness.goldens import Golden, NotOfKindError
from harness.goldens.document import SCHEMA
from harness.rehearsal import planning
from harness.rehearsal.golden import lines
from harness.rehearsal.golden.cases import chosen, path_of
from harness.rehearsal.golden.picture import picture_of
from harness.report import kept


@dataclass(frozen=True, kw_only=True)
class Options:
    config_path: Path
    environment: str | None = None
    case: str
    answer: Path | None = None
    """An answer as it came, or a golden; default: the case's answer of the last report."""
    report_dir: Path
    out: Path | None = None
    """Where the picture is written, without its suffix; default: in the report's folder."""


@dataclass(frozen=True)
class Shown:
    """`findings` and `lines` are of the difference where there is another answer; else `lines` are the golden's."""

    golden: Golden
    path: Path
    other: str | None
    """Whose the other answer is."""
    findings: tuple[Finding, ...]
    lines: tuple[str, ...]
    picture: Path | None


def show(options: Options) -> Shown:
    """Raises ConfigurationError when the golden or the answer is not there, or is none."""
    project = config.load(options.config_path, options.environment)
    (case,) = chosen(project, [options.case])
    path = path_of(case)
    golden = planning.golden_of(project, case, path)
    other, whose = _other(options, golden)
    tolerance = project.golden.overlaid(case.expectation.golden_tolerance if case.expectation else None)
    verdict = check.compare(golden, other, tolerance) if other else None
    drawn = picture_of(golden, other, case.clip.path, verdict.frames if verdict else ())
    return Shown(
        golden,
        path,
        whose,
        verdict.findings if verdict else (),
        tuple(lines.difference(golden, other) if other else lines.shown(golden)),
        _written(options, drawn) if drawn else None,
    )


def _other(options: Options, golden: Golden) -> tuple[Golden | None, str | None]:
    if options.answer is not None:
        return _given(options.answer, golden), str(options.answer)
    found = kept.answer_to(options.report_dir, golden.case)
    if found is None:
        return None, None
    return found, f"the answer of {found.recorded.at:%Y-%m-%d %H:%M} UTC in {options.report_dir}"


def _given(path: Path, golden: Golden) -> Golden:
    """A golden, or an answer as it came: of the golden's type, where its name does not say another."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): name the file of an answer") from error
    if SCHEMA.partition("/")[0].encode() in body[:200]:
        return goldens.read(path, named_by="ANSWER")
    by_name = content_type_of(path)
    content_type = golden.content_type if by_name == FALLBACK_CONTENT_TYPE else by_name
    try:
        kind = goldens.kind_of(body, content_type)
        is_alike = media.bare(content_type) == media.bare(golden.content_type)
        kind = golden.kind if is_alike else kind
        content = goldens.content_of(kind, body, content_type)
    except NotOfKindError as error:
        raise ConfigurationError(f"{path} is no answer of type {content_type}: {error}") from error
    return replace(golden, kind=kind, content_type=content_type, content=content)


def _written(options: Options, drawn: tuple[str, bytes]) -> Path:
    suffix, data = drawn
    base = options.out or options.report_dir / f"golden-{goldens.slug(options.case)}"
    path = base if base.suffix.lower() == suffix else base.with_name(f"{base.name}{suffix}")
    write_bytes(path, data)
    return path
