"""The files that a project needs beside a handler that is there: none of the handler's own is touched.

Owns: which of the files that were seen is the handler, and what is said about the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.config.spelling import did_you_mean
from deploy.core.errors import ConfigurationError
from deploy.core.project_file import FILE_NAME
from harness.scaffold import first_case, workflow
from harness.scaffold.first_case import FirstCase
from harness.scaffold.functions import TOOLKIT_FUNCTIONS
from harness.scaffold.model_data import model_data
from harness.scaffold.planned import Plan
from harness.scaffold.project_text import project_text
from harness.scaffold.seen import Entry, Seen

IGNORED = ("/.rehearsal/", "/rehearsal-report/", "/rehearsal-bench/", "/dist/", "__pycache__/")
_IMPORTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\.py")


def plan_beside_handler(
    seen: Seen, *, name: str, handler: Path | None, cases: Sequence[str], with_workflow: bool
) -> Plan:
    """`handler` is the file to take, where several could be meant; `cases` are `FILE[:TYPE]`.

    Raises ConfigurationError when there is no handler, or none that can be told from the others, and says which.
    """
    entry = _named(seen, handler) if handler else _only(seen)
    if not _IMPORTABLE.fullmatch(entry.path.name):
        raise ConfigurationError(f"{entry.path} cannot be imported by that name: rename it, say inference.py")
    data = model_data(seen, entry)
    chosen = first_case.asked(seen.folder, cases, entry.functions) if cases else first_case.found(seen, entry)
    text = project_text(name, entry.source.as_posix(), entry.path.name, data, chosen)
    files = {FILE_NAME: text.encode()}
    if with_workflow:
        files[workflow.PATH] = workflow.workflow(("harness validate",)).encode()
    return Plan(seen.folder, files, IGNORED, tuple(_said(seen, entry, data, chosen)), _next(chosen))


def _named(seen: Seen, handler: Path) -> Entry:
    path = Path(os.path.relpath(handler, seen.folder))
    found = next((each for each in seen.entries if each.path == path), None)
    if found is None:
        known = ", ".join(str(each.path) for each in seen.entries) or "none"
        raise ConfigurationError(
            f"--handler {handler} is no Python file of {seen.folder} that has one of {', '.join(TOOLKIT_FUNCTIONS)} "
            f"(files that have: {known})"
        )
    return found


def _only(seen: Seen) -> Entry:
    """The likeliest of the files; two that are equally likely are a question for the user."""
    if not seen.entries:
        raise ConfigurationError(_nothing(seen))
    first, *rest = seen.entries
    equal = [
        each for each in rest if each.path.name == first.path.name and each.functions.hooks == first.functions.hooks
    ]
    if equal:
        both = " and ".join(str(each.path) for each in (first, *equal))
        raise ConfigurationError(f"{both} could be the handler: say which with --handler {first.path}")
    return first


def _nothing(seen: Seen) -> str:
    if seen.unreadable:
        return f"no handler was seen, and these files are no Python: {'; '.join(seen.unreadable[:3])}. Mend them first"
    if seen.others:
        other = seen.others[0]
        return (
            f"{other.path} is {other.functions.other}, which this version cannot serve: it serves handlers of the "
            f"SageMaker PyTorch toolkit. Move its work into model_fn and transform_fn of a file inference.py; "
            "`harness init --example minimal FOLDER` shows one"
        )
    misspelt = list(_misspelt(seen))[:1]
    return (
        f"no Python file in {seen.folder} has one of {', '.join(TOOLKIT_FUNCTIONS)}{''.join(misspelt)}. Run in the "
        "folder of the handler's project, or start from an example in an empty folder: `harness init --list`"
    )


def _misspelt(seen: Seen) -> Iterator[str]:
    for path in seen.files:
        if path.suffix == ".py":
            text = (seen.folder / path).read_text(encoding="utf-8", errors="replace")
            for word in re.findall(r"^def (\w+)", text, flags=re.MULTILINE):
                if close := did_you_mean(word, TOOLKIT_FUNCTIONS):
                    yield f" ({path} has {word}{close})"


def _said(seen: Seen, entry: Entry, data: Sequence[str], cases: Sequence[FirstCase]) -> Iterator[str]:
    hooks = entry.functions.hooks
    yield f"handler: {entry.path}, with {', '.join(hooks)}"
    yield from (
        f"not taken: {each.path}, with {', '.join(each.functions.hooks)}" for each in seen.entries if each != entry
    )
    if "model_fn" not in hooks:
        yield "no model_fn: the container's own loads the one TorchScript file (.pt or .pth) of [model] data"
    if "transform_fn" in hooks and {"input_fn", "predict_fn", "output_fn"} & set(hooks):
        yield "transform_fn beside input_fn, predict_fn or output_fn: the container refuses that when it loads"
    yield f"model: {', '.join(data)}" if data else "model: no weights were seen; the archive's root stays empty"
    yield from _about_requirements(seen, entry)
    if seen.dockerfile:
        yield f"{seen.dockerfile}: not used; the container is AWS's PyTorch image of [container]"
    yield from (f"case {each.name}: {each.file}, sent as {each.content_type}" for each in cases)
    if not cases:
        yield "no case: no file that could be a request was seen"
    yield from (f"not Python: {each}" for each in seen.unreadable)


def _about_requirements(seen: Seen, entry: Entry) -> Iterator[str]:
    for path in seen.requirements:
        if path.parent == entry.source:
            yield f"{path}: installed when the container starts"
        elif entry.source not in path.parents:
            yield f"{path}: not read by the container; move it to {entry.source}/ if the handler needs it"


def _next(cases: Sequence[FirstCase]) -> tuple[str, ...]:
    return ("harness validate",) if cases else ("harness validate --case FILE[:CONTENT_TYPE]",)
