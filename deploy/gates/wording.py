"""Formats measurements and ages for the reasons of gates."""

from __future__ import annotations

from datetime import timedelta

_SHOWN = {
    "frames_per_second": "{:.3g} frames a second",
    "request_p95_seconds": "{:.3g} s",
    "host_bytes": "{:,.0f} bytes",
    "gpu_bytes": "{:,.0f} bytes",
}
_CALLED = {"map_50": "mAP50 "}
# Each value of [gates] runtime is satisfied by these runtimes.
RUNTIMES = {
    "official": "the official container",
    "compatible": "the official container or a compatible one",
    "process": "any",
}


def value(metric: str, found: float | None) -> str:
    return _SHOWN.get(metric, "{:g}").format(found)


def called(metric: str) -> str:
    """A metric's name, where its value alone is ambiguous."""
    return _CALLED.get(metric, "")


def age(found: timedelta) -> str:
    minutes = found.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.1f} h"
