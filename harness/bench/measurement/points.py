"""The points that a sweep tries. Owns `Point` and the product of the axes; may not measure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from deploy.config import Project
from deploy.evidence import measured
from harness.core.errors import ConfigurationError

AS_CONFIGURED = measured.AS_CONFIGURED
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_SWEEP = "--sweep must be NAME=VALUE,VALUE..., such as BATCH_SIZE=1,4,8, not {!r}: {}"


@dataclass(frozen=True)
class Setting:
    """One value of an axis: the variables that replace those of the handler's environment, and its name."""

    variables: tuple[tuple[str, str], ...]
    words: str = field(compare=False)


Axis = tuple[Setting, ...]


def batch_sizes(sizes: Iterable[int]) -> Axis:
    return tuple(Setting((("BATCH_SIZE", str(size)),), f"batch {size}") for size in sizes)


def precisions(names: Iterable[str]) -> Axis:
    return tuple(Setting((("PRECISION", name),), name) for name in names)


def frame_sizes(texts: Iterable[str]) -> Axis:
    """The sizes that texts such as `1280x720` mean; raises ConfigurationError."""
    return tuple(_frame_size(text) for text in texts)


def variables(texts: Iterable[str]) -> tuple[Axis, ...]:
    """An axis for each name of `NAME=VALUE,VALUE...`, a value in quotes where it has a comma. Raises
    ConfigurationError."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, values = _named(text)
        found.setdefault(name, []).extend(values)
    return tuple(
        tuple(Setting(((name, value),), f"{name}={value}") for value in dict.fromkeys(values))
        for name, values in found.items()
    )


def _frame_size(text: str) -> Setting:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise ConfigurationError(f"--frame-size must be WIDTHxHEIGHT, such as 1280x720, not {text!r}")
    return Setting(
        (("FRAME_WIDTH", str(int(width))), ("FRAME_HEIGHT", str(int(height)))), f"{int(width)}x{int(height)}"
    )


def _named(text: str) -> tuple[str, list[str]]:
    name, _, given = text.partition("=")
    if not _NAME.fullmatch(name):
        why = "a variable's name is capital letters, digits and underscores"
        raise ConfigurationError(_SWEEP.format(text, why))
    values = [value.strip() for value in next(csv.reader([given], skipinitialspace=True), [])]
    if not values or not all(values):
        raise ConfigurationError(_SWEEP.format(text, "a value is missing"))
    return name, values


@dataclass(frozen=True)
class Point:
    """Settings to measure; without any, the project's own."""

    chosen: tuple[Setting, ...] = ()
    concurrency: int | None = 1
    """Requests that the endpoint handles at once; None means the project's own number."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The variables that replace those of the handler's environment."""
        return {name: value for each in self.chosen for name, value in each.variables}

    @property
    def name(self) -> str:
        parts = [each.words for each in self.chosen]
        if self.concurrency is not None and self.concurrency > 1:
            parts.append(f"{self.concurrency} at once")
        return ", ".join(parts) or AS_CONFIGURED

    def laid_over(self, project: Project, endpoint_name: str) -> Project:
        """The project with this point's settings, behind an endpoint of its own."""
        handler = project.handler.model_copy(update={"environment": {**project.handler.environment, **self.settings}})
        update: dict[str, object] = {"name": endpoint_name, "initial_instance_count": 1}
        if self.concurrency is not None:
            update["max_concurrent_invocations_per_instance"] = self.concurrency
        return replace(project, handler=handler, endpoint=project.endpoint.model_copy(update=update))


@dataclass(frozen=True)
class Axes:
    """Each of `settings` is the values of one thing; the first changes fastest, and is first in a point's name."""

    settings: tuple[Axis, ...] = ()
    batches: Axis = ()
    """They change faster than the requests at once, which change faster than all other settings."""
    concurrencies: tuple[int | None, ...] = (1,)

    def names(self) -> tuple[str, ...]:
        """The variables that are swept."""
        return tuple(name for axis in (*self.settings, self.batches) for name in _names(axis))

    def check(self) -> None:
        """Raises ConfigurationError when two axes set one variable."""
        names = self.names()
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ConfigurationError(f"{twice} is swept twice: by --sweep, and by the option that stands for it")


def _names(axis: Axis) -> Iterator[str]:
    yield from dict.fromkeys(name for each in axis for name, _ in each.variables)


def points(axes: Axes) -> tuple[Point, ...]:
    """The project's own settings first, then every combination, the slow axis outermost; each point once."""
    base = Point(concurrency=None if None in axes.concurrencies else 1)
    return tuple(dict.fromkeys((base, *_combined(axes))))


def _combined(axes: Axes) -> Iterator[Point]:
    slow_first = [axis for axis in reversed(axes.settings) if axis]
    batches: Sequence[Setting | None] = axes.batches or (None,)
    for chosen in product(*slow_first):
        for concurrency, batch in product(axes.concurrencies or (1,), batches):
            named = (*((batch,) if batch else ()), *reversed(chosen))
            yield Point(named, concurrency)
