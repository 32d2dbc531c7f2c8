"""The main job in the container: `harness validate --runtime docker`, its evidence, and what it leaves behind."""

from __future__ import annotations

import pytest

from deploy import config
from harness.docker.engine import SESSION_LABEL, Engine
from harness.serving.images.recipe import COMPATIBLE_IMAGE
from tests.e2e.runs import ROOT, Finished, processes_below, validate

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("docker")
    (folder / "broken.mp4").write_text("no video\n")
    return validate(folder, "--image", COMPATIBLE_IMAGE, "--video", folder / "broken.mp4", runtime="docker")


def test_the_known_answer_comes_back_from_the_container(run: Finished) -> None:
    assert run.case("known answer").judgement == "passed", run.stderr
    assert run.case("good again").judgement == "passed"


def test_a_bad_clip_fails_in_the_container_as_it_does_without(run: Finished) -> None:
    failure = run.case("broken.mp4").failure
    assert run.exit_code == 1
    assert failure is not None
    assert (failure.http_status, failure.code) == (400, "unreadable_media")


def test_the_evidence_pins_the_image_and_does_not_call_it_official(run: Finished, engine: Engine) -> None:
    runtime = run.report.runtime
    image = engine.image(COMPATIBLE_IMAGE)
    assert image is not None
    assert (runtime.kind, runtime.assurance) == ("docker", "compatible")
    assert runtime.image_digest == image.image_id
    assert run.report.peak_memory is not None


def test_the_container_reads_video_by_the_pyav_of_the_archive(run: Finished) -> None:
    """The image has none, and the archive's is installed without a network."""
    (line,) = config.load(ROOT / "rehearsal.toml").handler.packages
    runtime = run.report.runtime
    assert runtime.decoders["video"] == "pyav"
    assert line.startswith(f"av=={runtime.decoders['pyav']} ")
    assert runtime.facts["av"] == runtime.decoders["pyav"]


def test_nothing_is_left_of_the_run(run: Finished, engine: Engine) -> None:
    run_ids = [folder.name for folder in (run.state_dir / "runs").iterdir()]
    assert not [item for run_id in run_ids for item in engine.labelled(SESSION_LABEL, run_id)]
    assert processes_below(run.state_dir) == []
