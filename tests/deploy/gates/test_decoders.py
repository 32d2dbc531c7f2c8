"""What decoded in the rehearsal is what will decode: the archive's PyAV, and the image's libraries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence import RuntimeUsed
from deploy.gates.gate import GateInput, GateVerdict, gate
from tests.deploy.projects import write_bundle
from tests.deploy.reports import NOW, OFFICIAL, PROCESS, TRUSTED, evidence_of, report

PYAV = {"video": "pyav", "opencv": "4.14.0", "pyav": "18.1.0", "pyav libavcodec": "62.28.102"}
OPENCV = {"video": "opencv", "opencv": "4.14.0"}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Bundle]:
    """A bundle that carries PyAV 18.1.0."""
    wheel = tmp_path / "handler" / "wheels" / "av-18.1.0-cp311-abi3-manylinux_2_28_x86_64.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"by its name alone")
    return write_bundle(tmp_path)


def by(runtime: RuntimeUsed, decoders: Mapping[str, str]) -> RuntimeUsed:
    return runtime.model_copy(update={"decoders": decoders})


def judged(made: tuple[Project, Bundle], *runtimes: RuntimeUsed, local: bool = False) -> GateVerdict | None:
    reports = [report(*made, runtime=runtime) for runtime in runtimes]
    found = evidence_of(*reports)
    verdicts = gate(GateInput(*made, found, NOW, target_is_local=local, trusted=TRUSTED))
    return next((each for each in verdicts if each.gate == "decoders"), None)


def complaint(verdict: GateVerdict | None) -> str:
    assert verdict is not None
    assert verdict.outcome == "failed"
    return verdict.reason


def test_the_libraries_are_named_when_they_are_those_of_image_and_archive(made: tuple[Project, Bundle]) -> None:
    verdict = judged(made, by(OFFICIAL, PYAV), by(PROCESS, PYAV))
    assert verdict is not None
    assert (verdict.outcome, verdict.reason) == ("passed", "pyav 18.1.0, opencv 4.14.0 on the official runtime")


def test_without_the_image_it_says_what_was_not_seen(made: tuple[Project, Bundle]) -> None:
    verdict = judged(made, by(PROCESS, PYAV))
    assert verdict is not None
    assert verdict.reason.endswith("on the process runtime; those of the official image were not seen")


@pytest.mark.parametrize("name", ["opencv", "pyav libavcodec"])
def test_evidence_by_another_version_than_the_images_is_refused(made: tuple[Project, Bundle], name: str) -> None:
    said = complaint(judged(made, by(PROCESS, PYAV | {name: "1.2.3"}), by(OFFICIAL, PYAV)))
    assert said == f"report0.json was decoded by other libraries than report1.json: {name} 1.2.3, not {PYAV[name]}"


def test_a_rehearsal_without_the_archives_pyav_is_refused(made: tuple[Project, Bundle]) -> None:
    said = complaint(judged(made, by(OFFICIAL, OPENCV)))
    assert said.startswith("report0.json: OpenCV read the video, the archive carries PyAV 18.1.0")


def test_a_rehearsal_with_a_pyav_of_this_machines_own_is_refused(made: tuple[Project, Bundle]) -> None:
    said = complaint(judged(made, by(OFFICIAL, PYAV | {"pyav": "17.1.0"})))
    assert said.startswith("report0.json: PyAV 17.1.0 read the video, the archive carries PyAV 18.1.0")


def test_a_local_target_serves_with_what_this_machine_can_use(made: tuple[Project, Bundle]) -> None:
    verdict = judged(made, by(PROCESS, OPENCV), local=True)
    assert verdict is not None
    assert verdict.outcome == "passed"


def test_evidence_that_does_not_say_it_is_refused_beside_one_that_does(made: tuple[Project, Bundle]) -> None:
    assert complaint(judged(made, by(OFFICIAL, PYAV), OFFICIAL)).startswith("report1.json does not say what decoded")


def test_a_handler_that_never_says_it_has_no_such_gate(made: tuple[Project, Bundle]) -> None:
    assert judged(made, OFFICIAL) is None
