"""What `harness init` saw and wrote, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.scaffold import Example, Plan, Written

SCHEMA = "rehearsal.init/1"
EXAMPLES_SCHEMA = "rehearsal.examples/1"


def as_document(plan: Plan, written: Written, is_dry: bool) -> Mapping[str, Any]:
    return {
        "schema": SCHEMA,
        "folder": str(plan.folder),
        "dry_run": is_dry,
        "seen": list(plan.said),
        "files": list(written.files),
        "gitignore": list(written.ignored),
        "next": _next(plan),
    }


def as_text(plan: Plan, written: Written, is_dry: bool) -> str:
    return "\n".join(_lines(plan, written, is_dry))


def listed(examples: Sequence[Example]) -> tuple[Mapping[str, Any], str]:
    """The examples as a document and as text."""
    document = {"schema": EXAMPLES_SCHEMA, "examples": [vars(each) for each in examples]}
    width = max(len(each.name) for each in examples)
    lines = [f"{each.name.ljust(width)}  {each.summary}" for each in examples]
    return document, "\n".join((*lines, "Next: harness init --example NAME FOLDER"))


def _lines(plan: Plan, written: Written, is_dry: bool) -> Iterator[str]:
    would = "would write" if is_dry else "wrote"
    yield from plan.said
    yield from (f"{would} {plan.folder / name}" for name in written.files)
    if written.ignored:
        yield f"{would} {len(written.ignored)} lines to {plan.folder / '.gitignore'}"
    yield f"Next: {_next(plan)}"


def _next(plan: Plan) -> str:
    """The commands, in the project's folder."""
    here = plan.folder.resolve() == Path.cwd()
    return " && ".join(plan.next_commands if here else (f"cd {plan.folder}", *plan.next_commands))
