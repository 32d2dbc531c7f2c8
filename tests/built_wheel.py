"""The distribution's own wheel and source distribution, built by uv from the working tree."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from harness.core.state import installer_environment
from harness.processes.uv import find_uv

ROOT = Path(__file__).parent.parent


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """What the command prints on stdout; its stderr is in the message when it fails."""
    command = [str(word) for word in (find_uv(), *arguments)]
    ran = subprocess.run(command, cwd=cwd, env=installer_environment(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stderr}"
    return ran.stdout


def build(out: Path, *arguments: str) -> Path:
    """The wheel, in `out`. Without arguments a source distribution is built first, and the wheel from that."""
    uv("build", "--quiet", "--out-dir", out, *arguments, ROOT)
    (wheel,) = out.glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, bytes]:
    """Path -> bytes of every file in it but the metadata's."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        return {name: archive.read(name) for name in names}
