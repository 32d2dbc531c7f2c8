"""The demands on every answer of a run, beside the truth of its own case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Demands:
    frame_interval: int | None
    """The interval that the endpoint was deployed with; None where the answer's own statement is used."""
    map50_at_least: float
    is_notified: bool = True
    """Whether each outcome has a notification; those of a real-time endpoint have none."""
