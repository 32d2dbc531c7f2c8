"""When repeated numbers are stable, and how likely an event is that was seen k times in n. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from deploy.evidence.bench import Chance, Spread

_WINDOW = 3
# The normal quantile of a one-sided 95 % bound.
_Z = 1.645


@dataclass(frozen=True)
class Rule:
    """Repeats are stable when the last three differ by at most `tolerance` of their median.

    They are unstable when they are not stable after `most` repeats, or after `most_seconds`. In a repeat requests are
    sent for at least `repeat_seconds`.
    """

    tolerance: float = 0.05
    most: int = 12
    most_seconds: float | None = None
    repeat_seconds: float = 1.0

    def is_stable(self, values: Sequence[float]) -> bool:
        last = values[-_WINDOW:]
        return len(last) == _WINDOW and (max(last) - min(last)) <= self.tolerance * median(last)

    def is_spent(self, repeats: int, seconds: float) -> bool:
        """Whether no more repeats are made, stable or not."""
        return repeats >= self.most or (self.most_seconds is not None and seconds >= self.most_seconds)

    def __str__(self) -> str:
        time = f" or {self.most_seconds:g} s" if self.most_seconds is not None else ""
        return (
            f"the last {_WINDOW} repeats differ by at most {self.tolerance:.0%} of their median; "
            f"unstable after {self.most} repeats{time}; a repeat sends for at least {self.repeat_seconds:g} s"
        )


def spread(values: Sequence[float]) -> Spread:
    rounded = tuple(round(value, 4) for value in values)
    return Spread(median=round(median(values), 4), low=min(rounded), high=max(rounded), values=rounded)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def chance(count: int, trials: int) -> Chance:
    """The chance with Wilson's upper bound (1927): after no event in 12 trials it may still be 18 %."""
    if trials == 0:
        return Chance(count=0, trials=0, upper_bound=1.0)
    share, square = count / trials, _Z**2
    centre = share + square / (2 * trials)
    margin = _Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return Chance(count=count, trials=trials, upper_bound=round(min(1.0, (centre + margin) / (1 + square / trials)), 4))
