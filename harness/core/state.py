"""The folders that the harness uses on this machine, and the part of the environment that its children inherit.

Owns the layout below the state folder (`.rehearsal/`), the cache folder, and the removal of folders. It is the one
module of the harness that reads the process environment. It starts nothing and knows no service.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.core.files import private_folder
from deploy.core.state import STATE_DIR

TEMP_PREFIX = "rehearsal-"

_INHERITED = frozenset(
    {
        "PATH", "LANG", "TZ", "USER", "LOGNAME",
        "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    }
)  # fmt: skip
_INSTALLER_PREFIXES = ("UV_", "PIP_")


def inherited_environment() -> dict[str, str]:
    """The variables that every child gets: paths, locale, devices, proxies; never HOME, AWS or PYTHON settings."""
    return {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("LC_")}


def installer_environment() -> dict[str, str]:
    """The variables that uv and pip need to install as they do for the user: HOME, index settings, caches."""
    more = {name: value for name, value in os.environ.items() if name.startswith(_INSTALLER_PREFIXES)}
    home = {name: os.environ[name] for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME") if name in os.environ}
    return inherited_environment() | home | more


def uv_hint() -> str | None:
    """The path of uv, which `uv run` gives to its children."""
    return os.environ.get("UV")


def users_environment() -> dict[str, str]:
    """All variables of the user's shell: for a program of the user's own, and for nothing else."""
    return dict(os.environ)


def step_summary() -> Path | None:
    """The file that a step of GitHub Actions may write Markdown to, which is then shown on the page of its run."""
    named = os.environ.get("GITHUB_STEP_SUMMARY")
    return Path(named) if named else None


def java_home_hint() -> str | None:
    return os.environ.get("JAVA_HOME")


def cache_dir(environment: Mapping[str, str] | None = None) -> Path:
    """`$XDG_CACHE_HOME/rehearsal` or `~/.cache/rehearsal`. It may be deleted at any time and is then made again."""
    known = os.environ if environment is None else environment
    base = known.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rehearsal"


def private_state(state_dir: Path) -> None:
    """Make the state folder, and let only its owner enter what is ours of it: it may hold inputs, logs and settings.

    A folder that was there before under another name is the user's, and stays open as it is.
    """
    if not state_dir.exists() or state_dir.name == STATE_DIR.name:
        private_folder(state_dir)
    for name in ("logs", "run", "runs", "up"):
        private_folder(state_dir / name)


def processes_dir(state_dir: Path) -> Path:
    return state_dir / "run" / "processes"


def new_temp_dir(label: str) -> Path:
    """A private folder with a short path below the system's temporary folder; the caller removes it."""
    return Path(tempfile.mkdtemp(prefix=f"{TEMP_PREFIX}{label}-"))


def is_ours_to_remove(path: Path, state_dir: Path) -> bool:
    """Whether a path in the ledger may be deleted: it must be below the state folder, or a temporary folder of ours."""
    state = state_dir.resolve()
    where = path.parent.resolve() / path.name
    if where.is_relative_to(state) and where != state:
        return True
    return where.parent == Path(tempfile.gettempdir()).resolve() and where.name.startswith(TEMP_PREFIX)


def remove_tree(path: Path) -> None:
    """Delete a file, link or folder, read-only folders included; a path that is already gone is no error."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        _make_writable(Path(folder))
    shutil.rmtree(path, ignore_errors=True)


def _make_writable(folder: Path) -> None:
    mode = folder.stat().st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        folder.chmod(mode | stat.S_IRWXU)
