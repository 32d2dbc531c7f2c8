"""From an outcome to a case of the evidence, for any model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.async_client import Completed, Failed, Notification, Unanswered
from deploy.config.case_sections import ExpectSection, GoldenSection
from deploy.evidence import Frames
from harness import cases
from harness.cases import Case
from harness.rehearsal import judging
from tests.deploy.gates.test_cases import judge as gates
from tests.deploy.gates.test_cases import stranger
from tests.harness.goldens.examples import body_of, found, golden, predictions
from tests.harness.rehearsal.test_judging import ACCEPTED, DEMANDS, NOW, SUCCESS

REALTIME = replace(DEMANDS, is_notified=False)
TRACEBACK = b"Traceback (most recent call last):\nValueError: no values\n"


def case(folder: Path, **expected: Any) -> Case:
    (folder / "rose.json").write_text("{}")
    made = cases.of_plain_file(folder / "rose.json")
    expect = ExpectSection.model_validate(expected, strict=False)
    return replace(made, kind="project_case", expectation=expect, expects=expect.status)


def probe(folder: Path) -> Case:
    return cases.of_probes(folder, None)[1]


def completed(body: bytes = b'{"label": "rose"}', seconds: float = 1.0) -> Completed:
    return Completed(ACCEPTED, body, "application/json", seconds, 0.5, SUCCESS)


def failed(status: int, body: bytes) -> Failed:
    side = "client" if status < 500 else "server"
    reason = f"ClientError: Received {side} error ({status}) from model. See the logs."
    message = {"inferenceId": "id-1", "invocationStatus": "Failed", "failureReason": reason}
    return Failed(ACCEPTED, body, 0.2, 0.1, Notification("error", message))


def judge(case: Case, outcome: Completed | Failed | Unanswered, demands: cases.Demands = DEMANDS) -> Any:
    return judging.judge(case, outcome, demands, NOW).record


def test_an_answer_as_expected_passes_whatever_its_format(tmp_path: Path) -> None:
    record = judge(case(tmp_path, json={"/label": "rose"}), completed())
    assert (record.judgement, record.findings) == ("passed", ())


def test_a_failure_at_the_time_out_names_it(tmp_path: Path) -> None:
    late = replace(failed(500, b"Worker died."), seconds=5.2)
    (finding,) = judge(case(tmp_path), late, replace(DEMANDS, timeout_seconds=5)).findings
    assert "invocation_timeout_seconds = 5" in finding.advice
    (finding,) = judge(case(tmp_path), late, replace(DEMANDS, timeout_seconds=60)).findings
    assert "it was sent as" in finding.advice


def test_an_answer_of_another_value_fails(tmp_path: Path) -> None:
    record = judge(case(tmp_path, json={"/label": "lily"}), completed())
    assert (record.judgement, record.outcome) == ("failed", "completed")
    assert judging.summary(record) == 'completed; /label: "rose", expected is "lily"'


def test_too_slow_an_answer_fails_by_its_measured_time(tmp_path: Path) -> None:
    (metric,) = judge(case(tmp_path, max_seconds=1.2), completed(seconds=1.0)).metrics
    assert (metric.name, metric.value, metric.at_most, metric.judgement) == ("request_seconds", 1.5, 1.2, "failed")
    assert judge(case(tmp_path, max_seconds=2.0), completed(seconds=1.0)).judgement == "passed"


def test_a_failure_of_a_good_case_says_the_models_own_exception(tmp_path: Path) -> None:
    record = judge(case(tmp_path), failed(500, TRACEBACK))
    assert record.judgement == "failed"
    assert record.findings[0].message == "500: ValueError: no values"


@pytest.mark.parametrize(
    ("expected", "status", "judgement"),
    [({}, 400, "passed"), ({}, 500, "failed"), ({"code": 415}, 415, "passed"), ({"code": 415}, 400, "failed"),
     ({"code": 503}, 503, "passed")],
)  # fmt: skip
def test_a_refusal_is_held_against_its_status(
    tmp_path: Path, expected: dict[str, int], status: int, judgement: str
) -> None:
    refused = judge(case(tmp_path, status="failed", **expected), failed(status, b"not a picture"))
    assert refused.judgement == judgement


def test_a_good_answer_where_a_refusal_is_expected_fails(tmp_path: Path) -> None:
    assert judge(case(tmp_path, status="failed"), completed()).judgement == "failed"


def test_a_probe_may_be_refused_or_answered_and_is_told_of_manners(tmp_path: Path) -> None:
    polite, traceback, answered = (
        judge(probe(tmp_path), outcome) for outcome in (failed(400, b"no JSON"), failed(500, TRACEBACK), completed())
    )
    assert [each.judgement for each in (polite, traceback, answered)] == ["passed"] * 3
    assert [len(each.findings) for each in (polite, traceback, answered)] == [0, 1, 1]
    assert {finding.severity for each in (traceback, answered) for finding in each.findings} == {"warning"}


@pytest.mark.parametrize("outcome", [failed(0, b""), failed(500, b"Worker died."), Unanswered(ACCEPTED, 600.0)])
def test_a_probe_that_kills_the_worker_fails(tmp_path: Path, outcome: Failed | Unanswered) -> None:
    assert judge(probe(tmp_path), outcome).judgement == "failed"


def test_the_flagships_bad_input_must_be_refused_with_a_4xx(tmp_path: Path) -> None:
    bad = cases.of_bad_input(tmp_path)
    assert judge(bad, failed(400, b"not a video")).judgement == "passed"
    assert judge(bad, failed(500, TRACEBACK)).judgement == "failed"
    assert judge(bad, failed(400, b"")).judgement == "failed"


def test_a_real_time_answer_has_no_notification_and_no_place(tmp_path: Path) -> None:
    outcome = replace(completed(), notification=None, submitted=replace(ACCEPTED, output_url="", failure_url=None))
    record = judge(case(tmp_path), outcome, REALTIME)
    assert (record.judgement, record.output_location) == ("passed", None)
    refused = replace(failed(400, b"no"), notification=None, http_status=400)
    assert judge(case(tmp_path, status="failed"), refused, REALTIME).judgement == "passed"
    assert judge(case(tmp_path), outcome).judgement == "failed"


def test_an_answer_is_held_against_its_golden(tmp_path: Path) -> None:
    made = case(tmp_path, golden=tmp_path / "rose.golden.json")
    recorded = golden(b'{"label": "rose"}')
    same, other = (
        judging.judge(made, completed(body), DEMANDS, NOW, recorded).record
        for body in (b'{"label": "rose"}', b'{"label": "lily"}')
    )
    assert (same.judgement, [each.check for each in same.findings]) == ("passed", ["golden.same"])
    assert (other.judgement, [each.check for each in other.findings]) == ("failed", ["golden.json"])
    assert judging.summary(other) == 'completed; golden: /label: "lily", expected is "rose"'
    empty = judging.judge(made, completed(b""), DEMANDS, NOW, recorded).record
    assert [each.check for each in empty.findings if each.severity == "error"] == ["answer.empty"]


def test_the_tolerance_is_the_projects_and_that_of_the_case(tmp_path: Path) -> None:
    recorded, demands = golden(b"[1.0]"), replace(DEMANDS, golden=GoldenSection(atol=0.5))
    made = case(tmp_path, golden=tmp_path / "g")
    own = case(tmp_path, golden=tmp_path / "g", golden_tolerance={"atol": 0.1})
    judged = [judging.judge(each, completed(b"[1.3]"), demands, NOW, recorded).record for each in (made, own)]
    assert [each.judgement for each in judged] == ["passed", "failed"]


def test_a_detectors_drifted_frames_are_drawn_beside_the_golden(tmp_path: Path) -> None:
    dog = found((0, 0, 50, 50))
    recorded = golden(body_of(predictions([dog], [dog])))
    made = case(tmp_path, golden=tmp_path / "g")
    same, drifted = (
        judging.judge(made, completed(body_of(predictions([dog], second))), DEMANDS, NOW, recorded)
        for second in ([dog], [])
    )
    assert same.pictures is not None
    assert (len(same.pictures.frames), same.pictures.has_golden()) == (2, False)
    assert drifted.pictures is not None
    (frame,) = drifted.pictures.frames
    assert (frame.frame_index, frame.detections, len(frame.golden or ())) == (1, (), 1)
    assert drifted.record.frames == Frames(expected=2, sampled=2)
    assert drifted.record.detection_count == 1


def test_a_drifted_golden_closes_the_gate_of_cases(tmp_path: Path) -> None:
    subject = stranger(tmp_path, '[[case]]\nname = "rose"\nfile = "rose.json"\n')
    made = replace(case(tmp_path, golden=tmp_path / "g"), name="rose")
    for body, outcome in ((b"[1]", "passed"), (b"[2]", "failed")):
        record = judging.judge(made, completed(body), DEMANDS, NOW, golden(b"[1]")).record
        assert gates(subject, record)["cases"].outcome == outcome
