"""Slots: the right to send one request to one instance, as those who send requests see it."""

from __future__ import annotations

from typing import Protocol

from harness.emulator.instances.platform_log import LogStream


class Slot(Protocol):
    """An instance has as many as MaxConcurrentInvocationsPerInstance says."""

    @property
    def base_url(self) -> str: ...

    @property
    def stream(self) -> LogStream: ...

    def release(self) -> None: ...


class Slots(Protocol):
    def acquire(self, endpoint_id: int) -> Slot | None:
        """For a job of the queue; None while every instance is busy, or there is none."""
        ...


class RealTimeSlots(Protocol):
    def acquire_for_request(self, endpoint_id: int, variant_name: str | None) -> Slot | None:
        """For a real-time request; None when no instance is healthy."""
        ...
