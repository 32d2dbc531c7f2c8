"""Runs in the container: starts pytest from the lent packages on the image's own interpreter.

`python -m benchmarks.container.inside PYTEST_ARGUMENTS`. The packages that its bundle would carry are installed first,
as its container does it; the lent packages go to the end of the path, where they replace nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = "/repository"
INPUTS = f"{REPOSITORY}/.benchmarks/inputs"
PACKAGES = "packages"
LENT = "/lent"
RESULTS = "/results"
SCRATCH = "/scratch"


def main(arguments: list[str]) -> int:
    install_vendored(Path(INPUTS, PACKAGES, "requirements.txt"), Path(SCRATCH, "vendored"))
    sys.path.append(LENT)
    import pytest  # from the path above

    return int(pytest.main(arguments))


def install_vendored(listing: Path, target: Path) -> None:
    """Install them for this process and its children, before the image's packages in the path."""
    if not listing.exists():
        return
    quiet = ("--quiet", "--disable-pip-version-check", "--no-cache-dir")
    subprocess.run([sys.executable, "-m", "pip", "install", *quiet, "--target", target, "-r", listing], check=True)
    sys.path.insert(0, str(target))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(target), os.environ.get("PYTHONPATH"))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
