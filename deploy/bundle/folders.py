"""Walks a folder that is packed: which files of it belong into an archive, and what may not be in it.

May not: know what the files are for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploy.core.errors import ConfigurationError

_LEFT_OUT_SUFFIXES = (".pyc", ".pyo", "~", ".swp", ".swo", ".orig", ".rej", ".bak", ".tmp")
_LEFT_OUT_NAMES = ("__pycache__", "Thumbs.db", "desktop.ini")


def files_below(folder: Path, what: str, left_out: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Every file at any depth, less hidden files, byte code, virtual environments and an editor's temporary files.

    `left_out` are absolute paths that are passed over as well; `what` names in messages whose folder it is. Raises
    ConfigurationError for links, pipes and the like.
    """
    for path in folder.iterdir():
        if _is_left_out(path.name) or path.absolute() in left_out or (path / "pyvenv.cfg").is_file():
            continue
        check_plain(path, what)
        if path.is_dir():
            yield from files_below(path, what, left_out)
        else:
            yield path


def check_plain(path: Path, what: str) -> None:
    """Raises ConfigurationError unless it is a file or a folder itself."""
    if path.is_symlink():
        raise ConfigurationError(
            f"{path} is a symbolic link to {path.readlink()}: the container cannot follow it. Put the file there, "
            "for all links of a folder with `cp -rL FOLDER COPY`"
        )
    if not path.is_dir() and not path.is_file():
        raise ConfigurationError(f"{path} is neither file nor folder: remove it from {what}")


def _is_left_out(name: str) -> bool:
    return name.startswith((".", "#")) or name in _LEFT_OUT_NAMES or name.endswith(_LEFT_OUT_SUFFIXES)
