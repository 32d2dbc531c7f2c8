"""Puts packages as wheels into the handler's folder (`deploy vendor`): a container installs them without a network.

The toolkit runs `pip install -r code/requirements.txt` at every start of a container (model_server of
sagemaker-inference), also when an endpoint scales from zero; pip resolves `--find-links` from the file's own folder.
Owns: `requirements.txt` and `wheels/`. May not: install anything, or change a requirements.txt that somebody wrote.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from deploy.bundle import fitting, relaxing
from deploy.bundle.fitting import NoWheel, Python, container_python
from deploy.config import Project
from deploy.config.images import image_packages
from deploy.core.errors import ConfigurationError, DeployError
from deploy.core.files import replacing, write_text

_MARK = "# Written by `deploy vendor`"


@dataclass(frozen=True)
class Vendored:
    requirements: Path
    wheels: tuple[Path, ...]
    unmet: tuple[str, ...]
    """Requirements that no vendored wheel satisfies: the image must have these already."""
    removed: bool
    """Whether the wheels no longer name them, as `no_deps` asks."""
    refusal: str | None
    """Why pip would not install the wheels on this machine, as a container does at its start."""

    @property
    def size_bytes(self) -> int:
        return sum(wheel.stat().st_size for wheel in self.wheels)


def vendor(project: Project, wanted: Sequence[str], *, no_deps: bool = False) -> Vendored:
    """Vendor exactly these packages, without their dependencies; packages that were vendored before are removed.

    The wheels fit the container's Python and this one, which the process runtime uses. With `no_deps` what they require
    and is not vendored is removed from their metadata, so that pip installs them beside any version of it.

    Raises ConfigurationError for an invalid requirement, for a requirements.txt that somebody wrote, and for a bound
    that the image does not meet; DeployError when there are no such wheels.
    """
    handler = project.handler.source
    names = [_named(each) for each in wanted]
    listing, folder = handler / "requirements.txt", handler / "wheels"
    _require_ours(listing, folder)
    with tempfile.TemporaryDirectory() as name:
        fetched = _fetched(wanted, names, Path(name), sorted({container_python(project), sys.version_info[:2]}))
        unmet = sorted(set(_unmet(fetched)))
        if no_deps:
            for wheel in fetched:
                relaxing.without(wheel, {canonicalize_name(Requirement(each).name) for each in unmet})
        else:
            _require_image(project, unmet)
        write_text(listing, _text(wanted, fetched))  # first, so that an interrupted run can be repeated
        wheels = tuple(_placed(wheel, folder) for wheel in fetched)
    for other in set(folder.glob("*.whl")) - set(wheels):
        other.unlink()
    return Vendored(listing, wheels, tuple(unmet), no_deps, _refusal(listing))


def _require_image(project: Project, unmet: Sequence[str]) -> None:
    """Refuse bounds that the image's packages do not meet: pip would look for others, in vain, at every start."""
    image = image_packages(project)
    conflicts = [
        f"{each}, and the image has {image[name]}"
        for each in unmet
        if (name := canonicalize_name(Requirement(each).name)) in image
        and not Requirement(each).specifier.contains(image[name], prereleases=True)
    ]
    if conflicts:
        raise ConfigurationError(
            f"the image of {project.path} does not meet what the packages require, and pip would stop the container at "
            f"its start: {'; '.join(conflicts)}. Name another version of the package; or, where it works with the "
            "image's all the same, add --no-deps, and let `harness validate` show that it does"
        )


def _refusal(listing: Path) -> str | None:
    """pip's own verdict on the listing, without installing it or asking an index. The image may have other packages."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--dry-run",
        "--quiet",
        "--no-input",
        "--requirement",
    ]
    run = subprocess.run([*command, str(listing)], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return None
    said = [line.removeprefix("ERROR: ") for line in run.stderr.splitlines() if line.startswith("ERROR: ")]
    return (said or run.stderr.splitlines() or ["nothing"])[0]


def _named(wanted: str) -> str:
    try:
        return canonicalize_name(Requirement(wanted).name)
    except InvalidRequirement as error:
        raise ConfigurationError(
            f"{wanted!r} is no requirement: write a package's name, or a name and a version as in av==18.1.0"
        ) from error


def _require_ours(listing: Path, folder: Path) -> None:
    if listing.exists() and not listing.read_text(encoding="utf-8").startswith(_MARK):
        raise ConfigurationError(
            f"{listing} was written by somebody else, and `deploy vendor` would replace it: move it away, and name "
            "its packages in the command"
        )
    if not listing.exists() and any(folder.glob("*.whl")):
        raise ConfigurationError(
            f"{folder} holds wheels, and no {listing.name} of `deploy vendor` that names them: move them away, they "
            "would be removed"
        )


def _fetched(wanted: Sequence[str], names: Sequence[str], folder: Path, pythons: Sequence[Python]) -> list[Path]:
    """Fetch for each Python, the oldest first: it decides the versions, since later Pythons can run them too."""
    for python in pythons:
        _download([*wanted, *_pins(folder)], folder, python)
    wheels = sorted(folder.glob("*.whl"))
    missing = set(names) - {parse_wheel_filename(wheel.name)[0] for wheel in wheels}
    if missing:
        raise DeployError(
            f"pip fetched no wheel of {', '.join(sorted(missing))}: is there a marker that leaves it out?"
        )
    return wheels


def _pins(folder: Path) -> Iterator[str]:
    for wheel in folder.glob("*.whl"):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        yield f"{name}=={version}"


def _download(requirements: Sequence[str], folder: Path, python: Python) -> None:
    try:
        fitting.download(["--", *requirements], folder, python)
    except NoWheel as error:
        raise DeployError(
            f"no wheel of {', '.join(requirements)} for Python {fitting.shown(python)} on x86-64 Linux with glibc "
            f"2.28: pip says {error}. Name a version that has one (see the package's files on its index), or check "
            "that pip reaches an index"
        ) from error


def _placed(wheel: Path, folder: Path) -> Path:
    target = folder / wheel.name
    with replacing(target) as file:
        file.write(wheel.read_bytes())
    return target


def _text(wanted: Sequence[str], wheels: Iterable[Path]) -> str:
    lines = sorted(
        {f"{name}=={version}" for name, version, _, _ in (parse_wheel_filename(each.name) for each in wheels)}
    )
    head = f"{_MARK} {' '.join(wanted)}: installed from code/wheels when a container starts, without a network."
    return "\n".join([head, "--no-index", "--find-links wheels", *lines]) + "\n"


def _unmet(wheels: Sequence[Path]) -> Iterator[str]:
    names = {parse_wheel_filename(wheel.name)[0] for wheel in wheels}
    for wheel in wheels:
        for requirement in map(Requirement, _requires(wheel)):
            asked = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if asked and canonicalize_name(requirement.name) not in names:
                yield str(requirement).partition(";")[0].strip()


def _requires(wheel: Path) -> list[str]:
    """The `Requires-Dist` fields of the wheel's METADATA."""
    try:
        with ZipFile(wheel) as archive:
            name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
            return BytesHeaderParser().parsebytes(archive.read(name)).get_all("Requires-Dist", [])
    except (BadZipFile, StopIteration) as error:
        raise DeployError(f"{wheel.name} is no sound wheel: run the command again, or name another version") from error
