"""Golden answers on the real serving stack: recorded, checked green, and red with the reason when an answer drifts."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deploy import bundle, config
from deploy.gates.gate import GateInput, gate, read_evidence
from harness.cases import KNOWN_ANSWER
from tests.e2e.runs import HARNESS, ROOT, RUN_SECONDS, Finished, processes_below

pytestmark = pytest.mark.e2e

RUNTIME = ("--runtime", "process")


def harness(folder: Path, *words: str) -> Finished:
    command = [str(HARNESS), *words]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    return Finished(run.returncode, run.stdout, run.stderr, folder / "rehearsal-report", folder / ".rehearsal")


def shut_gates(folder: Path) -> dict[str, str]:
    """The gates that the report of the project does not open, on the local AWS, with their reasons."""
    project = config.load(folder / "rehearsal.toml")
    built = bundle.build(project, folder / "dist")
    evidence = read_evidence([folder / "rehearsal-report" / "report.json"])
    verdicts = gate(GateInput(project, built, evidence, datetime.now(UTC), target_is_local=True))
    return {each.gate: each.reason for each in verdicts if not each.allows}


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The minimal example, whose case has a golden and expects nothing else."""
    folder = tmp_path_factory.mktemp("minimal")
    assert harness(folder, "init", "--example", "minimal").exit_code == 0
    replaced(folder / "rehearsal.toml", 'expect.json = { "/predictions/0" = 9.0, "/predictions/1" = 19.0 }\n', "")
    made = harness(folder, "golden", "record", "--case", "two rows", *RUNTIME)
    assert made.exit_code == 0, made.stdout + made.stderr
    line = 'expect.golden = "cases/two-rows.json.golden.json"'
    assert f"    {line}" in made.stdout.splitlines()
    replaced(folder / "rehearsal.toml", 'name = "two rows"\n', f'name = "two rows"\n{line}\n')
    return folder


def test_what_was_recorded_is_answered_again(recorded: Path) -> None:
    golden = json.loads((recorded / "cases" / "two-rows.json.golden.json").read_text())
    assert golden["answer"] == {"predictions": [9.0, 19.0]}
    checked = harness(recorded, "golden", "check", *RUNTIME)
    assert checked.exit_code == 0, checked.stdout + checked.stderr
    assert checked.stdout.splitlines()[-1] == "1 of 1 answers as recorded"
    assert processes_below(checked.state_dir) == []


def test_a_handler_that_drifts_is_red_says_where_and_closes_the_gate(recorded: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drifted"
    shutil.copytree(recorded, folder)
    replaced(folder / "src" / "inference.py", "predictions.tolist()", "(predictions + 0.5).tolist()")
    ran = harness(folder, "validate", *RUNTIME)
    assert ran.exit_code == 1
    findings = ran.case("two rows").findings
    assert [(each.check, each.where) for each in findings] == [
        ("golden.json", "/predictions/0"), ("golden.json", "/predictions/1")
    ]  # fmt: skip
    assert "golden: /predictions/0: 9.5, expected is 9.0" in ran.stdout
    shut = shut_gates(folder)
    assert "two rows did not pass in the evidence" in shut["cases"]
    shown = harness(folder, "golden", "show", "two rows")
    assert (shown.exit_code, '+{"predictions": [9.5, 19.5]}' in shown.stdout.splitlines()) == (0, True)
    kept = (folder / "cases" / "two-rows.json.golden.json").read_bytes()
    differs = harness(folder, "golden", "record", "--output", "json", *RUNTIME)
    assert (differs.exit_code, json.loads(differs.stdout)["cases"][0]["outcome"]) == (1, "differs")
    assert (folder / "cases" / "two-rows.json.golden.json").read_bytes() == kept
    assert harness(folder, "golden", "record", "--update", *RUNTIME).exit_code == 0
    assert harness(folder, "validate", *RUNTIME).exit_code == 0
    assert shut_gates(folder) == {}


def test_a_golden_that_is_missing_or_damaged_ends_the_command_before_anything_starts(tmp_path: Path) -> None:
    assert harness(tmp_path, "init", "--example", "minimal").exit_code == 0
    replaced(tmp_path / "rehearsal.toml", 'name = "two rows"\n', 'name = "two rows"\nexpect.golden = "g.json"\n')
    for text, said in ((None, "`harness golden record` writes it"), ("{", "it is no JSON"),
                       ('{"schema": "rehearsal.golden/7"}', "its schema is rehearsal.golden/7")):  # fmt: skip
        if text is not None:
            (tmp_path / "g.json").write_text(text)
        for words in (("validate",), ("golden", "check")):
            ran = harness(tmp_path, *words, *RUNTIME)
            assert (ran.exit_code, ran.stdout) == (2, "")
            assert "[[case]] 'two rows': expect.golden = g.json" in ran.stderr
            assert said in ran.stderr
            assert not ran.state_dir.exists()


FLAGSHIP = """
[project]
name = "flagship"
[model]
weights = "{files.weights}"
spec = "{files.model_spec}"
[handler]
source = "{root}/handler"
[handler.environment]
FRAME_INTERVAL = 5
SCORE_THRESHOLD = 0.5
MASKS = "rle"
[[case]]
name = "clip"
file = "clip.mp4"
expect.golden = "clip.golden.json"
"""


def test_the_flagships_known_clip_drifts_frame_by_frame_with_another_threshold(tmp_path: Path) -> None:
    shutil.copy(KNOWN_ANSWER.clip, tmp_path / "clip.mp4")
    (tmp_path / "rehearsal.toml").write_text(FLAGSHIP.format(files=KNOWN_ANSWER, root=ROOT))
    made = harness(tmp_path, "golden", "record", *RUNTIME)
    assert made.exit_code == 0, made.stdout + made.stderr
    golden = json.loads((tmp_path / "clip.golden.json").read_text())
    assert golden["kind"] == "detections"
    lost = [frame["frame_index"] for frame in golden["answer"]["frames"] if _scores(frame, below=0.99)]
    assert lost
    replaced(tmp_path / "rehearsal.toml", "SCORE_THRESHOLD = 0.5", "SCORE_THRESHOLD = 0.99")
    ran = harness(tmp_path, "validate", *RUNTIME)
    assert ran.exit_code == 1
    found = ran.case("clip").findings
    assert [each.where for each in found if each.check == "golden.lost"] == [f"frame {index}" for index in lost]
    assert [each.severity for each in found if each.check == "golden.settings"] == ["warning"]
    assert {each.check for each in found} == {"golden.lost", "golden.settings"}
    page = (ran.out_dir / "report.html").read_text()
    assert page.count('class="pair"') == min(4, len(lost))
    shown = harness(tmp_path, "golden", "show", "clip")
    assert shown.exit_code == 0, shown.stderr
    with Image.open(ran.out_dir / "golden-clip.gif") as gif:
        assert getattr(gif, "n_frames", 1) == len(lost)


def _scores(frame: dict[str, Any], *, below: float) -> list[float]:
    return [each["score"] for each in frame["detections"] if each["score"] < below]
