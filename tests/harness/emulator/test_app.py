"""The wiring: parts share one context, so that no constructor takes a long list."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import harness.emulator
from harness.emulator.context.emulator_context import EmulatorContext

MOST_ARGUMENTS = 5
TAKEN_BY_PARTS = {"settings", "account", "now", "store", "catalog"}


def constructors() -> Iterator[tuple[str, list[str]]]:
    """Yield every class with a constructor of its own and the arguments' names; dataclasses are exempt."""
    for found in pkgutil.walk_packages(harness.emulator.__path__, "harness.emulator."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            is_ours = inspect.isclass(value) and value.__module__ == found.name
            if is_ours and "__init__" in vars(value) and not dataclasses.is_dataclass(value):
                yield f"{found.name}.{name}", [each for each in inspect.signature(value).parameters if each != "self"]


CONSTRUCTORS = list(constructors())


def test_there_are_constructors_to_look_at() -> None:
    assert len(CONSTRUCTORS) > 25


@pytest.mark.parametrize(("name", "arguments"), CONSTRUCTORS, ids=[name for name, _ in CONSTRUCTORS])
def test_no_constructor_takes_a_long_list(name: str, arguments: list[str]) -> None:
    assert len(arguments) <= MOST_ARGUMENTS, f"{name}{arguments}: group what belongs together"


@pytest.mark.parametrize(("name", "arguments"), CONSTRUCTORS, ids=[name for name, _ in CONSTRUCTORS])
def test_a_constructor_with_the_context_takes_none_of_its_members(name: str, arguments: list[str]) -> None:
    assert "context" not in arguments or not TAKEN_BY_PARTS & set(arguments), name


def test_a_context_is_frozen() -> None:
    assert EmulatorContext.__dataclass_params__.frozen  # type: ignore[attr-defined]  # of every dataclass
