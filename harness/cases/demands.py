"""The demands on every answer of a run, beside the truth of its own case."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy.config.case_sections import GoldenSection


@dataclass(frozen=True)
class Demands:
    frame_interval: int | None
    """The interval that the endpoint was deployed with; None where the answer's own statement is used."""
    map50_at_least: float
    is_notified: bool = True
    """Whether each outcome has a notification; those of a real-time endpoint have none."""
    golden: GoldenSection = field(default_factory=GoldenSection)
    """How far an answer may be from its golden, where the case does not say."""
    weights_sha256: str | None = None
    """Of the model that answers; None where it is not known."""
    timeout_seconds: int | None = None
    """After which the endpoint gives a request up (`[endpoint] invocation_timeout_seconds`)."""
