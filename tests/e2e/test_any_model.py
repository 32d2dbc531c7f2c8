"""`harness validate` of a handler that is not ours: JSON in, JSON out, by transform_fn, on the real serving stack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from deploy import bundle, config
from deploy.gates.gate import GateInput, gate, read_evidence
from tests.deploy.reports import machine_keys
from tests.e2e.runs import Finished, processes_below, validate

pytestmark = pytest.mark.e2e

HANDLER = """
import json, os
import torch

def model_fn(model_dir):
    return torch.load(os.path.join(model_dir, "model.pth"), weights_only=True)

def transform_fn(model, data, content_type, accept):
    values = json.loads(data)["values"]
    if values == "leave":
        os._exit(3)
    score = float(sum(values) * model["scale"])
    return json.dumps({"label": "high" if score > 10 else "low", "score": score}), "application/json"
"""
PROJECT = """
[project]
name = "stranger"
[model]
weights = "weights.pth"
[endpoint]
mode = "MODE"
[[case]]
name = "small"
file = "small.json"
accept = "application/json"
expect.json_schema = "answer.schema.json"
expect.json = { "/label" = "low", "/score" = { about = 3.0, within = 0.01 } }
expect.max_seconds = 60
"""
SCHEMA = {"type": "object", "required": ["label", "score"], "properties": {"label": {"enum": ["low", "high"]}}}


def write_project(folder: Path, *, handler: str = HANDLER, mode: str = "async", extra: str = "") -> Path:
    (folder / "handler").mkdir()
    (folder / "handler" / "inference.py").write_text(handler)
    torch.save({"scale": torch.tensor(0.5)}, folder / "weights.pth")
    (folder / "small.json").write_text('{"values": [1, 2, 3]}')
    (folder / "leave.json").write_text('{"values": "leave"}')
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    path = folder / "rehearsal.toml"
    path.write_text(PROJECT.replace("MODE", mode) + extra)
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("good")
    return validate(folder, "--case", "small.json:application/json", config=write_project(folder))


def test_it_passes_by_its_cases_alone(good: Finished) -> None:
    assert good.exit_code == 0, good.stderr
    assert [(case.name, case.outcome, case.judgement) for case in good.report.cases] == [
        ("small", "completed", "passed"),
        ("small.json", "completed", "passed"),
        ("empty body", "failed", "passed"),
        ("random text", "failed", "passed"),
        ("good again", "completed", "passed"),
    ]
    assert {case.served_by for case in good.report.cases} == {"own"}


def test_no_model_of_ours_is_deployed(good: Finished) -> None:
    assert [path.name for path in (good.state_dir / "runs").glob("*/bundles/*")] == ["stranger"]


def test_what_it_has_not_is_skipped_with_the_reason_and_never_ticked(good: Finished) -> None:
    checks = {check.name: check for check in good.report.checks}
    assert checks["own_answer"].judgement == "passed"
    for name in ("known_answer", "parity"):
        assert checks[name].judgement == "skipped"
        assert "only the flagship's handler has it" in checks[name].summary
    assert "– parity with torchvision" in good.stderr


def test_a_500_with_a_traceback_is_told_with_its_exception(good: Finished) -> None:
    (finding,) = good.case("empty body").findings
    assert finding.severity == "warning"
    assert "answered with 500 with a traceback: json.decoder.JSONDecodeError" in finding.message


def test_the_evidence_opens_the_gates_that_it_can(good: Finished) -> None:
    project = config.load(good.out_dir.parent / "rehearsal.toml")
    built = bundle.build(project, good.out_dir.parent / "dist")
    evidence = read_evidence([good.out_dir / "report.json"])
    assert evidence[0].report.runtime.stack == "torchserve"
    for local, shut in ((True, []), (False, ["runtime"])):
        verdicts = gate(
            GateInput(project, built, evidence, datetime.now(UTC), target_is_local=local, trusted=machine_keys())
        )
        assert [verdict.gate for verdict in verdicts if not verdict.allows] == shut
    assert "cases" in [verdict.gate for verdict in verdicts]


def test_a_real_time_endpoint_goes_the_same_way_and_a_dead_worker_is_an_error(tmp_path: Path) -> None:
    wrong = '[[case]]\nname = "leaves"\nfile = "leave.json"\nexpect.status = "failed"\n'
    run = validate(tmp_path, config=write_project(tmp_path, mode="realtime", extra=wrong))
    assert run.exit_code == 1
    assert [case.name for case in run.report.cases if case.judgement != "passed"] == ["leaves"]
    assert "worker died" in run.case("leaves").findings[0].message
    assert run.case("small").notification is None
    assert run.case("good again").judgement == "passed"
    assert processes_below(run.state_dir) == []


def test_a_model_that_cannot_load_is_reported_with_its_own_exception(tmp_path: Path) -> None:
    handler = "def model_fn(model_dir):\n    raise RuntimeError('the weights of rose are missing')\n"
    run = validate(tmp_path, config=write_project(tmp_path, handler=handler))
    assert run.exit_code == 1
    (finding,) = run.report.verdict.findings
    assert finding.message.startswith("the project's own model does not serve")
    assert "RuntimeError: the weights of rose are missing" in finding.message
    assert run.case("small").outcome == "not_run"
    assert "RuntimeError: the weights of rose are missing" in run.stderr
    assert processes_below(run.state_dir) == []
