"""The answers of a run that are kept beside its report: of the cases that have a golden, in the form of a golden."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from harness import goldens
from harness.core.errors import ConfigurationError
from harness.goldens import Golden

_FOLDER = "answers"
_ENDING = ".golden.json"


def write(out_dir: Path, answers: Sequence[Golden]) -> None:
    """One file a case; those of an earlier run are removed. A case that is sent twice keeps its first answer."""
    for left in (out_dir / _FOLDER).glob("*.golden.*"):
        left.unlink()
    first = {answer.case: answer for answer in reversed(answers)}
    taken = set[str]()
    for answer in first.values():
        name = _free_name(answer.case, taken)
        taken.add(name)
        goldens.write(out_dir / _FOLDER / f"{name}{_ENDING}", answer)


def answer_to(out_dir: Path, case: str) -> Golden | None:
    """The case's answer of the last report in the folder; None where there is none that can be read."""
    for path in sorted((out_dir / _FOLDER).glob(f"*{_ENDING}")):
        try:
            answer = goldens.read(path, named_by="the report's answer")
        except ConfigurationError:  # of another version, or damaged: it is no evidence, and there may be others
            continue
        if answer.case == case:
            return answer
    return None


def _free_name(case: str, taken: Collection[str]) -> str:
    name, number = goldens.slug(case), 2
    while name in taken:
        name, number = f"{goldens.slug(case)}-{number}", number + 1
    return name
