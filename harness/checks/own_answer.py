"""Whether the project's own model answered any good request: without that the evidence proves nothing about it."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.evidence import Case, Check

CHECK = "own_answer"


def judge(cases: Sequence[Case]) -> Check:
    """Inconclusive when no good request was sent to it; a companion's answers do not count."""
    asked = [case for case in cases if case.served_by == "own" and _is_good(case)]
    good = [case for case in asked if case.outcome == "completed" and case.judgement == "passed"]
    if good:
        return Check(name=CHECK, outcome="passed", summary=f"{len(good)} of {len(asked)} good requests, as expected")
    if asked:
        return Check(name=CHECK, outcome="failed", summary=f"none of {len(asked)} good requests, as expected")
    summary = "no good request was sent to it: add a [[case]] to rehearsal.toml, or give --case FILE"
    return Check(name=CHECK, outcome="inconclusive", summary=summary)


def _is_good(case: Case) -> bool:
    return case.expected_outcome == "completed" and case.kind != "bad_input"
