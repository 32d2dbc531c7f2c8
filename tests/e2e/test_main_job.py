"""`harness validate` as a user runs it: the real TorchServe, LocalStack, emulator and deploy code, on real clips."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from deploy.bundle import manifest
from deploy.core.waiting import wait_until
from harness.processes import sweep
from tests.e2e.runs import CLIPS, ROOT, Finished, processes_below, validate, validate_command

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("good")
    avi = folder / "bikes.avi"
    command = ["ffmpeg", "-v", "error", "-i", CLIPS / "bikes.mp4", "-t", "3", "-c:v", "mpeg4", "-q:v", "5", avi]
    subprocess.run([str(word) for word in command], check=True)
    return validate(folder, "-v", CLIPS / "bikes.mp4", "-v", CLIPS / "bigbuckbunny.mp4", "-v", avi)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.mp4").write_text("no video at all\n")
    (folder / "empty.mp4").write_bytes(b"")
    whole = (CLIPS / "bikes.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])
    videos = [word for name in ("text", "empty", "half") for word in ("--video", folder / f"{name}.mp4")]
    return validate(folder, *videos, "--output", "json")


def test_a_good_handler_passes(good: Finished) -> None:
    assert good.exit_code == 0, good.stderr
    assert good.report.verdict.passed
    assert good.stdout.rstrip().splitlines()[-1].startswith("Next: ")


def test_the_known_answer_comes_back_through_the_whole_stack(good: Finished) -> None:
    metrics = {metric.name: metric.value for metric in good.case("known answer").metrics}
    assert (metrics["map_50"] or 0) >= 0.9


@pytest.mark.parametrize(("name", "frames"), [("bikes.mp4", 50), ("bigbuckbunny.mp4", 27), ("bikes.avi", 15)])
def test_a_users_clip_yields_one_result_per_sampled_frame(good: Finished, name: str, frames: int) -> None:
    found = good.case(name).frames
    assert found is not None
    assert (found.sampled, found.expected) == (frames, frames)


def test_every_case_says_where_its_time_went(good: Finished) -> None:
    for case in good.report.cases:
        taken = case.timings
        parts = (taken.upload_seconds, taken.queue_seconds, taken.model_seconds)
        assert all(part is not None and part > 0 for part in parts), (case.name, taken)
        assert sum(part or 0 for part in parts) <= (taken.total_seconds or 0)


def test_the_evidence_is_about_the_very_bundle_that_was_deployed(good: Finished) -> None:
    report = good.report
    bundles = list((good.state_dir / "runs").glob("*/bundles/*/model.tar.gz.manifest.json"))
    assert [json.loads(bundle.read_text())["sha256"] for bundle in bundles] == [report.bundle.sha256]
    assert report.runtime.facts["model_data_sha256"] == report.bundle.sha256
    assert report.runtime.assurance == "process"
    assert report.peak_memory is not None
    assert report.versions["torch"] == "2.6.0"


def test_the_evidence_names_what_decoded_and_it_is_the_pyav_of_the_bundle(good: Finished) -> None:
    (written,) = (good.state_dir / "runs").glob("*/bundles/*/model.tar.gz.manifest.json")
    carried, decoders = manifest.read(written).packages, good.report.runtime.decoders
    assert (decoders["video"], {"av": decoders["pyav"]}) == ("pyav", carried)
    assert decoders["opencv"].split(".")[:2] == good.report.versions["opencv-python-headless"].split(".")[:2]
    assert {"pyav libavcodec", "opencv libavcodec"} <= decoders.keys()


def test_every_file_of_the_report_is_there(good: Finished) -> None:
    names = {path.name for path in good.out_dir.iterdir()}
    assert names == {
        "report.json", "report.intoto.jsonl", "report.html", "detections.gif", "junit.xml", "summary.md"
    }  # fmt: skip
    suite = ET.parse(good.out_dir / "junit.xml").getroot()  # noqa: S314  our own file
    assert len(list(suite.iter("testcase"))) >= 6
    assert not list(suite.iter("failure"))


def test_bad_clips_fail_the_run_and_each_says_why(bad: Finished) -> None:
    assert bad.exit_code == 1
    expected = {"text.mp4": "unreadable_media", "empty.mp4": "empty_media", "half.mp4": "truncated_media"}
    for name, code in expected.items():
        case = bad.case(name)
        assert case.outcome == "failed"
        assert case.failure is not None
        assert (case.failure.http_status, case.failure.code) == (400, code)
        assert case.failure_location is not None
        assert case.notification is not None
        assert case.notification.topic == "error"
        assert "client error (400)" in case.notification.failure_reason
        assert [finding.severity for finding in case.findings] == ["error"]


def test_after_bad_clips_a_good_one_succeeds_on_the_same_endpoint(bad: Finished) -> None:
    assert bad.case("good again").judgement == "passed"


def test_json_output_is_the_report_alone_on_stdout(bad: Finished) -> None:
    assert json.loads(bad.stdout)["bundle"]["sha256"] == bad.report.bundle.sha256
    assert "known answer" in bad.stderr


def test_nothing_runs_on_after_a_run(good: Finished, bad: Finished) -> None:
    assert processes_below(good.state_dir) == []
    assert processes_below(bad.state_dir) == []


def with_swapped_channels(folder: Path) -> Path:
    """A project whose handler passes BGR to the network, as the public sample does."""
    shutil.copytree(ROOT / "handler", folder / "handler", ignore=shutil.ignore_patterns("__pycache__"))
    frames = folder / "handler" / "detector" / "core" / "frames.py"
    honest = "                _place(frame, slot, layout)\n"  # whichever library decoded the frame
    assert honest in frames.read_text()
    frames.write_text(
        frames.read_text().replace(honest, f"{honest}                slot[...] = slot[..., ::-1].copy()\n")
    )
    config = (ROOT / "rehearsal.toml").read_text()
    (folder / "rehearsal.toml").write_text(config.replace('"harness/', f'"{ROOT}/harness/'))
    return folder / "rehearsal.toml"


def test_a_handler_that_swaps_red_and_blue_falls_below_the_gate(tmp_path: Path) -> None:
    run = validate(tmp_path, config=with_swapped_channels(tmp_path))
    case = run.case("known answer")
    assert run.exit_code == 1
    assert case.judgement == "failed"
    assert {metric.name: metric.judgement for metric in case.metrics}["map_50"] == "failed"
    assert any("channel" in finding.check for finding in case.findings), case.findings


def test_a_handler_that_cannot_be_imported_ends_with_the_cause(tmp_path: Path) -> None:
    (tmp_path / "handler").mkdir()
    (tmp_path / "handler" / "inference.py").write_text("import a_package_that_nobody_has\n")
    config = (ROOT / "rehearsal.toml").read_text().replace('"harness/', f'"{ROOT}/harness/')
    (tmp_path / "rehearsal.toml").write_text(config)
    run = validate(tmp_path, config=tmp_path / "rehearsal.toml")
    assert run.exit_code == 1
    assert "a_package_that_nobody_has" in run.stderr
    assert processes_below(run.state_dir) == []


def test_the_next_run_cleans_up_after_one_that_was_killed(tmp_path: Path) -> None:
    command = validate_command(tmp_path)
    with (tmp_path / "stderr").open("w") as stderr:
        killed = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=stderr)
    wait_until(
        lambda: "deploy endpoint" in (tmp_path / "stderr").read_text() or None,
        what="the endpoint of the run to be killed",
        timeout_seconds=90,
    )
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    left = processes_below(tmp_path / "state")
    assert left, "the killed run left nothing behind, so this test proves nothing"
    after = validate(tmp_path)
    assert after.exit_code == 0, after.stderr
    assert "cleaned up after a run that was killed" in after.stderr
    assert not [process for process in left if process.is_running()]
    assert processes_below(tmp_path / "state") == []
    assert not list((tmp_path / "state" / "run" / "processes").glob("*.json"))


def test_an_interrupted_run_leaves_nothing_and_exits_130(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with (tmp_path / "stderr").open("w") as stderr:
        run = subprocess.Popen(
            validate_command(tmp_path),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=os.environ | {"TMPDIR": str(temporary)},
        )
    wait_until(
        lambda: "deploy endpoint" in (tmp_path / "stderr").read_text() or None,
        what="the endpoint of the run to be interrupted",
        timeout_seconds=90,
    )
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=60) == 130
    assert processes_below(tmp_path / "state") == []
    assert list(temporary.iterdir()) == []
    assert sweep(tmp_path / "state") == ()
