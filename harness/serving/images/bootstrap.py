"""The first step: a minimal Debian with Java and Python, as one image layer. It needs root and debootstrap.

The mirror is debootstrap's own default unless another is named; its address does not stay in the image.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.core.errors import HarnessError, MachineCannot
from harness.docker.engine import Engine, engine_errors
from harness.serving.images.recipe import DEBIAN_PACKAGES, DEBIAN_RELEASE, REPOSITORY

# Files that debootstrap copied from this machine or fetched, and that no container needs.
_LEAVE_OUT = ("etc/resolv.conf", "etc/hostname", "etc/apt/sources.list", "var/cache/apt", "var/lib/apt/lists",
              "var/log", "usr/share/doc", "usr/share/man", "usr/share/locale")  # fmt: skip


def require_bootstrap() -> None:
    """Raises MachineCannot where the first step cannot run."""
    if shutil.which("debootstrap") is None:
        raise MachineCannot("building the image needs debootstrap: `sudo apt-get install debootstrap`")
    if os.geteuid() != 0:
        raise MachineCannot("building the image's first layer needs root (debootstrap does): run it with `sudo`")


def import_base(engine: Engine, tag: str, mirror: str | None) -> None:
    """Build the Debian tree in a temporary folder and import it as `REPOSITORY:tag`."""
    require_bootstrap()
    with tempfile.TemporaryDirectory(prefix="rehearsal-base-") as folder:
        root = Path(folder)
        _debootstrap(root, mirror)
        _import(engine, root, tag)


def _debootstrap(root: Path, mirror: str | None) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(DEBIAN_PACKAGES)}", DEBIAN_RELEASE, str(root)]
    done = subprocess.run([*command, *([mirror] if mirror else [])], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-50:])
        raise HarnessError(
            f"debootstrap {DEBIAN_RELEASE} ended with code {done.returncode}; is the Debian mirror reachable? "
            "`harness image build --mirror URL` takes another",
            log_tail=tail,
        )


def _import(engine: Engine, root: Path, tag: str) -> None:
    excludes = [f"--exclude=./{path}" for path in _LEAVE_OUT]
    command = ["tar", "-C", str(root), "--numeric-owner", *excludes, "-c", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar, engine_errors("importing the base layer"):
        engine.client.api.import_image_from_stream(tar.stdout, repository=REPOSITORY, tag=tag)
    if tar.returncode != 0:
        raise HarnessError(f"tar ended with code {tar.returncode} while packing the base layer; is the disk full?")
