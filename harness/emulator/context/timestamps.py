"""Points in time: epoch seconds inside, AWS's spellings outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], float]
"""Seconds since 1970, UTC; `time.time` outside tests."""


def iso_millis(moment: float) -> str:
    """`2022-01-25T22:46:00.608Z`, as in SageMaker's notifications."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_stamp(moment: float) -> str:
    """`2022-03-23T11:23:17.723`, as in SageMaker's data-log."""
    return iso_millis(moment).removesuffix("Z")


def epoch_millis(moment: float) -> float:
    """Epoch seconds rounded to the millisecond, as the control plane sends them."""
    return round(moment, 3)
