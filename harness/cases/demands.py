"""What every answer of a run is held to, beside the truth of its own case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Demands:
    frame_interval: int | None
    """What the endpoint was told; None where its own default is believed."""
    map50_at_least: float
