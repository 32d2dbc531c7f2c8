"""LocalStack's own Python environment, made once and kept in the user's cache under the digest of its lock.

Owns `<cache>/localstack-<digest>-py3XX/`. Two runs that need it at once take turns; a run that dies during the build
leaves no incomplete environment under the final name. It starts no LocalStack.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

from harness.core.state import remove_tree
from harness.processes.ledger import file_lock
from harness.processes.uv import TIMEOUT_SECONDS, find_uv, run_uv

LOCK = Path(__file__).with_name("localstack.lock")


def environment_dir(cache: Path, lock: Path = LOCK) -> Path:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    return cache / f"localstack-{digest}-py{sys.version_info.major}{sys.version_info.minor}"


def localstack_python(cache: Path, *, lock: Path = LOCK, progress: Callable[[str], None] = lambda _: None) -> Path:
    """The interpreter of the environment, which is built first when it is not there (this takes seconds, once).

    Raises MachineCannot when uv is absent or cannot install.
    """
    final = environment_dir(cache, lock)
    python = final / "bin" / "python"
    if python.exists():
        return python
    lock_path = final.with_suffix(".lock")
    with file_lock(lock_path, what="another run to install LocalStack", timeout_seconds=TIMEOUT_SECONDS):
        if not python.exists():
            progress("installing LocalStack (once)")
            _build(final, lock)
    return python


def _build(final: Path, lock: Path) -> None:
    aside = final.with_suffix(".building")
    remove_tree(aside)  # left by a run that died: no other run builds while this one holds the lock
    uv = find_uv()
    run_uv(uv, ["venv", "--relocatable", "--python", sys.executable, aside], what="make LocalStack's environment")
    install: list[str | Path] = [
        "pip",
        "sync",
        "--require-hashes",
        "--compile-bytecode",
        "--python",
        aside / "bin" / "python",
        lock,
    ]
    run_uv(uv, install, what="install LocalStack; without a package index, use --cloud-url with a running one")
    (aside / "home").mkdir()
    remove_tree(final)
    aside.rename(final)
