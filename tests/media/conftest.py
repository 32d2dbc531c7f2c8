"""The session's clips, and the handler in processes with other versions of OpenCV, and without PyAV.

Each version lives in an environment of its own, which uv makes. Where it cannot, as on a desk without a network, those
tests are skipped with the reason; with FAIL_WITHOUT_OTHER_OPENCV set they fail instead.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import MachineCannot
from harness.processes.uv import find_uv, run_uv
from tests.handler.clips import ClipMaker, maker_or_skip
from tests.media.reading import Refused, Seen
from tests.media.truth import Reference

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipMaker:
    return maker_or_skip(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="session")
def reference(clips: ClipMaker) -> Reference:
    return Reference(clips)


class OtherOpenCV:
    """The handler in a process with another OpenCV, and without PyAV."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def read(self, path: Path) -> Seen | Refused:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{path}\n".encode())
        self._process.stdin.flush()
        answer = pickle.load(self._process.stdout)  # noqa: S301  of our own child
        assert isinstance(answer, Seen | Refused)
        return answer


@pytest.fixture(scope="session")
def other_opencv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], OtherOpenCV]]:
    """By version; each is started once."""
    with ExitStack() as started:

        @cache
        def of(version: str) -> OtherOpenCV:
            python = _environment(tmp_path_factory.mktemp("opencv"), version)
            words = [str(python), "-c", "from tests.media.reading import serve; serve()"]
            environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handler'}"}
            process = subprocess.Popen(words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            return OtherOpenCV(started.enter_context(process))

        yield of


def _environment(folder: Path, version: str) -> Path:
    """Its Python."""
    python = folder / "bin" / "python"
    try:
        uv = find_uv()
        run_uv(uv, ["venv", "--quiet", "--python", sys.executable, folder], what="make an environment")
        wanted = [f"opencv-python-headless=={version}", f"numpy=={np.__version__}"]
        run_uv(uv, ["pip", "install", "--quiet", "--python", python, *wanted], what=f"install OpenCV {version}")
    except MachineCannot as error:
        if os.environ.get("FAIL_WITHOUT_OTHER_OPENCV"):
            pytest.fail(f"FAIL_WITHOUT_OTHER_OPENCV is set, and {error}")
        pytest.skip(f"OpenCV {version} is not here: {error}")
    return python
