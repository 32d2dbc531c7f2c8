"""The tables on 80 columns, and the results that are kept in the same form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu_day import day, drawn
from benchmarks.gpu_day.steps.table import NAMES

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"
DAYS = sorted(RESULTS.glob("*/*.json"))


def document(**changes: Any) -> dict[str, Any]:
    rows = [{"name": "a" * 60, "wall_ms": 1.234, "peak_mib": None}, {"name": "b", "wall_ms": None}]
    return {
        "step": "forward",
        "status": "done",
        "seconds": 1.0,
        "columns": ["wall_ms", "peak_mib"],
        "rows": rows,
    } | changes


def test_a_long_name_is_cut_and_a_column_without_figures_left_out() -> None:
    lines = drawn.table(document())
    assert "peak_mib" not in lines[0]
    assert lines[1].endswith("1.234")
    assert lines[2].split() == ["b", "-"]
    assert max(map(len, lines)) <= drawn.COLUMNS


def test_an_error_is_told_with_its_last_lines() -> None:
    assert drawn.table(document(error=["Traceback", "x", "RuntimeError: no"]))[-1] == "  RuntimeError: no"


def test_a_day_takes_card_and_versions_from_its_facts(tmp_path: Path) -> None:
    facts = {"facts": {"card": "a card", "versions": {"torch": "2"}}}
    told = day.of({"facts": facts}, tmp_path)
    assert (told["card"], told["versions"], told["steps"]) == ("a card", {"torch": "2"}, {"facts": facts})
    assert told["commit"]


@pytest.mark.parametrize("path", DAYS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_kept_day_has_the_form_that_the_command_writes(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["schema"], kept["date"]) == (day.SCHEMA, path.stem)
    assert {"card", "commit", "clean", "versions"} <= set(kept)
    assert set(kept["steps"]) <= set(NAMES)
    for each in kept["steps"].values():
        assert {"status", "seconds", "facts", "rows"} <= set(each)
        assert max(map(len, drawn.table(each))) <= drawn.COLUMNS


def test_the_first_day_on_a_gpu_is_kept() -> None:
    assert "2026-11-27" in {path.stem for path in DAYS}
