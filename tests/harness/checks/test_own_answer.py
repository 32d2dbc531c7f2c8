"""Whether the project's own model answered a good request."""

from __future__ import annotations

from typing import Any

from deploy.evidence import Case
from harness.checks import own_answer


def case(**changes: Any) -> Case:
    return Case(**({"name": "rose", "kind": "project_case", "outcome": "completed"} | changes))


def test_one_good_answer_of_the_own_model_is_enough() -> None:
    assert own_answer.judge([case(), case(outcome="failed")]).outcome == "passed"


def test_a_companions_answers_prove_nothing_about_the_own_model() -> None:
    assert own_answer.judge([case(served_by="companion")]).outcome == "inconclusive"
    assert own_answer.judge([case(served_by="companion"), case(outcome="failed")]).outcome == "failed"


def test_a_request_that_was_never_answered_is_no_answer() -> None:
    assert own_answer.judge([case(outcome="not_run")]).outcome == "failed"


def test_bad_input_is_no_good_request_however_it_is_answered() -> None:
    answered = case(kind="bad_input", expected_outcome="completed")
    refused = case(kind="project_case", expected_outcome="failed", outcome="failed")
    assert own_answer.judge([answered, refused]).outcome == "inconclusive"
