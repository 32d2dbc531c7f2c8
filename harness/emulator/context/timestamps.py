"""Timestamps: epoch seconds inside the emulator, AWS's formats outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

# A clock returns epoch seconds, UTC; outside tests it is `time.time`.
Now = Callable[[], float]


def iso_millis(timestamp: float) -> str:
    """Format as `2022-01-25T22:46:00.608Z`, as in SageMaker's notifications."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_stamp(timestamp: float) -> str:
    """Format as `2022-03-23T11:23:17.723`, as in SageMaker's data-log."""
    return iso_millis(timestamp).removesuffix("Z")


def epoch_millis(timestamp: float) -> float:
    """Round to the millisecond, as the control plane does."""
    return round(timestamp, 3)
