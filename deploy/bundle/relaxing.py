"""Removes requirements from a wheel's metadata: the `--no-deps` that a requirements.txt cannot say.

pip resolves what a wheel requires whenever it installs it from a listing, so a bound that the image's torch does not
meet stops a container at its start. May not: decide which requirements go.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_FIELD = "Requires-Dist:"


def without(wheel: Path, names: Collection[str]) -> None:
    """Rewrite the wheel without its requirements of these packages (canonical names); the rest stays as it is."""
    relaxed = wheel.with_suffix(".relaxed")
    with ZipFile(wheel) as source, ZipFile(relaxed, "w") as target:
        metadata = next(each for each in source.namelist() if each.endswith(".dist-info/METADATA"))
        text = "".join(_kept(source.read(metadata).decode(), names)).encode()
        record = metadata.removesuffix("METADATA") + "RECORD"
        for info in source.infolist():
            data = text if info.filename == metadata else source.read(info)
            if info.filename == record:
                data = _recorded(data.decode(), metadata, text).encode()
            target.writestr(info, data, compress_type=info.compress_type)
    relaxed.replace(wheel)


def _kept(metadata: str, names: Collection[str]) -> Iterator[str]:
    """The lines of METADATA; a field may go on in lines that begin with a space, and the first empty line ends them."""
    lines, dropping = iter(metadata.splitlines(keepends=True)), False
    for line in lines:
        if not line.strip():
            yield line
            break
        dropping = _requires_one_of(line, names) if not line[0].isspace() else dropping
        if not dropping:
            yield line
    yield from lines


def _requires_one_of(line: str, names: Collection[str]) -> bool:
    if not line.startswith(_FIELD):
        return False
    return canonicalize_name(Requirement(line.removeprefix(_FIELD).strip()).name) in names


def _recorded(record: str, path: str, data: bytes) -> str:
    """RECORD with the digest and the size of the new file (PEP 427)."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    lines = (
        f"{path},sha256={digest},{len(data)}" if line.rsplit(",", 2)[0] == path else line
        for line in record.splitlines()
    )
    return "".join(f"{line}\n" for line in lines)
