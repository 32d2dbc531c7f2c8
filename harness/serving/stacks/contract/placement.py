"""The values between a runtime and a stack: where an instance is placed, and how it is started there.

Nothing here starts a process or reads the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# The folder that takes the place of /opt/ml.
BASE_FOLDER = "ml"

# A container gets no identity from the caller's AWS files or an EC2 machine's metadata; its user gives one.
NO_IDENTITY = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


def platform_environment(region: str) -> dict[str, str]:
    """The variables that the platform sets in every container."""
    return {**NO_IDENTITY, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}


@dataclass(frozen=True)
class Folders:
    """The folders of one instance."""

    work_dir: Path
    temp_dir: Path

    @property
    def base_dir(self) -> Path:
        return self.work_dir / BASE_FOLDER

    @property
    def model_dir(self) -> Path:
        return self.base_dir / "model"

    @property
    def home_dir(self) -> Path:
        return self.work_dir / "home"

    @property
    def logs_dir(self) -> Path:
        return self.work_dir / "logs"

    @property
    def venv_dir(self) -> Path:
        """The instance's own packages, where its model has requirements."""
        return self.work_dir / "venv"


@dataclass(frozen=True)
class ArchiveLayout:
    """The places of code and requirements in a model archive; paths are relative to its root."""

    code_folder: str
    requirements: str | None = None
    """The file that names the packages to install at the start; None for a stack that installs nothing."""


class Program(Protocol):
    """A program of this machine, as it was found."""

    @property
    def home(self) -> Path: ...

    @property
    def version(self) -> str: ...


@dataclass(frozen=True)
class Requirement:
    """A program that a stack needs where no image brings it."""

    name: str
    find: Callable[[], Program]
    """Raises MachineCannot when this machine has none that will do."""
    fix: str
    """The next step of a user whose machine has none."""


@dataclass(frozen=True)
class Needs:
    """What a stack needs of a runtime that is not an image."""

    ports: tuple[str, ...]
    """Names of the ports; the first answers `/ping` and `/invocations`."""
    programs: tuple[Requirement, ...] = ()
    longest_temp_path_bytes: int | None = None
    """None where the path of the temporary folder may have any length."""


@dataclass(frozen=True)
class Placement:
    """Where one instance is placed."""

    folders: Folders
    ports: Mapping[str, int]
    """On the loopback interface, by the names in `Needs.ports`."""
    programs: Mapping[str, Program]
    """By the names in `Needs.programs`."""
    python: Path
    region: str
    inherited: Mapping[str, str]
    """The machine's variables that a container may see."""
    installer: Mapping[str, str]
    """The user's own settings of pip, for a stack that installs a model's requirements."""
    specified: Mapping[str, str]
    """CreateModel's Environment."""


@dataclass(frozen=True)
class Launch:
    """How the instance is started there."""

    command: tuple[str | Path, ...]
    environment: Mapping[str, str]
