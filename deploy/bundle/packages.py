"""Adds what [handler] packages names to a bundle: wheels, and the listing that installs them (`code/requirements.txt`).

Each wheel is pinned by its sha256 and downloaded once, into the cache. The listing has markers, so that a Python which
the wheel does not fit (of a process runtime) goes on without it. A package that the handler's own requirements.txt
names stays as it is there. May not: change the handler's folder, or install anything.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, canonicalize_version, parse_wheel_filename

from deploy.bundle import fitting
from deploy.bundle.archive import Member
from deploy.bundle.fitting import NoWheel, Python
from deploy.config import Project
from deploy.core import settings
from deploy.core.digests import digest_of_file
from deploy.core.errors import ConfigurationError, NotAvailable

LISTING = "code/requirements.txt"
FOLDER = "code/wheels"
_MARK = "# Written by `deploy bundle`: [handler] packages, installed from code/wheels when a container starts."
_NO_INDEX = "--no-index"
_NAMED = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)


@dataclass(frozen=True)
class _Pinned:
    """A line of [handler] packages; `sections` has checked its form."""

    text: str

    @property
    def name(self) -> str:
        return canonicalize_name(self.text.partition("==")[0])

    @property
    def requirement(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def version(self) -> str:
        return canonicalize_version(self.requirement.partition("==")[2])

    @property
    def sha256(self) -> str:
        return self.text.rpartition(":")[2]


@contextmanager
def added(project: Project, handler: Sequence[Member]) -> Iterator[list[Member]]:
    """The handler's members with the project's packages, while the context lasts.

    Raises ConfigurationError for a wheel that does not fit the image, NotAvailable for one that cannot be had.
    """
    own = _own_listing(handler)
    wanted = [each for each in map(_Pinned, project.handler.packages) if each.name not in _named(own)]
    if not wanted:
        yield list(handler)
        return
    python = fitting.container_python(project)
    wheels = [_wheel(project, each, python) for each in wanted]
    lines = [_line(wheel, with_hash="--hash" in own) for wheel in wheels]
    with _with_listing(handler, _listing(own, lines)) as members:
        yield _replacing(members, [Member(f"{FOLDER}/{wheel.name}", wheel) for wheel in wheels])


@contextmanager
def carried_over(recorded: Path, handler: Sequence[Member]) -> Iterator[list[Member]]:
    """The handler's members with the packages that the archive unpacked at `recorded` got from `added`."""
    listing = recorded / LISTING
    text = listing.read_text(encoding="utf-8") if listing.is_file() else ""
    if _MARK not in text:
        yield list(handler)
        return
    own, added_lines = _own_listing(handler), text.partition(_MARK)[2].splitlines()
    lines = [line for line in added_lines if _named(line) - _named(own)]
    wheels = [Member(f"{FOLDER}/{path.name}", path) for path in (recorded / FOLDER).glob("*.whl")]
    with _with_listing(handler, _listing(own, lines)) as members:
        yield _replacing(wheels, members)


def carried(paths: Sequence[str]) -> Mapping[str, str]:
    """The packages whose wheels are among the files of a bundle, with their versions."""
    found = {}
    for path in sorted(path for path in paths if path.startswith(f"{FOLDER}/")):
        with suppress(InvalidWheelFilename):  # a file of somebody's own
            name, version, _, _ = parse_wheel_filename(path.removeprefix(f"{FOLDER}/"))
            found[str(name)] = str(version)
    return found


def _own_listing(handler: Sequence[Member]) -> str:
    source = next((each.source for each in handler if each.name == LISTING), None)
    return source.read_text(encoding="utf-8") if source else ""


def _named(listing: str) -> set[str]:
    """The packages that the lines of a requirements.txt name."""
    return {canonicalize_name(name) for name in _NAMED.findall(listing)}


def _line(wheel: Path, *, with_hash: bool) -> str:
    """One requirement; pip wants a digest with each as soon as one has it."""
    name, version, _, _ = parse_wheel_filename(wheel.name)
    marker = fitting.marker(wheel.name)
    text = f"{name}=={version}" + (f" ; {marker}" if marker else "")
    return f"{text} --hash=sha256:{digest_of_file(wheel)}" if with_hash else text


def _listing(own: str, lines: Sequence[str]) -> str:
    """Without a listing of the handler's own, pip is told to ask no index: a container may have no network."""
    head = [own.rstrip("\n")] if own.strip() else []
    return "\n".join([*head, _MARK, *([] if head else [_NO_INDEX]), "--find-links wheels", *lines]) + "\n"


@contextmanager
def _with_listing(handler: Sequence[Member], text: str) -> Iterator[list[Member]]:
    with tempfile.TemporaryDirectory(prefix="rehearsal-listing-") as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(text, encoding="utf-8")
        yield _replacing(handler, [Member(LISTING, path)])


def _replacing(members: Sequence[Member], others: Sequence[Member]) -> list[Member]:
    """All of both; `others` where a name is in both."""
    return list(({each.name: each for each in members} | {each.name: each for each in others}).values())


def _wheel(project: Project, pinned: _Pinned, python: Python) -> Path:
    """The wheel in the cache, downloaded at the first call."""
    place = settings.read().cache_dir / "wheels" / pinned.sha256
    found = next(place.glob("*.whl"), None)
    if found is None:
        found = _downloaded(pinned, place, python)
    elif digest_of_file(found) != pinned.sha256:
        raise NotAvailable(f"{found} is damaged: its sha256 is not {pinned.sha256[:16]}.... Delete it and run again")
    name, version, _, _ = parse_wheel_filename(found.name)
    if (name, canonicalize_version(version)) != (pinned.name, pinned.version):
        raise ConfigurationError(
            f"{project.path}: handler.packages: the sha256 of {pinned.requirement} is that of {found.name}"
        )
    if not fitting.fits(found.name, python):
        raise ConfigurationError(
            f"{project.path}: handler.packages: {found.name} does not fit the image, which has Python "
            f"{fitting.shown(python)} on x86-64 Linux: name the sha256 of a wheel that does"
        )
    return found


def _downloaded(pinned: _Pinned, place: Path, python: Python) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".part-") as folder:
        listing, fetched = Path(folder, "listing.txt"), Path(folder, "wheels")
        listing.write_text(f"{pinned.text}\n", encoding="utf-8")
        try:
            fitting.download(["--require-hashes", "--requirement", str(listing)], fetched, python)
        except NoWheel as error:
            raise NotAvailable(
                f"no wheel of {pinned.requirement} with the sha256 {pinned.sha256[:16]}... for Python "
                f"{fitting.shown(python)} on x86-64 Linux: pip says {error}. It is downloaded once, from the index "
                f"that pip is configured for; offline, put the wheel into {place}, or leave packages out with "
                "--without-packages"
            ) from error
        wheel = next(fetched.glob("*.whl"))
        place.mkdir(exist_ok=True)
        return wheel.rename(place / wheel.name)
