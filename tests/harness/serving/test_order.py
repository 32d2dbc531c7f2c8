"""Which folder of `harness/serving` may import which, and who may know a stack by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.serving.stacks import STACKS

HARNESS = Path(__file__).parents[3] / "harness"
MAY_IMPORT = {
    "stacks": {"stacks"},
    "images": {"images"},
    "instances": {"instances", "stacks"},
    "runtimes": {"runtimes", "instances", "stacks", "images"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def imported_folders(folder: str) -> set[str]:
    modules = [each for path in (HARNESS / "serving" / folder).rglob("*.py") for each in imports(path)]
    return {each.split(".")[2] for each in modules if each.startswith("harness.serving.")}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_the_folders_of_serving_import_one_way(folder: str) -> None:
    assert imported_folders(folder) <= MAY_IMPORT[folder]


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_named_by_its_own_package_and_the_registry_alone(name: str) -> None:
    """The recipes of images name what they contain."""
    stacks, images = HARNESS / "serving" / "stacks", HARNESS / "serving" / "images"
    knowing = [path for path in HARNESS.rglob("*.py") if name in path.read_text(encoding="utf-8").lower()]
    strangers = [
        str(path.relative_to(HARNESS))
        for path in knowing
        if path != stacks / "__init__.py" and not path.is_relative_to(stacks / name) and not path.is_relative_to(images)
    ]
    assert strangers == []


def test_a_stack_does_not_know_how_it_is_run() -> None:
    modules = {each for path in (HARNESS / "serving" / "stacks").rglob("*.py") for each in imports(path)}
    assert not [each for each in modules if each.startswith(("docker", "harness.docker", "harness.processes"))]
