"""A JSON answer against the recorded one: its structure exactly, numbers within rtol and atol."""

from __future__ import annotations

from typing import Any

from deploy.config.case_sections import GoldenSection
from deploy.evidence import Finding
from deploy.expectations.values import Difference, differences
from harness.checks.golden.bounded import Verdict, bounded, finding


def judge(expected: Any, found: Any, tolerance: GoldenSection) -> Verdict:
    told = (_finding(each) for each in differences(expected, found, tolerance.atol, tolerance.rtol))
    return Verdict(tuple(bounded(told, "places that differ")), said="JSON, every value")


def _finding(difference: Difference) -> Finding:
    return finding(
        "json", f"{difference.where or 'the whole answer'}: {difference.said}", where=difference.where or None
    )
