"""Copies the flagship as a user's own project: `python -m harness.samples.flagship FOLDER`.

Owns the files of such a project and the paths in its rehearsal.toml. May not overwrite what is in the folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.core.files import write_bytes
from harness.cases.known_answer import KNOWN_ANSWER
from harness.core.top_level import HANDLER, PROJECT_FILE

_KNOWN_ANSWER_IN_THE_REPOSITORY = "harness/samples/known_answer"


def files() -> Mapping[str, bytes]:
    """The files of the project by relative path: `handler/`, `known_answer/` and `rehearsal.toml`."""
    text = PROJECT_FILE.read_text(encoding="utf-8").replace(_KNOWN_ANSWER_IN_THE_REPOSITORY, "known_answer")
    return {**handler(), **dict(_below(KNOWN_ANSWER.folder, "known_answer")), "rehearsal.toml": text.encode()}


def handler() -> Mapping[str, bytes]:
    """The files of its handler alone, below `handler/`."""
    return dict(_below(HANDLER, "handler"))


def copy_to(folder: Path) -> Path:
    """Write the files into `folder`; returns the path of rehearsal.toml.

    Raises FileExistsError, before anything is written, when one of the three is there already.
    """
    found = files()
    for name in dict.fromkeys(name.partition("/")[0] for name in found):
        if (folder / name).exists():
            raise FileExistsError(f"{folder / name} is there already; name another folder")
    for name, data in found.items():
        write_bytes(folder / name, data)
    return folder / "rehearsal.toml"


def _below(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description="Copy the flagship: its handler, known answer and rehearsal.toml.")
    parser.add_argument("folder", type=Path, help="folder to write to, made when it is not there")
    folder = parser.parse_args().folder
    try:
        project_file = copy_to(folder)
    except FileExistsError as error:
        parser.error(str(error))
    print(f"{project_file}; next: harness validate --config {project_file}")


if __name__ == "__main__":
    main()
