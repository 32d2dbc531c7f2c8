"""When requests are sent: by clients that each wait for their answer, or at times that do not wait for any.

Owns the times, as seconds from the start of a repeat. Pure: nothing here waits or sends.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.core.errors import ConfigurationError

# The same arrivals in every repeat and at every point, so that they can be compared.
_SEED = 14
# A repeat of any shape sends at most so many requests; one of Poisson's at least a few.
MOST_REQUESTS = 500
_FEWEST_ARRIVALS = 5
_SENDERS_OF_POISSON = 32
_LEAST_RATE, _MOST_RATE = 0.1, 1000.0
_MOST_AT_ONCE = 256
_KNOWN = "closed, poisson:RATE (requests a second) or burst:N (requests at one moment)"


class Shape(Protocol):
    @property
    def text(self) -> str:
        """As it is written on the command line."""

    def senders(self, concurrency: int, /) -> int:
        """How many requests can be on their way at once."""

    def offsets(self, seconds: float, /) -> Sequence[float] | None:
        """When the requests of a repeat are due; None: a client sends its next when it has an answer."""


@dataclass(frozen=True)
class Closed:
    text: str = "closed"

    def senders(self, concurrency: int) -> int:
        return concurrency

    def offsets(self, _seconds: float, /) -> None:
        return None


@dataclass(frozen=True)
class Poisson:
    """Independent arrivals, `rate` of them a second on average."""

    rate: float

    @property
    def text(self) -> str:
        return f"poisson:{self.rate:g}"

    def senders(self, _concurrency: int, /) -> int:
        return _SENDERS_OF_POISSON

    def offsets(self, seconds: float) -> Sequence[float]:
        found, now = list[float](), 0.0
        chance = random.Random(_SEED)  # noqa: S311 - arrivals, no secrets
        while len(found) < MOST_REQUESTS:
            now += chance.expovariate(self.rate)
            if now > seconds and len(found) >= _FEWEST_ARRIVALS:
                break
            found.append(now)
        return found


@dataclass(frozen=True)
class Burst:
    """All at one moment."""

    count: int

    @property
    def text(self) -> str:
        return f"burst:{self.count}"

    def senders(self, _concurrency: int, /) -> int:
        return self.count

    def offsets(self, _seconds: float, /) -> Sequence[float]:
        return [0.0] * self.count


CLOSED = Closed()


def parse(text: str) -> Shape:
    """The shape that the text means. Raises ConfigurationError."""
    kind, _, number = text.strip().partition(":")
    if kind == "closed" and not number:
        return CLOSED
    if kind == "poisson":
        return Poisson(_number(text, number, _LEAST_RATE, _MOST_RATE))
    if kind == "burst":
        count = _number(text, number, 1, _MOST_AT_ONCE)
        if count == int(count):
            return Burst(int(count))
    raise ConfigurationError(f"--load must be {_KNOWN}, not {text!r}")


def _number(text: str, number: str, least: float, most: float) -> float:
    try:
        found = float(number)
    except ValueError as error:
        raise ConfigurationError(f"--load must be {_KNOWN}, not {text!r}") from error
    if not (math.isfinite(found) and least <= found <= most):
        raise ConfigurationError(f"--load {text}: the number must be from {least:g} to {most:g}")
    return found
