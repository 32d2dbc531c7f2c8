"""Copies the flagship as a user's own project: `python -m harness.samples.flagship FOLDER`.

Owns the files of such a project and the paths in its rehearsal.toml. May not overwrite what is in the folder.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from harness.cases.known_answer import KNOWN_ANSWER
from harness.core.top_level import HANDLER, PROJECT_FILE

_KNOWN_ANSWER_IN_THE_REPOSITORY = "harness/samples/known_answer"


def copy_to(folder: Path) -> Path:
    """Write `handler/`, `known_answer/` and `rehearsal.toml`; returns the path of the last.

    Raises FileExistsError, before anything is written, when one of them is there already.
    """
    handler, known_answer, project_file = (folder / name for name in ("handler", "known_answer", "rehearsal.toml"))
    for path in (handler, known_answer, project_file):
        if path.exists():
            raise FileExistsError(f"{path} is there already; name another folder")
    shutil.copytree(HANDLER, handler, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(KNOWN_ANSWER.folder, known_answer)
    text = PROJECT_FILE.read_text(encoding="utf-8").replace(_KNOWN_ANSWER_IN_THE_REPOSITORY, known_answer.name)
    project_file.write_text(text, encoding="utf-8")
    return project_file


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
