"""Turns the pictures' time stamps into seconds that never go back."""

from __future__ import annotations

JUMP_SECONDS = 0.25  # a time stamp that is further back begins a new recording


class Clock:
    """Seconds from the first picture, by the pictures' own time stamps; never back.

    A picture without a time stamp is one frame later than the last. One that is further back than a quarter of
    a second begins a new recording, which goes on after the last.
    """

    def __init__(self, frame_seconds: float) -> None:
        self._frame_seconds = frame_seconds
        self.origin: float | None = None
        self._last = 0.0
        self._is_running = False

    def at(self, stamp_seconds: float | None) -> float:
        following = self._last + self._frame_seconds if self._is_running else 0.0
        self._is_running = True
        if stamp_seconds is None:
            self._last = following
            return self._last
        if self.origin is None or stamp_seconds - self.origin < self._last - JUMP_SECONDS:
            self.origin = stamp_seconds - following
        self._last = max(self._last, stamp_seconds - self.origin)
        return self._last
