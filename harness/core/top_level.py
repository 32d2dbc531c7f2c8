"""The paths of the flagship handler, its rehearsal.toml, docker-compose.yml and the examples, in a checkout and in a
wheel.

The repository keeps them at its top level. The wheel carries them below `harness/data/` (`force-include` and `sources`
in pyproject.toml), so that no top-level `handler` is installed into site-packages. Owns the paths; reads no file.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def is_installed(package: Path = _PACKAGE) -> bool:
    """Whether `package` came from a wheel; a checkout has no `harness/data/`."""
    return (package / "data").is_dir()


def top_level(package: Path = _PACKAGE) -> Path:
    """The folder that holds them: `data/` of an installed package, or the parent of `package` in a checkout."""
    return package / "data" if is_installed(package) else package.parent


HANDLER = top_level() / "handler"
PROJECT_FILE = top_level() / "rehearsal.toml"
COMPOSE_FILE = top_level() / "docker-compose.yml"
EXAMPLES = top_level() / "examples"
