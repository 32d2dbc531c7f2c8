"""The sweep of what runs that are gone left on the engine: labelled containers, networks and their work folders.

Everything that a Docker instance makes is labelled, so the engine itself lists it. A folder that a label names is
deleted only where `harness.core.state` says that it is ours.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import MachineCannot
from harness.core.state import is_ours_to_remove, remove_tree
from harness.docker.engine import FOLDER_INSIDE, SESSION_LABEL, WORK_DIR_LABEL, Engine
from harness.docker.facts import Labelled
from harness.serving.images.packages import BUILD_CONTAINER_PREFIX


@dataclass(frozen=True)
class DockerSwept:
    """What was removed, and what could not be, with the reason."""

    removed: tuple[str, ...]
    failed: tuple[str, ...]


def strays(engine: Engine, session_id: str | None = None) -> list[Labelled]:
    """The strays of one session, or of all sessions and image builds; containers come before networks."""
    builders = engine.named(BUILD_CONTAINER_PREFIX) if session_id is None else []
    return [*builders, *engine.labelled(SESSION_LABEL, session_id)]


def sweep_docker(engine: Engine, state_dir: Path, session_id: str | None = None) -> DockerSwept:
    """Remove every stray that can be removed. Without `session_id` this includes running sessions, as `--all` says."""
    return _swept(engine, strays(engine, session_id), state_dir)


def sweep_docker_below(engine: Engine, state_dir: Path) -> DockerSwept:
    """Remove only what has its work folder below `state_dir`: an emulator of that folder was killed and left it."""
    below = [
        item
        for item in engine.labelled(WORK_DIR_LABEL)
        if Path(item.labels[WORK_DIR_LABEL]).is_relative_to(state_dir.absolute())
    ]
    return _swept(engine, below, state_dir)


def _swept(engine: Engine, found: list[Labelled], state_dir: Path) -> DockerSwept:
    removed, failed = list[str](), list[str]()
    for item in found:
        try:
            engine.remove(item)
            removed.append(f"{item.kind} {item.name}")
        except MachineCannot as error:
            failed.append(f"{item.kind} {item.name}: {error}")
    for folder, image_id in _folders(found, state_dir).items():
        try:
            remove_folder(engine, folder, image_id)
            removed.append(f"folder {folder}")
        except MachineCannot as error:
            failed.append(f"folder {folder}: {error}")
    return DockerSwept(tuple(removed), tuple(failed))


def _folders(found: list[Labelled], state_dir: Path) -> dict[Path, str | None]:
    """Work folders that exist and are ours, each with an image that can change their owner."""
    named = {
        Path(item.labels[WORK_DIR_LABEL]): item.image_id for item in reversed(found) if WORK_DIR_LABEL in item.labels
    }
    return {
        folder: image for folder, image in named.items() if folder.exists() and is_ours_to_remove(folder, state_dir)
    }


def remove_folder(engine: Engine, folder: Path, image_id: str | None) -> None:
    """Remove it even where containers wrote files as root: the engine changes their owner first.

    Raises MachineCannot when it is still there afterwards.
    """
    remove_tree(folder)
    if folder.exists() and image_id is not None:
        hand_over(engine, folder, image_id, os.getuid(), os.getgid())
        remove_tree(folder)
    if folder.exists():
        raise MachineCannot(f"{folder} could not be removed; it has files of another user: `sudo rm -rf {folder}`")


def hand_over(engine: Engine, folder: Path, image_id: str, uid: int, gid: int) -> None:
    """Make everything below `folder` the user's, by `chown` as root in a container."""
    engine.run_once(image_id, ["chown", "-R", f"{uid}:{gid}", FOLDER_INSIDE], folder)
