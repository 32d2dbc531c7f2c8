"""`harness golden check`: holds what the endpoint answers against what was recorded, and looks at nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from deploy import evidence
from deploy.evidence import Finding
from harness.cases import Case
from harness.core.progress import Progress
from harness.rehearsal import planning
from harness.rehearsal.golden.asking import Options, ask
from harness.rehearsal.golden.cases import chosen, path_of
from harness.rehearsal.planning import Planned

# Without an answer there is nothing to compare, and these say why.
_WITHOUT_ANSWER = ("outcome", "answer.empty")


@dataclass(frozen=True)
class Checked:
    case: str
    path: Path
    record: evidence.Case

    @property
    def passed(self) -> bool:
        return self.record.judgement == "passed"


def check(options: Options, progress: Progress) -> tuple[Checked, ...]:
    """Raises ConfigurationError before anything starts where a golden is missing, is none, or of another request."""
    project = options.project()
    cases = chosen(project, options.cases)
    planned = [Planned(_alone(case), golden=planning.golden_of(project, case, path_of(case))) for case in cases]
    answers = ask(options, project, planned, progress)
    return tuple(
        Checked(case.name, path_of(case), _of_golden(judged[0].record))
        for case, judged in zip(cases, answers, strict=True)
    )


def _alone(case: Case) -> Case:
    """The case without its other expectations."""
    if case.expectation is None:
        return case
    bare = case.expectation.model_copy(update={"json_schema": None, "json_": {}, "max_seconds": None})
    return replace(case, expectation=bare)


def _of_golden(record: evidence.Case) -> evidence.Case:
    return record.model_copy(update={"findings": tuple(each for each in record.findings if _is_of_golden(each))})


def _is_of_golden(finding: Finding) -> bool:
    return finding.check.startswith("golden.") or finding.check in _WITHOUT_ANSWER
