"""`harness golden record` and `check`: what is written, what is refused, and what a later answer is said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from harness.core.errors import ConfigurationError
from harness.core.progress import Progress
from harness.rehearsal.golden.check import check
from harness.rehearsal.golden.record import Recording, record
from tests.harness.goldens.examples import body_of, found, npy, predictions
from tests.harness.rehearsal.golden.endpoint import endpoint, options, project

JSON = "application/json"
QUIET = Progress(Console(quiet=True))
ROSE = (b'{"label": "rose", "score": 0.9}', JSON)


def recorded(config: Path, *cases: str, update: bool = False) -> Recording:
    (one,) = record(options(config, *cases), QUIET, update=update)
    return one


def test_the_answer_becomes_the_golden_of_the_file_that_the_case_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = project(tmp_path)
    endpoint(monkeypatch, ROSE)
    made = recorded(config)
    assert (made.outcome, made.files, made.is_named) == ("recorded", (tmp_path / "rose.golden.json",), True)
    document = json.loads((tmp_path / "rose.golden.json").read_text())
    assert document["answer"] == {"label": "rose", "score": 0.9}
    assert document["sent"]["file"] == "rose.bin"
    assert document["model"] == {"weights_sha256": "b" * 64, "handler_sha256": "c" * 64}
    assert [each.passed for each in check(options(config), QUIET)] == [True]


def test_a_case_that_names_no_file_is_recorded_beside_what_it_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(monkeypatch, (npy([1.0]), "application/x-npy"))
    made = recorded(project(tmp_path), "lily")
    assert [each.name for each in made.files] == ["lily.bin.golden.json", "lily.bin.golden.body.npy"]
    assert not made.is_named


def test_an_unchanged_answer_leaves_the_files_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project(tmp_path)
    endpoint(monkeypatch, ROSE)
    recorded(config)
    before = (tmp_path / "rose.golden.json").read_bytes()
    assert recorded(config, update=True).outcome == "same"
    endpoint(monkeypatch, (b'{"score": 0.90001, "label": "rose"}', JSON))
    assert recorded(config).outcome == "same"
    assert (tmp_path / "rose.golden.json").read_bytes() == before


def test_a_changed_golden_is_told_and_overwritten_only_when_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, path = project(tmp_path), tmp_path / "rose.golden.json"
    endpoint(monkeypatch, ROSE)
    recorded(config)
    before = path.read_bytes()
    endpoint(monkeypatch, (b'{"label": "lily", "score": 0.9}', JSON))
    differs = recorded(config)
    assert (differs.outcome, path.read_bytes()) == ("differs", before)
    assert differs.findings[0].message == 'golden: /label: "lily", expected is "rose"'
    updated = recorded(config, update=True)
    assert (updated.outcome, updated.findings) == ("updated", differs.findings)
    assert json.loads(path.read_text())["answer"]["label"] == "lily"


def test_a_detectors_lost_and_moved_objects_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project(tmp_path)
    dog, cat = found((0, 0, 50, 50)), found((100, 0, 150, 50), label="cat")
    endpoint(monkeypatch, (body_of(predictions([dog, cat])), JSON))
    recorded(config)
    endpoint(monkeypatch, (body_of(predictions([found((5, 0, 55, 50))])), JSON))
    assert [each.check for each in recorded(config).findings] == ["golden.lost", "golden.moved"]
    (checked,) = check(options(config), QUIET)
    assert not checked.passed
    assert [(each.check, each.where) for each in checked.record.findings] == [
        ("golden.lost", "frame 0"), ("golden.moved", "frame 0")
    ]  # fmt: skip
    assert checked.record.detection_count == 1


def test_an_answer_that_is_not_as_expected_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project(tmp_path)
    for answer, said in (
        ((b'"a text"', JSON), "does not satisfy schema.json"),
        ((b'{"score": NaN}', JSON), "the answer cannot be recorded: at /score: nan is no number of JSON"),
        ((b"", JSON), "no"),
        ((b"[" + b"1," * (20 << 20) + b"1]", JSON), "and a golden at most 33554432"),
    ):
        endpoint(monkeypatch, answer)
        made = recorded(config)
        assert (made.outcome, made.is_well) == ("refused", False)
        assert said in made.findings[0].message
        assert not (tmp_path / "rose.golden.json").exists()


def test_a_handler_that_answers_differently_each_time_has_no_golden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(monkeypatch, (b'{"score": 0.9}', JSON), (b'{"score": 0.8}', JSON))
    made = recorded(project(tmp_path))
    assert made.outcome == "refused"
    assert made.findings[0].message == "two answers to the same request differ: /score: 0.8, expected is 0.9"
    assert "seed what is random" in str(made.findings[0].advice)
    endpoint(monkeypatch, (b'{"score": 0.9}', JSON), (b'{"score": 0.8}', JSON))
    wide = (
        '[[case]]\nname = "tulip"\nfile = "rose.bin"\nexpect.golden = "t.json"\n'
        "expect.golden_tolerance = { atol = 0.2 }\n"
    )
    assert recorded(project(tmp_path, wide), "tulip").outcome == "recorded"


def test_another_model_is_said_and_the_same_answer_is_as_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = project(tmp_path)
    endpoint(monkeypatch, ROSE)
    recorded(config)
    endpoint(monkeypatch, ROSE, weights="d")
    (checked,) = check(options(config), QUIET)
    assert checked.passed
    assert "golden: it is of another model" in checked.record.findings[0].message
    assert recorded(config).outcome == "same"
    assert recorded(config, update=True).outcome == "updated"
    (checked,) = check(options(config), QUIET)
    assert [each.check for each in checked.record.findings] == ["golden.same"]


def test_check_looks_at_the_golden_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither how long it took, nor the schema."""
    config = project(tmp_path)
    endpoint(monkeypatch, ROSE)
    recorded(config)
    (tmp_path / "schema.json").write_text('{"type": "string"}')
    (checked,) = check(options(config), QUIET)
    assert (checked.passed, checked.record.metrics) == (True, ())
    endpoint(monkeypatch, (b"", JSON))
    (checked,) = check(options(config), QUIET)
    assert (checked.passed, checked.record.outcome) == (False, "failed")


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (["roze"], "has no such [[case]]; did you mean rose? (its cases: rose, lily, bad)"),
        (["bad"], "--case bad: it must fail, and a refusal is held against expect.code alone"),
        (["lily"], "lily.bin.golden.json is not there: `harness golden record` writes it"),
    ],
)
def test_what_cannot_be_checked_is_said_before_anything_starts(tmp_path: Path, cases: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check(options(project(tmp_path), *cases), QUIET)
    assert said in str(error.value)
    assert not (tmp_path / "state").exists()


def test_a_project_without_goldens_is_told_how_to_record_one(tmp_path: Path) -> None:
    config = project(tmp_path)
    config.write_text(config.read_text().replace('expect.golden = "rose.golden.json"', ""))
    with pytest.raises(ConfigurationError, match=r"no \[\[case\]\] has expect.golden. Name one to record"):
        record(options(config), QUIET)


def test_a_damaged_golden_or_one_of_another_file_is_replaced_only_when_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, path = project(tmp_path), tmp_path / "rose.golden.json"
    endpoint(monkeypatch, ROSE)
    recorded(config)
    whole = path.read_text()
    for damaged, text in ((path, whole[:-40]), (tmp_path / "rose.bin", "another rose")):
        damaged.write_text(text)
        with pytest.raises(ConfigurationError, match=r"harness golden record.* --update"):
            recorded(config)
        assert recorded(config, update=True).outcome == "updated"
        assert recorded(config).outcome == "same"


def test_the_file_that_a_case_sends_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint(monkeypatch, ROSE)
    own = '[[case]]\nname = "own"\nfile = "rose.bin"\nexpect.golden = "rose.bin"\n'
    with pytest.raises(ConfigurationError, match="is what the case sends: name another file"):
        recorded(project(tmp_path, own), "own", update=True)
    assert (tmp_path / "rose.bin").read_text() == "rose.bin"


def test_two_cases_that_send_one_file_do_not_share_the_place_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = project(tmp_path, '[[case]]\nname = "wide"\nfile = "lily.bin"\ncustom_attributes = "top_k=3"\n')
    endpoint(monkeypatch, ROSE)
    recorded(config, "lily")
    for update in (False, True):
        with pytest.raises(ConfigurationError, match=r"is the golden of \[\[case\]\] 'lily': give 'wide'"):
            recorded(config, "wide", update=update)


def test_a_case_may_be_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project(tmp_path)
    endpoint(monkeypatch, ROSE)
    recorded(config)
    config.write_text(config.read_text().replace('"rose"', '"red rose"'))
    endpoint(monkeypatch, (b"{}", JSON))
    (checked,) = check(options(config), QUIET)
    assert "`harness golden record --case 'red rose' --update`" in str(checked.record.findings[0].advice)


def test_an_answer_that_is_no_detections_any_more_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project(tmp_path)
    endpoint(monkeypatch, (body_of(predictions([])), JSON))
    recorded(config)
    for body in (b"[]", b'{"frames": 1}', b'{"schema": "rehearsal.predictions/0"}'):
        endpoint(monkeypatch, (body, JSON))
        (checked,) = check(options(config), QUIET)
        assert (checked.passed, checked.record.outcome) == (False, "completed")
        assert "it is no document of rehearsal.predictions/1" in checked.record.findings[0].message
