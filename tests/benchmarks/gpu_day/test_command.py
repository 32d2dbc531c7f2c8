"""The command of a GPU day: every step runs on a CPU, no step is repeated, and no time is spent that there is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu_day.command import main
from benchmarks.gpu_day.steps.table import NAMES, STEPS

ON_CPU = ("--device", "cpu", "--quick")


def documents(out: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_every_step_runs_on_a_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*ON_CPU, "--out", str(tmp_path), "--seconds", "800"])
    printed = capsys.readouterr().out
    assert code == 0, printed
    found = documents(tmp_path)
    assert set(found) == {*NAMES, "day"}
    assert [name for name in NAMES if not found[name]["rows"]] == []
    assert max(len(line) for line in printed.splitlines()) <= max(80, len(str(tmp_path)) + 20)
    day = found["day"]
    assert (day["schema"], day["card"], set(day["steps"])) == ("rehearsal.gpu_day/1", "cpu", set(NAMES))
    answers = day["steps"]["answers"]["rows"]
    assert answers[0]["missing"].startswith("0/")
    assert answers[0]["worst_px"] <= 1e-3


def test_a_step_leaves_its_result_and_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*ON_CPU, "--out", str(tmp_path), "--steps", "facts"]
    assert main(command) == 0
    first = documents(tmp_path)["facts"]
    assert first["facts"]["card"] == "cpu"
    assert {row["unit"] for row in first["rows"]} == {"GB/s", "TFLOP/s"}
    known = {**first, "rows": [{"name": "kept", "value": 1, "unit": "GB/s"}]}
    (tmp_path / "facts.json").write_text(json.dumps(known))
    assert main(command) == 0
    assert documents(tmp_path)["day"]["steps"]["facts"]["rows"][0]["name"] == "kept"
    assert main([*command, "--again", "facts"]) == 0
    assert documents(tmp_path)["facts"]["rows"][0]["name"] != "kept"


def test_steps_that_no_longer_fit_are_named_and_not_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ON_CPU, "--out", str(tmp_path), "--seconds", "1"]) == 0
    assert f"no time was left for: {', '.join(NAMES)}" in capsys.readouterr().out
    assert list(tmp_path.glob("*.json")) == []


def test_the_list_has_a_line_a_step_with_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)
    assert all(f"{step.bound_seconds} s" in line for line, step in zip(lines, STEPS, strict=True))


def test_a_mistyped_step_is_refused_with_the_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--steps", "fact"])
    assert "no step fact; the steps are facts, pairs-250" in capsys.readouterr().err


def test_without_a_folder_for_the_results_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ON_CPU]) == 2
    assert "--out FOLDER is missing" in capsys.readouterr().err
