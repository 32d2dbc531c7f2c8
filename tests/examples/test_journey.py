"""The notebook of the flagship as git keeps it: no outputs, short cells, and nothing that reaches AWS."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from harness.core.top_level import EXAMPLES

NOTEBOOK = json.loads((EXAMPLES / "mask-rcnn" / "journey.ipynb").read_text(encoding="utf-8"))
CODE: dict[str, dict[str, Any]] = {cell["id"]: cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
MOST_LINES = 40


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.mark.parametrize("name", CODE)
def test_a_cell_is_kept_without_what_it_answered_somewhere(name: str) -> None:
    assert CODE[name]["outputs"] == []
    assert CODE[name]["execution_count"] is None
    assert CODE[name]["metadata"] == {}


def test_the_notebook_names_no_version_of_anybodys_python() -> None:
    assert NOTEBOOK["metadata"]["kernelspec"]["name"] == "python3"
    assert NOTEBOOK["metadata"]["language_info"] == {"name": "python"}


@pytest.mark.parametrize("name", CODE)
def test_a_cell_is_short(name: str) -> None:
    assert len(source(CODE[name]).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", CODE)
def test_no_cell_makes_a_client_of_its_own(name: str) -> None:
    """Clients of a local target read no AWS configuration; only comments name AWS itself."""
    tree = ast.parse(source(CODE[name]))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    assert not {"real", "environ"} & called
    assert not {"boto3", "botocore", "os"} & imported
    assert "client" not in called


def test_one_cell_alone_knows_the_place() -> None:
    """The three lines of the local AWS, and in comments the three of AWS that take their place."""
    assert [name for name in CODE if "Target" in source(CODE[name])] == ["place"]
    lines = source(CODE["place"]).splitlines()
    here, there = (lines[lines.index(title) + 1 :][:3] for title in (title_of(lines, "local"), title_of(lines, "AWS")))
    set_here = [line.partition(" = ")[0] for line in here]
    assert set_here == ["local", "aws", "role"]
    assert [line.removeprefix("# ").partition(" = ")[0] for line in there] == set_here
    ast.parse("\n".join(line.removeprefix("# ") for line in there))


def title_of(lines: list[str], start: str) -> str:
    return next(line for line in lines if line.startswith((f"# A {start} AWS", f"# {start} itself")))
