"""Outcomes as the database stores them: the names do not follow the classes'."""

from __future__ import annotations

import pytest

from harness.emulator.async_inference import outcomes
from harness.emulator.async_inference.outcomes import JobCompleted, JobOutcome


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (JobCompleted("text/plain", 3), "Completed"),
        (outcomes.model_failure(500, "text/plain", 3), "Failed"),
        (outcomes.expired(60), "Failed"),
    ],
)
def test_an_outcome_is_stored_under_a_fixed_name_and_read_back(outcome: JobOutcome, kind: str) -> None:
    stored = outcomes.to_json(outcome)
    assert stored["kind"] == kind
    assert outcomes.from_json(stored) == outcome
