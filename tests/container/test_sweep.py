"""What runs that were killed leave behind is found by its label, and removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.docker.engine import FOLDER_INSIDE, SESSION_LABEL, Engine
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.instances.runtimes import RuntimeAsked, end_strays
from harness.serving.images.packages import BUILD_CONTAINER_PREFIX
from harness.serving.images.recipe import COMPATIBLE_IMAGE
from harness.serving.runtimes.docker_runtime import DockerRuntime
from harness.serving.runtimes.docker_sweep import hand_over, remove_folder, strays, sweep_docker
from tests.container.conftest import SESSION
from tests.container.handlers import ECHO, spec

pytestmark = pytest.mark.container


def test_containers_networks_and_folders_of_a_killed_run_are_swept(
    engine: Engine, runtime: Callable[..., DockerRuntime], upload: Callable[..., str], tmp_path: Path
) -> None:
    state_dir = tmp_path / "state"
    work = state_dir / "instances" / "one"
    work.mkdir(parents=True)
    runtime().start(spec(work, upload(ECHO)))  # and nobody stops it
    assert {item.kind for item in strays(engine, SESSION)} == {"container", "network"}
    swept = sweep_docker(engine, state_dir, SESSION)
    assert (len(swept.removed), swept.failed) == (3, ())
    assert strays(engine, SESSION) == []
    assert not work.exists()


def test_an_emulator_ends_what_one_that_was_killed_left_in_its_folder_and_nothing_else(
    engine: Engine, runtime: Callable[..., DockerRuntime], upload: Callable[..., str], tmp_path: Path
) -> None:
    archive = upload(ECHO)
    for name in ("ours", "theirs"):
        work = tmp_path / name / "instances" / "one"
        work.mkdir(parents=True)
        runtime().start(spec(work, archive))  # and whoever started it is killed
    settings = EmulatorSettings(tmp_path / "ours", "http://127.0.0.1:1")
    assert end_strays(RuntimeAsked("process"), settings) == ()
    assert len(end_strays(RuntimeAsked("docker"), settings)) == 3
    left = {item.labels["rehearsal.work-dir"] for item in strays(engine, SESSION)}
    assert left == {str(tmp_path / "theirs" / "instances" / "one")}
    assert end_strays(RuntimeAsked("docker"), settings) == ()
    assert len(sweep_docker(engine, tmp_path / "theirs", SESSION).removed) == 3


def test_a_folder_that_a_label_names_stays_when_it_is_not_ours(engine: Engine, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    labels = {SESSION_LABEL: SESSION, "rehearsal.work-dir": str(theirs)}
    engine.client.api.create_container(COMPATIBLE_IMAGE, ["true"], labels=labels)
    swept = sweep_docker(engine, tmp_path / "state", SESSION)
    assert len(swept.removed) == 1
    assert theirs.exists()


def test_a_build_container_is_a_stray_of_no_session(engine: Engine, tmp_path: Path) -> None:
    name = f"{BUILD_CONTAINER_PREFIX}test"
    engine.client.api.create_container(COMPATIBLE_IMAGE, ["true"], name=name)
    assert name not in {item.name for item in strays(engine, SESSION)}
    found = [item for item in strays(engine) if item.name == name]
    for item in found:
        engine.remove(item)
    assert len(found) == 1


def test_files_of_root_are_handed_over_before_they_are_removed(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "of-root"
    folder.mkdir()
    engine.run_once(
        COMPATIBLE_IMAGE, ["sh", "-c", f"cd {FOLDER_INSIDE} && mkdir a && touch a/b && chmod -R 700 ."], folder
    )
    assert (folder / "a" / "b").stat().st_uid == 0
    hand_over(engine, folder, COMPATIBLE_IMAGE, 12345, 12345)
    assert (folder / "a" / "b").stat().st_uid == 12345
    hand_over(engine, folder, COMPATIBLE_IMAGE, os.getuid(), os.getgid())
    remove_folder(engine, folder, COMPATIBLE_IMAGE)
    assert not folder.exists()
