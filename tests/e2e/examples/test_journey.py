"""The notebook of the flagship, executed cell by cell in a project that `harness init` has made."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from tests.e2e.runs import HARNESS, processes_below

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

STATE = Path(".rehearsal", "journey")
CELL_SECONDS = 200
FRAMES = 13


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journey")
    subprocess.run([HARNESS, "init", "--example", "mask-rcnn"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def executed(project: Path) -> Iterator[nbformat.NotebookNode]:
    """The notebook with its outputs; a cell that fails raises its traceback."""
    notebook = nbformat.read(project / "journey.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    try:
        _execute(notebook, project)
        yield notebook
    finally:
        subprocess.run([HARNESS, "down", "--state-dir", STATE], cwd=project, check=False, stdout=subprocess.DEVNULL)


def _execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Speaks with the kernel over sockets in a folder of its own, whose short path they need, and not over TCP."""
    with tempfile.TemporaryDirectory(prefix="ipc-") as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", place)
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=resources)
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{place}/kernel"
        client.execute(env=os.environ | {"IPYTHONDIR": place})


def said(notebook: nbformat.NotebookNode, name: str) -> str:
    (cell,) = [cell for cell in notebook.cells if cell["id"] == name]
    return "".join(each["text"] for each in cell["outputs"] if each["output_type"] == "stream")


def test_it_runs_on_the_local_aws(executed: nbformat.NotebookNode) -> None:
    assert said(executed, "place").startswith("account 000000000000, us-east-1: http://127.0.0.1:")


def test_the_clip_is_answered_and_the_topic_says_so(executed: nbformat.NotebookNode) -> None:
    assert said(executed, "wait").startswith("success {")
    assert '"invocationStatus": "Completed"' in said(executed, "wait")
    assert said(executed, "result").startswith(f"{FRAMES} frames of 320 x 240, 39 detections")


def test_its_detections_move(executed: nbformat.NotebookNode, project: Path) -> None:
    data = (project / "dist" / "detections.gif").read_bytes()
    with Image.open(io.BytesIO(data)) as animation:
        assert getattr(animation, "n_frames", 1) == FRAMES
    (cell,) = [cell for cell in executed.cells if cell["id"] == "gif"]
    assert "image/gif" in cell["outputs"][0]["data"]


def test_what_is_no_video_fails(executed: nbformat.NotebookNode) -> None:
    assert said(executed, "failure").startswith('Failed: {"error":{"code":"unreadable_media"')
    assert "ClientError: Received client error (400) from model." in said(executed, "failure")


def test_the_policies_of_deploy_take_it_to_zero_and_back(executed: nbformat.NotebookNode) -> None:
    assert said(executed, "zero").startswith("0 instances after ")
    assert said(executed, "wake").startswith("from zero: Completed after ")
    assert said(executed, "wake").rstrip().endswith(", 1 instance")
    causes = [line.rpartition(" ")[2] for line in said(executed, "activities").splitlines()[1::2]]
    assert causes == ["mask-rcnn-journey-idle", "mask-rcnn-journey-from-zero"]


def test_it_says_what_it_costs(executed: nbformat.NotebookNode) -> None:
    assert "a month on ml.g4dn.xlarge" in said(executed, "cost")
    assert "table of " in said(executed, "cost")


def test_nothing_is_left(executed: nbformat.NotebookNode, project: Path) -> None:
    assert said(executed, "nothing-left").strip() == (
        "{'endpoints': [], 'models': [], 'buckets': [], 'topics': [], 'alarms': []}"
    )
    assert said(executed, "down").startswith("ended the local AWS")
    assert processes_below(project / STATE) == []
