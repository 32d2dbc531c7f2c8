"""Slots: the right to send one request to one instance, as the senders of requests use them."""

from __future__ import annotations

from typing import Protocol

from harness.emulator.instances.platform_log import LogStream


class Slot(Protocol):
    """An instance has MaxConcurrentInvocationsPerInstance slots."""

    @property
    def base_url(self) -> str: ...

    @property
    def stream(self) -> LogStream: ...

    def release(self) -> None: ...


class Slots(Protocol):
    def acquire(self, endpoint_id: int) -> Slot | None:
        """Return a slot for a job of the queue; None while no instance is free."""
        ...


class RealTimeSlots(Protocol):
    def acquire_for_request(self, endpoint_id: int, variant_name: str | None) -> Slot | None:
        """Return a slot for a real-time request; None when no instance is healthy."""
        ...
